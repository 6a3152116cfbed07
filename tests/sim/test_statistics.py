"""Label-free numbers of clouds: known values on grids made by hand, and laws."""

import dataclasses

import numpy as np
import pytest

from bevseg.core.labels import CAR, GROUND
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import InputError, LabelError
from bevseg.sim import statistics as s


def lattice(x, y):
    """All pairs of two coordinates, (N, 2)."""
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def on_plane(xy, east=0.0, north=0.0):
    return np.column_stack([xy, 5 + xy @ (east, north)])


@pytest.fixture(scope="module")
def lines():
    """Lines 0.25 m apart along x with points every 0.05 m, 20 x 10 m, on a slope of 5 %, and a post 4 m high."""
    xy = lattice(np.arange(0.01, 20, 0.05), np.arange(0.11, 10, 0.25))
    post = np.column_stack([np.full((200, 2), (5.05, 5.05)), 5.3 + np.linspace(0, 4, 200)])
    xyz = np.concatenate([on_plane(xy, 0.03, 0.04), post])
    return PointCloud.from_xyz(xyz, np.r_[np.full(len(xy), GROUND), np.full(200, CAR)].astype(np.uint8))


@pytest.fixture(scope="module")
def table(lines):
    return s.statistics(lines)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("length, m", 19.6),
        ("width, m", 9.75),
        ("area with points, m2", 200),
        ("cells with points, % of the bounding box", 82),
        ("cells with one point, % of those", 0),
        ("density, mean, points/m2", 81),
        ("density, 50 % below, points/m2", 80),
        ("next point, 50 % below, m", 0.05),
        ("ground on lines, % of the area", 100),
        ("next line, 25 % below, m", 0.25),
        ("next line, 75 % below, m", 0.25),
        ("highest less lowest of a cell, 95 % below, m", 4),
        ("ground points about planes of 1 m, 50 % below, cm", 0),
        ("DEM about planes of 4 m, 50 % below, cm", 0),
        ("grade, 50 % below, %", 5),
    ],
)
def test_lines_on_a_slope_have_known_numbers(table, name, expected):
    assert table[name] == pytest.approx(expected, rel=0.03, abs=0.06)


def test_shares_of_heights_add_up(table):
    shares = {name: value for name, value in table.items() if name.startswith("points ")}
    assert len(shares) == len(s.HEIGHTS) + 1
    assert sum(shares.values()) == pytest.approx(100)
    assert shares["points at 1 to 3 m, %"] == pytest.approx(100 * 100 / 16_200, rel=0.05)


def test_the_order_of_the_points_plays_no_part(lines, table):
    order = np.random.default_rng(3).permutation(len(lines))
    shuffled = dataclasses.replace(
        lines, **{name: getattr(lines, name)[order] for name in ("x", "y", "z", "labels")}
    )
    assert s.statistics(shuffled) == table
    assert s.class_statistics(shuffled) == s.class_statistics(lines)


def test_whole_metres_aside_and_up_change_nothing(lines, table):
    moved = dataclasses.replace(lines, offset=(87_000.0, 439_000.0, 40.0))
    assert s.statistics(moved) == pytest.approx(table, rel=1e-3, abs=0.01, nan_ok=True)


def test_the_path_is_where_the_ground_is_dense():
    count = np.zeros((40, 80), np.int64)
    count[:] = 100 // (1 + np.arange(40)[:, None])  # falls off from the first row on
    assert s.path_of(count)[:2].all()
    assert not s.path_of(count)[6:].any()


def test_a_stop_does_not_hide_the_path_before_it():
    count = np.zeros((40, 120), np.int64)
    count[0], count[1:, :] = 40, 2
    count[0, 110:] = 400
    assert s.path_of(count)[0, :90].all()


def test_a_dense_spot_is_no_path():
    count = np.ones((60, 60), np.int64)
    count[0], count[40:43, 40:43] = 100, 60
    assert not s.path_of(count)[30:].any()


def test_one_point_tells_what_one_point_can(table):
    one = s.statistics(PointCloud.from_xyz(np.array([[3.0, 4.0, 5.0]])))
    assert one.keys() == table.keys()
    assert one["cells with one point, % of those"] == 100
    assert one["density, mean, points/m2"] == 4
    assert np.isnan(one["next point, 50 % below, m"])


def test_points_that_are_not_finite_are_left_out(lines, table):
    xyz = np.concatenate([[[np.nan, 0, 0]], lines.xyz])
    assert s.statistics(PointCloud.from_xyz(xyz)) == pytest.approx(table, nan_ok=True)


@pytest.mark.parametrize("xyz", [np.empty((0, 3)), np.full((2, 3), np.nan)])
def test_a_cloud_without_points_is_refused(xyz):
    with pytest.raises(InputError, match="Nothing to count"):
        s.statistics(PointCloud.from_xyz(xyz))


def test_classes_have_shares_and_heights(lines):
    of = s.class_statistics(lines)
    assert of["car, %"] == pytest.approx(100 * 200 / 16_200)
    assert of["car at 1 to 3 m, %"] == pytest.approx(50, abs=2)
    assert of["ground below 0.2 m, %"] == 100
    assert np.isnan(of["pole above 6 m, %"])


def test_classes_need_labels(lines):
    with pytest.raises(LabelError):
        s.class_statistics(dataclasses.replace(lines, labels=None))


def test_means_leave_out_what_is_not_known():
    found = s.means([{"a": 1.0, "b": np.nan}, {"a": 3.0, "b": np.nan}, {"a": np.nan, "b": np.nan}])
    assert found["a"] == (2, 1)
    assert np.isnan(found["b"]).all()
