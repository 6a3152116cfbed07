"""Cells of a piece -> a small dense window around them."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from bevseg.objects.cells import Cells


class Window(NamedTuple):
    """A rectangle of cells around a piece.

    Attributes
    ----------
    side
        Side of a cell, m.
    west, south
        World indices of its first column and of its first row. Row 0 is the southernmost.
    rows, cols
        Its size.
    """

    side: float
    west: int
    south: int
    rows: int
    cols: int

    @classmethod
    def around(cls, cells: Cells, margin: int) -> Self:
        """Return the window of cells, with a margin of cells around them."""
        west, south = int(cells.cols.min()) - margin, int(cells.rows.min()) - margin
        return cls(
            cells.side,
            west,
            south,
            int(cells.rows.max()) + margin + 1 - south,
            int(cells.cols.max()) + margin + 1 - west,
        )

    @property
    def area(self) -> float:
        """Its area, m²."""
        return self.rows * self.cols * self.side**2

    def places(self, cells: Cells) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return row and column (N,) of cells in the window."""
        return cells.rows - self.south, cells.cols - self.west

    def mask(self, cells: Cells) -> NDArray[np.bool_]:
        """Return which cells (rows, cols) of the window are among these."""
        mask = np.zeros((self.rows, self.cols), bool)
        mask[self.places(cells)] = True
        return mask
