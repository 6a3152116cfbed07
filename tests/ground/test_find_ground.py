"""The laws of the ground: what every cloud must keep, and small scenes of which the ground is known."""

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from bevseg.config import GroundConfig
from bevseg.core.blocks import Blocks, PointsByBlock
from bevseg.core.cells import lowest
from bevseg.core.grid import Grid
from bevseg.core.heights import height_above_ground
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import EXTRAPOLATED, INTERPOLATED, MEASURED
from bevseg.errors import InputError
from bevseg.ground.dem import KNOWN
from bevseg.ground.find_ground import find_ground
from bevseg.ground.smrf import BROAD
from bevseg.io.read import read_cloud
from tests import scenes
from tests.bev.clouds import clouds, kept, shuffled

CONFIG = GroundConfig()
SMRF, FLAT_ZONES = GroundConfig(method="smrf"), GroundConfig(method="flat-zones")
BOTH = pytest.mark.parametrize("config", [SMRF, FLAT_ZONES], ids=lambda config: config.method)


def raised(cloud, height):
    x, y, z = cloud.offset
    return dataclasses.replace(cloud, offset=(x, y, z + height))


def moved(cloud, east, north):
    x, y, z = cloud.offset
    return dataclasses.replace(cloud, offset=(x + east, y + north, z))


