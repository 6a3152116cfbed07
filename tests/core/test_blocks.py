"""Points by block: every point lies in one block, and what a block sees does not depend on the files."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.core.blocks import HIGHEST, Block, Blocks, PointsByBlock
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import InputError

CELLS = st.sampled_from([0.05, 0.1, 0.15, 0.2, 0.3, 0.123456, 1.0])


def cloud_of(xyz, **more):
    return PointCloud.from_xyz(np.asarray(xyz, np.float64).reshape(-1, 3), **more)


@st.composite
def clouds(draw):
    """Points of whole millimetres over some blocks, many of them on the edges of cells."""
    size = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    centre = rng.integers(-5000, 5000, 2) * draw(st.sampled_from([0, 1, 1000]))
    xyz = np.column_stack(
        [*(rng.integers(-300, 300, (2, size)) + centre[:, None]), rng.integers(-50, 50, size)]
    )
    fine = draw(st.sampled_from([1, 100, 1000]))
    return cloud_of(xyz + rng.integers(0, fine, (size, 3)) / fine)


def seen(points, block, reach):
    """What a block sees: world coordinates in steps, in an order of their own."""
    cloud = points.around(block, reach)
    return sorted(map(tuple, np.rint(cloud.xyz * 1e5).astype(np.int64).tolist()))


@given(clouds(), CELLS)
def test_every_point_lies_in_one_block_and_in_a_cell_of_its_grid(cloud, cell):
    layout = Blocks.of(cell)
    points = PointsByBlock.of_cloud(cloud, layout)
    indices = np.concatenate([each.indices for block in points for each in points.segments(block)])
    assert sorted(indices.tolist()) == list(range(len(cloud)))
    for block in points:
        own = points.of(block)
        assert (layout.grid(block).cell_of(*own.xyz[:, :2].T) >= 0).all()
        np.testing.assert_allclose(own.xyz, cloud.xyz[points.segments(block)[0].indices], atol=6e-6)


@given(clouds(), CELLS, st.floats(0, 250), st.integers(1, 5), st.randoms(use_true_random=False))
def test_a_block_sees_the_same_however_the_points_are_cut_into_clouds(cloud, cell, reach, count, random):
    layout = Blocks.of(cell)
    whole, parts = PointsByBlock.of_cloud(cloud, layout), PointsByBlock(layout)
    order = np.array(random.sample(range(len(cloud)), len(cloud)))
    for number, part in enumerate(np.array_split(order, count)):
        if len(part):
            moved = cloud_of(cloud.xyz[part], scale=0.0005)
            parts.add(moved, number)
    assert set(parts) == set(whole)
    for block in whole:
        assert seen(parts, block, reach) == seen(whole, block, reach)
        assert parts.count(block) == whole.count(block)


@given(clouds(), CELLS, st.floats(0, 250))
def test_a_block_sees_its_own_points_first_and_all_within_reach(cloud, cell, reach):
    layout = Blocks.of(cell)
    points = PointsByBlock.of_cloud(cloud, layout)
    for block in points:
        found = points.around(block, reach).xyz[:, :2]
        west, south = block.col * layout.side, block.row * layout.side
        off = np.maximum([west, south] - found, found - [west + layout.side, south + layout.side]).max(1)
        assert (off[: points.count(block)] <= 1e-4).all()
        everywhere = cloud.xyz[:, :2]
        away = np.maximum(
            [west, south] - everywhere, everywhere - [west + layout.side, south + layout.side]
        ).max(1)
        assert (away <= reach - 1e-4).sum() <= len(found) <= (away <= reach + 1e-4).sum()


def test_points_that_take_no_part_are_in_no_block():
    cloud = cloud_of([[1, 1, 1], [np.nan, 2, 2], [3, 3, 3], [4, 4, 4]])
    cloud = dataclasses.replace(cloud, far=np.array([False, False, True, False]))
    points = PointsByBlock.of_cloud(cloud, Blocks.of(0.2))
    (block,) = points
    assert points.segments(block)[0].indices.tolist() == [0, 3]
    assert points.of(block).used is None


def test_a_cloud_without_a_point_that_takes_part_has_no_block():
    assert list(PointsByBlock.of_cloud(cloud_of(np.full((3, 3), np.nan)), Blocks.of(0.2))) == []


def test_labels_stay_with_their_points():
    cloud = cloud_of([[1, 1, 1], [500, 2, 2], [3, 3, 3]], labels=np.array([1, 2, 3], np.uint8))
    points = PointsByBlock.of_cloud(cloud, Blocks.of(0.2))
    assert points.of(Block(0, 0)).labels.tolist() == [1, 3]
    points.add(cloud_of([[5, 5, 5]]), 1)
    assert points.of(Block(0, 0)).labels is None  # some have none


def test_a_height_that_is_none_is_refused():
    with pytest.raises(InputError, match="is no height"):
        PointsByBlock.of_cloud(cloud_of([[0, 0, 2 * HIGHEST]]), Blocks.of(0.2))


@pytest.mark.parametrize(("cell", "side"), [(0.2, 102.4), (0.1, 102.4), (0.05, 102.4), (0.5, 256.0)])
def test_a_block_is_made_of_whole_tiles(cell, side):
    assert Blocks.of(cell).side == pytest.approx(side) and Blocks.of(cell).cells % 512 == 0
