"""Tiles: stitched pieces are the raster; tiles keep to their size, to the scene, and to the grid of the network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.core.tiles import cut, stitch


@st.composite
def cuts(draw, everything=False):
    """A mask with a few clusters, a margin, a window size that has room for it, and a multiple."""
    shape = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    margin, multiple = draw(st.integers(0, 6)), draw(st.sampled_from([1, 2, 4, 8]))
    cells = draw(st.integers((2 * margin + 1) ** 2, 2500))
    mask = np.full(shape, everything)
    for _ in range(draw(st.integers(0, 3))):
        row, col = draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))
        mask[row : row + 5, col : col + 5] = True
    return mask, cells, margin, multiple


@given(cuts(everything=True))
def test_stitching_what_was_cut_gives_the_raster(case):
    mask, cells, margin, multiple = case
    values = np.random.default_rng(0).normal(size=(2, *mask.shape))
    tiles = cut(mask, cells=cells, margin=margin, multiple=multiple)
    pieces = [(tile, tile.window(values).copy()) for tile in tiles]
    np.testing.assert_array_equal(stitch(pieces, np.full_like(values, np.nan)), values)


@given(cuts())
def test_cores_hold_every_cell_that_matters_once(case):
    mask, cells, margin, multiple = case
    held = np.zeros(mask.shape, int)
    for tile in cut(mask, cells=cells, margin=margin, multiple=multiple):
        assert tile.core(mask).any()
        tile.core(held)[...] += 1
    assert held.max() <= 1
    assert (held[mask] == 1).all()


@given(cuts())
def test_windows_reach_the_margin_and_keep_their_size(case):
    mask, cells, margin, multiple = case
    for tile in cut(mask, cells=cells, margin=margin, multiple=multiple):
        sizes = []
        for window, core, size in zip(
            (tile.rows, tile.cols), (tile.core_rows, tile.core_cols), mask.shape, strict=True
        ):
            assert window.start % multiple == 0
            assert window.start <= max(core.start - margin, 0)
            assert window.stop == min(core.stop + margin, size)
            sizes.append(window.stop - window.start - (multiple - 1))
        assert sizes[0] * sizes[1] <= cells or min(sizes) <= 0


def test_one_tile_where_the_scene_fits():
    assert len(cut(np.ones((1200, 600), bool), cells=1_000_000, margin=64, multiple=16)) == 1


def test_a_long_street_is_cut_across():
    tiles = cut(np.ones((600, 12000), bool), cells=1_000_000, margin=64, multiple=16)
    assert len(tiles) == 8
    assert all(tile.core_rows == slice(0, 600) for tile in tiles)


def test_empty_country_is_skipped():
    mask = np.zeros((4000, 4000), bool)
    mask[:10, :10] = mask[-10:, -10:] = True
    tiles = cut(mask, cells=1_000_000, margin=64)
    assert len(tiles) == 2
    assert tiles[0].window(mask).shape == (74, 74)
    assert cut(np.zeros((5, 5), bool), cells=100, margin=1) == []


def test_a_margin_without_room_is_refused():
    with pytest.raises(ValueError, match="no room"):
        cut(np.ones((50, 50), bool), cells=16 * 16, margin=8)
