"""What a window says of its points is what a copy of all of them says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bevseg.core.blocks import Block, Blocks, PointsByBlock
from bevseg.core.cells import Extent, lowest
from bevseg.core.grid import Grid
from bevseg.core.pointcloud import PointCloud
from bevseg.ground.find_ground import BESIDE, NEAR, SQUARE, WIDE, square_of
from bevseg.ground.search_grids import COARSE, FINE, finer_grid
from bevseg.ground.window import Neighbourhood, Window

CELLS = st.sampled_from([0.05, 0.15, 0.2, 0.3, 0.37])
WINDOWS = pytest.mark.parametrize(("reach", "count"), [(BESIDE, 1), (NEAR, SQUARE), (WIDE, SQUARE)])


@st.composite
def surveys(draw):
    """Points of some clouds over a few hundred metres; many lie close to where a window ends."""
    layout, points = Blocks.of(draw(CELLS)), None
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    points = PointsByBlock(layout)
    corner = np.rint(rng.integers(-9, 9, 2) * layout.side * draw(st.sampled_from([0, 1, 1000])))
    for number in range(draw(st.integers(1, 3))):
        size = draw(st.integers(1, 20))
        ends = layout.side * rng.integers(-2, 3, (size, 2)) + rng.choice(
            [-WIDE, -NEAR, -BESIDE, 0, BESIDE, NEAR, WIDE], (size, 2)
        )
        spread = rng.choice([0.0, 1e-5, 0.3, 1.0, 90.0], (size, 2))
        xy = corner + ends + spread * rng.uniform(-1, 1, (size, 2))
        xyz = np.column_stack([xy, rng.integers(-50, 50, size)])
        points.add(PointCloud.from_xyz(xyz, scale=1e-5), number)
    return points


def windows(points, reach, count):
    """Yield each window, and a copy of its points."""
    around = Neighbourhood(points)
    for block in points if count == 1 else {square_of(block) for block in points}:
        yield Window(around, block, reach, count), points.around(block, reach, count)


def in_steps(cloud):
    kept = slice(None) if cloud.used is None else cloud.used
    return sorted(map(tuple, np.rint(cloud.xyz[kept] * 1e5).astype(np.int64).tolist()))


@WINDOWS
@settings(max_examples=30)
@given(surveys())
def test_a_window_has_the_points_within_reach(reach, count, points):
    for window, copy in windows(points, reach, count):
        assert sorted(step for cloud in window.clouds() for step in in_steps(cloud)) == in_steps(copy)
        for cell in (0.2, COARSE):
            assert Grid.covering(cell, *window.extent) == Grid.covering(cell, *Extent.of(copy))


@WINDOWS
@settings(max_examples=15)
@given(surveys())
def test_the_lowest_of_a_window_are_those_of_its_points(reach, count, points):
    for window, copy in windows(points, reach, count):
        coarse, low, counts = window.lowest()
        assert coarse == Grid.covering(COARSE, *Extent.of(copy))
        np.testing.assert_array_equal(low, lowest(copy, finer_grid(coarse, FINE))[0])
        np.testing.assert_array_equal(counts, lowest(copy, coarse)[1])


def test_the_points_of_the_block_itself_come_first():
    xyz = np.array([[110.0, 5, 0], [1, 1, 0], [2, 2, 0], [-3, 5, 0]])
    points = PointsByBlock.of_cloud(PointCloud.from_xyz(xyz), Blocks.of(0.2))
    first = next(Window(Neighbourhood(points), Block(0, 0), NEAR).clouds())
    assert first.xyz[:, 0].tolist() == [1, 2]


def test_a_block_beside_of_which_nothing_is_within_reach_is_not_read():
    read = []

    class Watched(PointsByBlock):
        def segments(self, block):
            read.append(block)
            return super().segments(block)

    points = Watched.of_cloud(PointCloud.from_xyz(np.array([[1.0, 1, 0], [204, 1, 0]])), Blocks.of(0.2))
    window = Window(Neighbourhood(points), Block(0, 0), NEAR)
    read.clear()
    window.lowest()
    assert len(list(window.clouds())) == 1
    assert set(read) == {Block(0, 0)}