def over(height, width, depth, density, noise=0.01, seed=0):
    """Random points, so many per m2, on a surface height(x, y) over a rectangle; (N, 3)."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, (width, depth), (round(width * depth * density), 2)).T
    return np.column_stack([x, y, height(x, y) + rng.normal(0, noise, x.size)])


def inside(xyz, west, south, east, north):
    """Return which points lie in a rectangle, (N,)."""
    return (xyz[:, 0] > west) & (xyz[:, 0] < east) & (xyz[:, 1] > south) & (xyz[:, 1] < north)


def from_above(height, *roofs, width=100.0, depth=100.0, density=1.5):
    """An even scan from above: terrain, and boxes (west, south, east, north, height of the roof) that hide it.

    Returns the cloud and the points on each roof, (roofs, N).
    """
    xyz = over(height, width, depth, density)
    on = np.array([inside(xyz, *roof[:4]) for roof in roofs], bool).reshape(len(roofs), len(xyz))
    for roof, its in zip(roofs, on, strict=True):
        xyz[its, 2] += roof[4]
    return PointCloud.from_xyz(xyz, name="from_above"), on


def hills(x, y):
    return 3 * np.sin(x / 25) + 2 * np.cos(y / 18) + 0.03 * x


def crowded_street(
    height=lambda x, y: 0 * x, *things, length=40.0, width=16.0, fine=300, wide=30, noise=0.004
):
    """A scan from the middle of a street: points crowd where the scanner drove. Things are (N, 3) more points.

    Returns the cloud and the number of points of the street; they come first.
    """
    near = over(lambda x, y: 0 * x, length, 4.0, fine, noise)
    near[:, 1] += width / 2 - 2
    far = over(lambda x, y: 0 * x, length, width, wide, noise, seed=1)
    floor = np.concatenate([near, far])
    floor[:, 2] += height(floor[:, 0], floor[:, 1])
    return PointCloud.from_xyz(np.concatenate([floor, *things]), name="crowded_street"), len(floor)


def front(y, length=40.0, bottom=0.0, top=8.0, step=0.1):
    """A house front along the street: no roof, and nothing behind it."""
    along, up = (a.ravel() for a in np.meshgrid(np.arange(0, length, step), np.arange(bottom, top, step)))
    return np.column_stack([along, np.full(along.size, y), up])


CAR = scenes.box(10.05, 9.05, 14.05, 10.85, 0.25, 1.5)
"""A car parked beside the lane, seen from all sides, m."""


def furnished_street():
    return crowded_street(lambda x, y: 0.03 * x, front(15.9), CAR + np.array([0, 0, 0.36]))[0]


# Laws of every cloud


@pytest.mark.slow
@given(clouds(), st.integers(0, 9), st.sampled_from([CONFIG, SMRF, FLAT_ZONES]))
def test_shuffling_the_points_changes_nothing(cloud, seed, config):
    other, order = shuffled(cloud, seed)
    found, again = find_ground(cloud, 0.2, config), find_ground(other, 0.2, config)
    np.testing.assert_array_equal(again.dem.values, found.dem.values)
    np.testing.assert_array_equal(again.is_ground, found.is_ground[order])
    assert (again.method, again.why) == (found.method, found.why)


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("build", [scenes.street, furnished_street], ids=["street", "crowded"])
def test_shuffling_a_street_changes_nothing(build, config):
    cloud = build()
    other, order = shuffled(cloud, 3)
    found, again = find_ground(cloud, 0.2, config), find_ground(other, 0.2, config)
    np.testing.assert_array_equal(again.dem.values, found.dem.values)
    np.testing.assert_array_equal(again.is_ground, found.is_ground[order])


@pytest.mark.slow
@BOTH
@settings(max_examples=10)
@given(height=st.floats(-1000, 1000), seed=st.integers(0, 3))
def test_raising_the_cloud_raises_the_dem_and_keeps_the_labels(config, height, seed):
    cloud = PointCloud.from_xyz(scenes.street(slope=0.05, seed=seed).xyz)
    low, high = (find_ground(c, 0.2, config) for c in (cloud, raised(cloud, height)))
    np.testing.assert_allclose(high.dem["height"], low.dem["height"] + height, atol=1e-3)
    for band in ("source", "distance"):
        np.testing.assert_array_equal(high.dem[band], low.dem[band])
    np.testing.assert_array_equal(high.is_ground, low.is_ground)


SHIFTS = [(0.1, 0.0), (0.05, 0.17), (0.125, 0.06), (0.5, 0.5), (0.33, 0.71)]
"""Parts of the cells of the search (0.25 and 1 m) and of the DEM, m."""


def stay(cloud, config=CONFIG):
    """Return the least share of labels that are the same on a grid that lies otherwise."""
    found = find_ground(cloud, 0.2, config).is_ground
    return min(np.mean(found == find_ground(moved(cloud, *by), 0.2, config).is_ground) for by in SHIFTS)


def test_labels_of_a_street_hardly_depend_on_where_the_cells_lie():
    assert find_ground(furnished_street(), 0.2, CONFIG).method == "flat-zones"
    assert stay(furnished_street()) >= 0.995


@pytest.mark.slow
def test_labels_of_a_scan_from_above_hardly_depend_on_where_the_cells_lie():
    cloud, _ = from_above(hills, (30, 30, 42, 50, 7), (60, 20, 75, 30, 9), (50, 70, 54, 72, 2))
    assert find_ground(cloud, 0.2, CONFIG).method == "smrf"
    assert stay(cloud) >= 0.995


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["oakland3d/oakland_part2_ad.xyz_label_conf.gz", "isprs_filtertest/samp21.txt.gz"]
)
def test_labels_of_real_scans_hardly_depend_on_where_the_cells_lie(shared_data, path):
    assert stay(read_cloud(shared_data / path)) >= 0.995


@pytest.mark.parametrize("offset", [(1e7, 1e7), (-1e7, 5_400_000.0)])
def test_far_from_the_origin_nothing_changes(offset):
    # Off the borders of cells, where a rounding decides.
    cloud = PointCloud.from_xyz(scenes.street(slope=0.05).xyz + np.array([0.013, 0.017, 0]))
    far = moved(cloud, *offset)
    found, same = find_ground(far, 0.2, CONFIG), find_ground(cloud, 0.2, CONFIG)
    np.testing.assert_allclose(found.dem["height"], same.dem["height"], atol=1e-5)
    np.testing.assert_array_equal(found.is_ground, same.is_ground)


TWO_POINTS = PointCloud.from_xyz(np.array([[-7.59, -4.007, -8.605], [31.43, -2.823, 7.54]]))
"""The ground between them, once it is filled, hides the lower one."""


@given(clouds(), st.sampled_from([SMRF, FLAT_ZONES]))
@example(TWO_POINTS, FLAT_ZONES)
def test_the_dem_knows_a_height_around_its_points_and_says_where_it_was_measured(cloud, config):
    found = find_ground(cloud, 0.2, config)
    xyz, _ = kept(cloud)
    if len(xyz) == 0:
        return
    known = ~np.isnan(found.dem["height"])
    assert (known == ~np.isnan(found.dem.values)).all()
    seen = np.zeros(known.shape, bool)
    seen.ravel()[found.dem.grid.cell_of(*xyz[:, :2].T)] = True
    assert known[seen].all()
    mask = found.is_ground if cloud.finite is None else found.is_ground[cloud.finite]
    cells = found.dem.grid.cell_of(*xyz[mask, :2].T)
    hit = np.zeros(found.dem.grid.shape, bool)
    hit.ravel()[cells] = True
    np.testing.assert_array_equal(found.dem["source"] == MEASURED, hit)
    assert ((found.dem["distance"] == 0) == hit).all()
    if len(PointsByBlock.of_cloud(cloud, Blocks.of(0.2))) == 1:  # else each block measures among what it sees
        assert known.all()
        expected = np.inf if not hit.any() else ndimage.distance_transform_edt(~hit) * 0.2
        np.testing.assert_allclose(found.dem["distance"], np.broadcast_to(expected, hit.shape), rtol=1e-5)
    assert (found.dem["source"][found.dem["distance"] > KNOWN] == EXTRAPOLATED).all()
    assert found.dem.grid == Grid.covering(0.2, *(tuple(f(a) for f in (min, max)) for a in xyz[:, :2].T))


def test_the_grid_is_anchored_in_the_world():
    one, other = (find_ground(scenes.plane_at(west), 0.2, CONFIG).dem for west in (0.0, 5.0))
    assert one.grid == Grid(0.2, 0, 99, 100, 100)
    assert other.grid == Grid(0.2, 25, 99, 100, 100)


# Planes and noise


@BOTH
@pytest.mark.parametrize("cell", [0.1, 0.2, 0.5])
def test_a_level_plane_stays(config, cell):
    found = find_ground(PointCloud.from_xyz(scenes.plane(height=100.0)), cell, config)
    np.testing.assert_allclose(found.dem["height"], 100, atol=0.001)
    assert found.is_ground.all()
    assert (found.dem["source"] == MEASURED).all() and (found.dem["distance"] == 0).all()


@BOTH
@pytest.mark.parametrize("slope", [0.02, 0.08, 0.2])
@pytest.mark.parametrize("cell", [0.1, 0.2, 0.5])
def test_a_tilted_plane_stays_to_the_millimetre(config, slope, cell):
    found = find_ground(PointCloud.from_xyz(scenes.plane(slope=slope)), cell, config)
    x, _ = found.dem.grid.centres()
    assert found.is_ground.all()
    errors = np.abs(found.dem["height"] - slope * x)
    inner = (x > x[0] + 1) & (x < x[-1] - 1)
    assert errors[:, inner].max() <= 0.001
    assert errors.max() <= 0.001 + 0.05 * slope, (
        "at the border the surface of the search is level over half a cell"
    )


@BOTH
@pytest.mark.parametrize("slope", [0.0, 0.05])
def test_the_dem_goes_through_the_mean_of_noisy_returns_not_through_the_lowest(config, slope):
    noise = 0.02
    cloud = PointCloud.from_xyz(over(lambda x, y: slope * x, 30, 30, 100, noise))
    found = find_ground(cloud, 0.2, config)
    low, _ = lowest(cloud, Grid(0.5, 0, 59, 60, 60))
    x = Grid(0.5, 0, 59, 60, 60).centres()[0]
    assert np.mean(low - slope * x) < -1.9 * noise
    x, _ = found.dem.grid.centres()
    errors = (found.dem["height"] - slope * x)[found.dem["source"] == MEASURED]
    assert abs(errors.mean()) < 0.001
    assert found.is_ground.mean() > 0.999


# What is said of the DEM


def street_with_a_hole(radius):
    xyz = over(lambda x, y: 0.02 * x, 60, 60, 8, seed=4)
    return PointCloud.from_xyz(xyz[np.hypot(xyz[:, 0] - 30, xyz[:, 1] - 30) > radius])


@BOTH
def test_a_narrow_gap_is_interpolated_and_the_middle_of_a_wide_one_extrapolated(config):
    for radius, expected in ((KNOWN - 1, INTERPOLATED), (KNOWN + 2, EXTRAPOLATED)):
        dem = find_ground(street_with_a_hole(radius), 0.5, config).dem
        x, y = np.meshgrid(*dem.grid.centres())
        middle = np.hypot(x - 30, y - 30) < 2
        assert (dem["source"][middle] == expected).all()
        amid = (np.hypot(x - 30, y - 30) > radius + 1) & (dem["distance"] > 0)
        assert (dem["source"][amid] == INTERPOLATED).all()
        np.testing.assert_allclose(dem["height"], 0.02 * x, atol=0.1)


@BOTH
def test_outside_of_what_was_seen_all_is_extrapolated(config):
    lane = over(lambda x, y: 0 * x, 60, 10, 8)
    corner = np.array([[59.9, 59.9, 0.0]])
    dem = find_ground(PointCloud.from_xyz(np.concatenate([lane, corner])), 0.5, config).dem
    x, y = np.meshgrid(*dem.grid.centres())
    beside = (y > 10.5) & (np.hypot(x - 60, y - 60) > 2 * KNOWN + 3) & (x < 45)
    assert (dem["source"][beside] == EXTRAPOLATED).all()


@BOTH
def test_unmeasured_ground_is_nowhere_steeper_than_1(config):
    def cliff(x, y):
        return np.where(x < 30, 0.0, 9.0)

    xyz = over(cliff, 60, 60, 8)
    xyz = xyz[(abs(xyz[:, 0] - 30) > 2) | (xyz[:, 1] < 10)]  # here less wide than the cliff is high
    dem = find_ground(PointCloud.from_xyz(xyz), 0.5, config).dem
    height, guessed = dem["height"], dem["source"] != MEASURED
    for axis in (0, 1):
        both = np.delete(guessed, 0, axis) & np.delete(guessed, -1, axis)
        assert np.abs(np.diff(height, axis=axis))[both].max(initial=0) <= 0.5 * 1.001
    both = guessed[1:, 1:] & guessed[:-1, :-1]
    assert np.abs(height[1:, 1:] - height[:-1, :-1])[both].max() <= 0.5 * np.sqrt(2) * 1.001


# Scans from above


def test_a_box_narrower_than_the_window_leaves_no_trace():
    found = find_ground(scenes.house_on_lawn(), 0.2, SMRF)
    np.testing.assert_allclose(found.dem["height"], 100.0, atol=0.001)
    middle = found.dem["distance"][found.dem.grid.rows // 2, found.dem.grid.cols // 2]
    assert middle == pytest.approx(5.0, abs=0.3)
    np.testing.assert_array_equal(found.is_ground, scenes.house_on_lawn().xyz[:, 2] < 100.15)


def share_of_ground(found, of):
    return found.is_ground[of].mean()


@pytest.mark.parametrize("crest", [3.0, 15.0])
def test_a_dike_stays_and_a_house_of_its_size_goes(crest):
    def dike(x, y):
        return np.clip(4 - np.maximum(np.abs(y - 70) - crest / 2, 0) / 2, 0, 4)

    cloud, (house,) = from_above(dike, (20, 15, 80, 15 + crest + 8, 4))
    found = find_ground(cloud, 0.5, SMRF)
    crown = np.abs(cloud.xyz[:, 1] - 70) < crest / 2
    assert share_of_ground(found, crown) > 0.98
    assert share_of_ground(found, ~house) > 0.98
    assert share_of_ground(found, house) < 0.01


def test_the_edge_of_a_terrace_stays():
    cloud, _ = from_above(lambda x, y: np.where(x + 0.2 * y < 60, 0.0, 5.0))
    found = find_ground(cloud, 0.5, SMRF)
    assert found.is_ground.mean() > 0.97


def test_a_hall_wider_than_the_window_goes():
    assert 2 * BROAD > 60
    cloud, (hall,) = from_above(lambda x, y: 0.01 * x, (40, 40, 120, 100, 9), width=160, depth=140, density=1)
    found = find_ground(cloud, 0.5, SMRF)
    assert share_of_ground(found, hall) < 0.01
    assert share_of_ground(found, ~hall) > 0.99
    x, _ = np.meshgrid(*found.dem.grid.centres())
    assert np.abs(found.dem["height"] - 0.01 * x).max() < 0.3


@pytest.mark.parametrize("south", [-1.0, 88.0])
def test_a_house_cut_by_the_border_goes(south):
    cloud, (house,) = from_above(lambda x, y: 0.01 * x, (40, south, 52, south + 13, 6))
    found = find_ground(cloud, 0.5, SMRF)
    assert share_of_ground(found, house) < 0.01
    assert share_of_ground(found, ~house) > 0.99


def test_a_house_beside_a_wide_gap_goes():
    cloud, (house,) = from_above(lambda x, y: 0.01 * x, (20, 40, 32, 60, 6))
    water = inside(cloud.xyz, 32, 10, 75, 90)
    cloud = PointCloud.from_xyz(cloud.xyz[~water])
    house = house[~water]
    found = find_ground(cloud, 0.5, SMRF)
    assert share_of_ground(found, house) < 0.01
    assert share_of_ground(found, ~house) > 0.99


# Streets


def test_kerbs_stay():
    cloud, _ = crowded_street(lambda x, y: np.where(np.abs(y - 8) < 4, 0.0, 0.15))
    found = find_ground(cloud, 0.2, FLAT_ZONES)
    assert found.is_ground.mean() > 0.995
    dem = found.dem
    _, y = np.meshgrid(*dem.grid.centres())
    off_kerb = (np.abs(np.abs(y - 8) - 4) > 0.3) & (dem["source"] == MEASURED)
    expected = np.where(np.abs(y - 8) < 4, 0.0, 0.15)
    assert np.abs(dem["height"] - expected)[off_kerb].max() < 0.03


def test_both_levels_of_a_split_street_stay():
    def split(x, y):
        return np.where(y < 8, 0.0, np.clip((x - 5) * 0.08, 0, 1.2))

    cloud, _ = crowded_street(split)
    found = find_ground(cloud, 0.2, FLAT_ZONES)
    off_edge = np.abs(cloud.xyz[:, 1] - 8) > 1
    assert found.is_ground[off_edge].mean() > 0.99


def test_the_foot_of_a_wall_and_a_parked_car_are_no_ground():
    cloud, floor = crowded_street(lambda x, y: 0 * x, front(15.9), CAR)
    found = find_ground(cloud, 0.2, FLAT_ZONES)
    z, of_street = cloud.xyz[:, 2], np.arange(len(cloud)) < floor
    assert share_of_ground(found, of_street) > 0.99
    assert not found.is_ground[~of_street & (z > 0.08)].any()
    assert np.abs(found.dem["height"]).max() < 0.03, "neither under the car nor along the wall does it rise"


def test_a_car_seen_from_one_side_only_leaves_no_trace():
    half = CAR[CAR[:, 1] < 9.6]
    hidden = (10, 9, 14.1, 15.95)
    cloud, floor = crowded_street(lambda x, y: 0 * x, half)
    keep = ~inside(cloud.xyz, *hidden) | (np.arange(len(cloud)) >= floor)
    cloud = PointCloud.from_xyz(cloud.xyz[keep])
    found = find_ground(cloud, 0.2, FLAT_ZONES)
    assert not found.is_ground[-len(half) :].any()
    assert np.abs(found.dem["height"]).max() < 0.03


def test_returns_from_below_the_street_take_no_part():
    x, y, z = np.random.default_rng(2).uniform((1, 1, -8), (39, 15, -0.3), (30, 3)).T
    cloud, floor = crowded_street(lambda x, y: 0 * x, np.column_stack([x, y, z]))
    found = find_ground(cloud, 0.2, FLAT_ZONES)
    assert not found.is_ground[floor:].any()
    assert found.is_ground[:floor].mean() > 0.99
    assert np.abs(found.dem["height"]).max() < 0.03


@pytest.mark.parametrize(("outliers", "depth"), [(40, 5.5), (40, 20.0), (4, 3.0)])
def test_returns_from_below_a_scan_from_above_take_no_part(outliers, depth):
    """Many deep ones, or a few that are less deep."""
    cloud, _ = from_above(hills, (30, 30, 42, 50, 7))
    x, y = (
        np.random.default_rng(2).uniform(5, 95, (2, outliers))
        if outliers > 4
        else ([20, 80, 20, 80], [20, 20, 80, 80])
    )
    below = np.column_stack([x, y, hills(np.array(x), np.array(y)) - depth])
    plain = find_ground(cloud, 0.5, SMRF)
    found = find_ground(PointCloud.from_xyz(np.concatenate([cloud.xyz, below])), 0.5, SMRF)
    assert not found.is_ground[len(cloud) :].any()
    assert np.mean(found.is_ground[: len(cloud)] == plain.is_ground) > 0.99
    assert np.abs(found.dem["height"] - plain.dem["height"]).max() < 1


def test_a_low_outlier_just_below_the_street_pulls_no_hole_into_the_dem():
    stray = np.array([[20.0, 3.0, -0.6], [12.0, 13.0, -0.4]])
    cloud, floor = crowded_street(lambda x, y: 0 * x, stray)
    found = find_ground(cloud, 0.2, FLAT_ZONES)
    assert not found.is_ground[floor:].any()
    assert np.abs(found.dem["height"]).max() < 0.04


# The choice


def numbers(text):
    return [float(number) for number in re.findall(r"\d+\.?\d*", text)]


def test_a_crowded_scan_from_the_street_takes_flat_zones_and_says_why():
    cloud = furnished_street()
    found = find_ground(cloud, 0.2, CONFIG)
    assert found.method == "flat-zones"
    density = len(cloud) / (40 * 16)
    assert any(abs(number - density) < 0.05 * density for number in numbers(found.why)), found.why
    np.testing.assert_array_equal(found.is_ground, find_ground(cloud, 0.2, FLAT_ZONES).is_ground)


@pytest.mark.parametrize("density", [1.5, 20.0])
def test_an_even_scan_from_above_takes_smrf_and_says_why(density):
    cloud, _ = from_above(hills, width=60, depth=60, density=density)
    found = find_ground(cloud, 0.2, CONFIG)
    assert found.method == "smrf"
    share_seen = len(np.unique(np.floor(cloud.xyz[:, :2]), axis=0)) / 3600
    assert any(abs(number - density / share_seen) < 0.05 * density for number in numbers(found.why)), (
        found.why
    )
    np.testing.assert_array_equal(found.is_ground, find_ground(cloud, 0.2, SMRF).is_ground)


@BOTH
def test_what_is_asked_for_is_taken(config):
    assert find_ground(scenes.street(), 0.2, config).method == config.method


# Odd clouds

ODD = {
    "one point": [[3, 4, 5]],
    "the same twice": [[3, 4, 5], [3, 4, 5]],
    "a column": [[3, 4, 5], [3.01, 4.01, 9]],
    "a high column": [[3, 4, z] for z in range(5, 40)],
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("config", [CONFIG, SMRF, FLAT_ZONES], ids=lambda config: config.method)
def test_points_in_one_cell_stand_on_the_lowest(name, config):
    found = find_ground(PointCloud.from_xyz(np.array(ODD[name], float)), 0.2, config)
    assert found.dem.grid.shape == (1, 1)
    assert found.dem["height"] == pytest.approx(5.0)
    assert found.dem["source"] == MEASURED and found.dem["distance"] == 0
    np.testing.assert_array_equal(found.is_ground, np.array(ODD[name])[:, 2] == 5)


@BOTH
def test_a_wall_alone_stands_on_its_lowest_points(config):
    dem = find_ground(scenes.wall(), 0.2, config).dem
    np.testing.assert_allclose(dem["height"], 2.0, atol=0.06)


@BOTH
def test_points_that_are_not_finite_take_no_part(config):
    xyz = scenes.plane()
    odd = np.array([[np.nan, 0, 0], [np.inf, 5, 5], [5, 5, -np.inf], [1e9, np.nan, 0]])
    with_odd = PointCloud.from_xyz(np.concatenate([odd, xyz]))
    found, plain = find_ground(with_odd, 0.2, config), find_ground(PointCloud.from_xyz(xyz), 0.2, config)
    np.testing.assert_array_equal(found.dem.values, plain.dem.values)
    np.testing.assert_array_equal(found.is_ground, np.concatenate([np.zeros(4, bool), plain.is_ground]))
    heights = height_above_ground(with_odd, found.dem)
    assert np.isnan(heights[:4]).all()
    assert not np.isnan(heights[4:]).any()


@pytest.mark.parametrize("config", [CONFIG, SMRF, FLAT_ZONES], ids=lambda config: config.method)
def test_no_finite_point_gives_unknown_ground(config):
    cloud = PointCloud.from_xyz(np.full((3, 3), np.nan))
    found = find_ground(cloud, 0.2, config)
    assert np.isnan(found.dem.values).all()
    assert not found.is_ground.any()
    assert np.isnan(height_above_ground(cloud, found.dem)).all()


def test_few_points_over_a_wide_extent_are_refused_before_its_cells_are_filled():
    corners = PointCloud.from_xyz(np.array([[0.0, 0, 0], [3000, 2000, 1], [10, 5, 0]]), name="thin")
    with pytest.raises(InputError, match="too far apart") as caught:
        find_ground(corners, 0.2, CONFIG)
    assert "3 points over 3,000 x 2,000 m" in str(caught.value)
