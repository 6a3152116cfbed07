"""Cells -> pieces."""

import numpy as np

from bevseg.objects import pieces
from bevseg.objects.cells import Cells
from bevseg.objects.pieces import groups, pieces_of


def cells_at(*places):
    cols, rows = np.array(places, np.int64).T
    ones = np.ones(len(places), np.int64)
    return Cells(0.2, ones, cols, rows, *(ones,) * 7)


def test_the_reach_bridges_twice_as_many_empty_cells():
    for gap in range(6):
        cells = cells_at((0, 0), (gap + 1, 0))
        for reach in (0, 1, 2):
            assert (pieces_of(cells, reach).max() == 0) == (gap <= 2 * reach)


def test_no_cells_have_no_pieces():
    assert len(pieces_of(Cells.none(0.2), 1)) == 0 and list(groups(np.empty(0, np.int64))) == []


def test_groups_come_in_the_order_of_their_numbers_without_negative_ones():
    assert [each.tolist() for each in groups(np.array([2, -1, 0, 2]))] == [[2], [0, 3]]


def test_a_piece_longer_than_a_window_is_cut(monkeypatch):
    monkeypatch.setattr(pieces, "LONGEST", 8)
    row = cells_at(*((k, 0) for k in range(20)), (2, 5))
    assert pieces_of(row, 0).tolist() == [0] * 8 + [1] * 8 + [2] * 4 + [3]
