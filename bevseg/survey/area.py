"""Points by block -> the area that they cover."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.core.blocks import Block, Blocks, Segment
from bevseg.core.grid import STEPS
from bevseg.runtime.kernels import compiled

AREA_CELL = 1.0
"""Cell that counts as covered if it holds a point, m."""


class CoveredArea:
    """Counts the cells of a metre that hold a point, as points come in.

    A block takes 1.4 kB, a bit for each cell: a wrong unit can spread a cloud over 10^5 of them.
    """

    def __init__(self, layout: Blocks) -> None:
        self._layout = layout
        self._side = int(layout.side / AREA_CELL) + 2
        self._held: dict[Block, NDArray[np.uint8]] = {}

    def add(self, block: Block, segment: Segment) -> None:
        """Count points of a block."""
        held = self._cells_of(block)
        x, y = (corner % int(STEPS) for corner in self._layout.corner(block))
        _mark(segment.x, segment.y, x, y, int(AREA_CELL * STEPS), held)
        self._held[block] = np.packbits(held)

    def total(self) -> float:
        """Return the area, m2. A cell across the border of two blocks counts once."""
        cells = []
        for block in self._held:
            west, south = (corner // int(STEPS) for corner in self._layout.corner(block))
            rows, cols = np.nonzero(self._cells_of(block))
            cells.append(((cols + west).astype(np.int64) << 32) + rows + south)
        return len(np.unique(np.concatenate(cells))) * AREA_CELL**2 if cells else 0.0

    def _cells_of(self, block: Block) -> NDArray[np.uint8]:
        """Return which cells of a block hold a point, 0 or 1."""
        size = self._side**2
        packed = self._held.get(block)
        held = np.zeros(size, np.uint8) if packed is None else np.unpackbits(packed, count=size)
        return held.reshape(self._side, self._side)


@compiled
def _mark(x, y, west, south, cell, held):  # type: ignore[no-untyped-def]
    for j in range(len(x)):
        held[(y[j] + south) // cell, (x[j] + west) // cell] = 1
