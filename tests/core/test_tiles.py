"""Tiles: what is put together is the raster; a tile does not depend on where the raster ends."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bevseg.core.tiles import Tiling, cut


@st.composite
def cuts(draw):
    """Masks of a few clusters, sizes of tiles, and where the raster lies in the world."""
    shape = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    tiling = Tiling(draw(st.integers(1, 40)), draw(st.integers(0, 9)), draw(st.sampled_from([1, 2, 4, 8])))
    first = draw(st.integers(-50, 50)), draw(st.integers(-50, 50))
    seen = np.zeros(shape, bool)
    for _ in range(draw(st.integers(0, 4))):
        row, col = draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))
        seen[row : row + 5, col : col + 5] = True
    wanted = seen & (np.random.default_rng(draw(st.integers(0, 99))).random(shape) < 0.5)
    return wanted, seen, tiling, first


@given(cuts())
def test_what_is_put_together_is_the_raster_wherever_something_is_wanted(case):
    wanted, seen, tiling, first = case
    values = np.random.default_rng(0).normal(size=(2, *wanted.shape))
    out = np.zeros_like(values)
    for tile in cut(wanted, seen, tiling, first=first):
        tile.put(tile.window(values, np.nan), out)
    np.testing.assert_array_equal(out[:, wanted], values[:, wanted])


@given(cuts())
def test_cores_share_no_cell_and_lie_in_one_square_of_the_world(case):
    wanted, seen, tiling, first = case
    held = np.zeros(wanted.shape, int)
    for tile in cut(wanted, seen, tiling, first=first):
        assert tile.rows.core.start < tile.rows.core.stop and tile.cols.core.start < tile.cols.core.stop
        held[tile.rows.core, tile.cols.core] += 1
        for span, start in zip((tile.rows, tile.cols), first, strict=True):
            assert (span.core.start + start) // tiling.side == (span.core.stop - 1 + start) // tiling.side
    assert held.max() <= 1
    assert (held[wanted] == 1).all()


@given(cuts())
def test_windows_hold_what_is_seen_within_the_margin_and_begin_at_a_multiple(case):
    wanted, seen, tiling, first = case
    for tile in cut(wanted, seen, tiling, first=first):
        for span, start in zip((tile.rows, tile.cols), first, strict=True):
            assert (span.window.start + start) % tiling.multiple == 0
            assert span.window.stop - span.window.start < tiling.side + 2 * tiling.margin + tiling.multiple
        near = tuple(
            slice(max(span.core.start - tiling.margin, 0), span.core.stop + tiling.margin)
            for span in (tile.rows, tile.cols)
        )
        inside = np.zeros_like(seen)
        inside[max(tile.rows.window.start, 0) : tile.rows.window.stop, :] = True
        inside[:, : max(tile.cols.window.start, 0)] = inside[:, tile.cols.window.stop :] = False
        assert not (seen[near] & ~inside[near]).any()


@given(cuts(), st.data())
def test_a_piece_of_the_raster_gives_the_same_windows_as_the_whole(case, data):
    wanted, seen, tiling, first = case
    rows, cols = wanted.shape
    values = np.where(seen, np.arange(rows * cols).reshape(rows, cols) + 1.0, np.nan)
    whole = [tile.window(values, np.nan) for tile in cut(wanted, seen, tiling, first=first)]
    wide = tiling.side + tiling.margin + tiling.multiple  # a window begins at a multiple
    top, left = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, cols - 1))
    kept = (
        wanted.copy()
    )  # what is far enough from the new border that nothing within reach of its tile is cut off
    kept[: top + wide * (top > 0)] = kept[:, : left + wide * (left > 0)] = False
    part = cut(kept[top:, left:], seen[top:, left:], tiling, first=(first[0] + top, first[1] + left))
    for tile in part:
        piece = tile.window(values[top:, left:], np.nan)
        assert any(np.array_equal(piece, each, equal_nan=True) for each in whole)


def test_empty_country_is_skipped():
    mask = np.zeros((4000, 4000), bool)
    mask[:10, :10] = mask[-10:, -10:] = True
    tiles = list(cut(mask, mask, Tiling(512, 64)))
    assert [tile.window(mask, False).shape for tile in tiles] == [(10, 10), (10, 10)]
    assert not list(cut(mask & False, mask, Tiling(512, 64)))


def test_what_lies_alone_has_a_window_of_its_own_and_what_lies_near_shares_one():
    mask = np.zeros((512, 512), bool)
    mask[100, 100] = mask[100, 400] = mask[400, 110] = mask[100, 350] = True
    tiles = list(cut(mask, mask, Tiling(512, 64)))
    assert sorted(tile.window(mask, False).shape for tile in tiles) == [(1, 1), (1, 1), (1, 51)]


def test_beyond_the_raster_a_window_holds_what_it_is_told():
    mask = np.ones((3, 3), bool)
    (tile,) = cut(mask, mask, Tiling(16, 4, 8), first=(5, 5))
    window = tile.window(np.ones((1, 3, 3)), np.nan)
    assert window.shape == (1, 8, 8) and np.isnan(window[0, :5]).all() and (window[0, 5:, 5:] == 1).all()
