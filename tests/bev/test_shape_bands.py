"""The bands of the set `shape`: what stands around a cell, seen from above, and its profile."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.bev.bands import NEAR, WIDE, surroundings
from bevseg.bev.rasterize import rasterize
from bevseg.config import RasterConfig, SliceConfig
from bevseg.core.cells import LEVELS, level_of
from bevseg.core.grid import floor_cell
from bevseg.core.pointcloud import PointCloud
from tests.bev.clouds import clouds, kept, level, shuffled
from tests.core.test_cells import grid_of

SHAPE = RasterConfig(features="shape")
CELL = 0.2
STEP = CELL / LEVELS


def shape_of(cloud, cell=CELL):
    return rasterize(cloud, level(grid_of(cloud, cell), cloud.offset[2]), SliceConfig(), SHAPE)


def wall(thickness, *, turn=0.0, points=4000, seed=0):
    """A straight wall of 8 m, 2 m high; `thickness` is the standard deviation of its points across."""
    rng = np.random.default_rng(seed)
    along, across = rng.uniform(-4, 4, points), rng.normal(0, thickness, points)
    x, y = along * np.cos(turn) - across * np.sin(turn), along * np.sin(turn) + across * np.cos(turn)
    return PointCloud.from_xyz(np.column_stack([x, y, rng.uniform(0.3, 2.3, points)]))


def median(raster, band):
    return float(np.nanmedian(raster[band]))


@given(clouds(), st.sampled_from(["low", "high"]))
def test_thickness_and_linearity_are_those_of_the_covariance_of_the_points_around(cloud, name):
    cell = 0.5
    made = shape_of(cloud, cell)
    grid = made[name].grid
    xyz, _ = kept(cloud)
    above = xyz[:, 2] - cloud.offset[2]
    within = ((above >= 0.2) & (above < 3)) if name == "low" else above >= 3
    xyz, cells = xyz[within], grid.cell_of(xyz[within, 0], xyz[within, 1])
    rows, cols = np.divmod(cells, grid.cols)
    for band, reach in (("thickness", NEAR), ("wide_thickness", WIDE)):
        for k in np.unique(cells)[:20]:
            row, col = divmod(int(k), grid.cols)
            near = (abs(rows - row) <= reach) & (abs(cols - col) <= reach)
            axes = np.linalg.eigvalsh(np.cov(xyz[near, :2].T, ddof=0)) if near.sum() > 2 else np.zeros(2)
            found = made[name][band].ravel()[k]
            assert found == pytest.approx(np.sqrt(max(axes[0], 0)), abs=cell / LEVELS)


@given(clouds(), st.integers(0, 9))
def test_shuffling_the_points_changes_no_bit_of_the_shape(cloud, seed):
    one, other = shape_of(cloud), shape_of(shuffled(cloud, seed)[0])
    for name, raster in one.items():
        for band in ("thickness", "linearity", "wide_thickness"):
            np.testing.assert_array_equal(raster[band], other[name][band])


@given(st.floats(-1e7, 1e7), st.sampled_from([0.1, 0.2, 0.25, 0.07]))
def test_the_part_of_a_cell_is_counted_from_the_edge_that_tells_the_cell(value, cell):
    part = level_of(value, cell)
    assert 0 <= part < LEVELS
    assert floor_cell(value, cell / LEVELS) == LEVELS * floor_cell(value, cell) + part


@pytest.mark.parametrize("turn", [0.0, 0.3, np.pi / 4, 1.2])
def test_a_wall_is_as_thin_as_it_is_in_every_direction(turn):
    raster = shape_of(wall(0.03, turn=turn))["low"]
    assert median(raster, "thickness") == pytest.approx(0.03, abs=STEP)
    assert median(raster, "wide_thickness") == pytest.approx(0.03, abs=STEP)
    assert median(raster, "linearity") > 0.9


def test_a_hedge_is_thicker_than_a_wall_of_as_many_points():
    hedge, thin = shape_of(wall(0.2))["low"], shape_of(wall(0.03))["low"]
    assert median(hedge, "thickness") > 3 * median(thin, "thickness")
    assert median(hedge, "linearity") < median(thin, "linearity")


def test_thickness_hardly_depends_on_the_density():
    dense, sparse = (shape_of(wall(0.05, points=points))["low"] for points in (20_000, 2_000))
    assert median(sparse, "thickness") == pytest.approx(median(dense, "thickness"), rel=0.15)


def test_a_cloud_turned_by_a_right_angle_has_the_same_shape():
    cloud = wall(0.05, turn=0.4, points=2000)
    xyz = (5 * np.rint(200 * cloud.xyz) + 2) / 1000  # on no edge of a part: these are 6.25 mm apart
    turned = np.column_stack([-xyz[:, 1], xyz[:, 0], xyz[:, 2]])
    one, other = (shape_of(PointCloud.from_xyz(each))["low"] for each in (xyz, turned))
    assert one.grid.shape == other.grid.shape[::-1]
    for band in ("thickness", "linearity", "wide_thickness", "fill_2"):
        np.testing.assert_allclose(np.rot90(one[band]), other[band], atol=1e-6)


def test_the_profile_says_at_which_heights_the_column_holds_points():
    heights = [
        0.3,
        0.6,
        2.9,
    ]  # of quarters 0.75 m high from 0.2 m on: two of three bins of the first, the last bin
    cloud = PointCloud.from_xyz(np.array([[0.1, 0.1, z] for z in heights]))
    raster = shape_of(cloud)["low"]
    found = [raster[f"fill_{quarter}"].item() for quarter in (1, 2, 3, 4)]
    assert found == pytest.approx([2 / 3, 0, 0, 1 / 3])


def test_two_points_have_no_thickness():
    cloud = PointCloud.from_xyz(np.array([[0.05, 0.05, 1.0], [0.3, 0.15, 1.0]]))
    assert (np.nan_to_num(shape_of(cloud)["low"]["thickness"]) == 0).all()


def test_a_crown_knows_how_thick_its_trunk_is():
    trunk = wall(0.02, points=2000)
    crown = dataclasses.replace(wall(0.2, points=2000), z=trunk.z + round(4 / trunk.scale[2]))
    both = PointCloud.from_xyz(np.concatenate([trunk.xyz, crown.xyz]))
    made = shape_of(both)
    inside = ~np.isnan(made["low"]["thickness"]) & ~np.isnan(made["high"]["thickness"])
    np.testing.assert_array_equal(made["high"]["low_thickness"][inside], made["low"]["thickness"][inside])


def test_what_lies_beyond_the_surroundings_changes_nothing():
    near = np.array([[0.1, 0.1, 1.0], [0.15, 0.1, 1.0], [0.1, 0.15, 1.2]])
    far = np.array([[0.1 + CELL * (surroundings("shape") + 1), 0.1, 1.0]] * 5)
    alone, beside = (
        shape_of(PointCloud.from_xyz(np.concatenate(parts)))["low"] for parts in ([near], [near, far])
    )
    np.testing.assert_array_equal(alone.values[:, 0, 0], beside.values[:, 0, 0])
