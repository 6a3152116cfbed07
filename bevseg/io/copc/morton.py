"""Cells of a cube <-> Morton codes: three times 21 bits, interleaved, so that each level is a shift by three bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BITS = 21
"""Bits of a coordinate; the cube has 2^21 cells on a side."""

_SPREAD = (
    (32, 0x001F00000000FFFF),
    (16, 0x001F0000FF0000FF),
    (8, 0x100F00F00F00F00F),
    (4, 0x10C30C30C30C30C3),
    (2, 0x1249249249249249),
)
"""Shift, and the bits that are left by it, for two zeros between any two bits."""
_ALONE = (1 << BITS) - 1


def add_axis(codes: NDArray[np.uint64], cells: NDArray[np.uint64], axis: int) -> None:
    """Write the bits of one coordinate into the codes; `cells` is changed as well."""
    for shift, mask in _SPREAD:
        cells |= cells << np.uint64(shift)
        cells &= np.uint64(mask)
    codes |= cells << np.uint64(2 - axis)


def cells_of(codes: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Return (N, 3) cells of codes."""
    cells = np.zeros((len(codes), 3), np.int32)
    masks = [_ALONE, *(mask for _, mask in _SPREAD[:-1])]
    for axis in range(3):
        bits = codes >> np.uint64(2 - axis) & np.uint64(_SPREAD[-1][1])
        for (shift, _), mask in zip(reversed(_SPREAD), reversed(masks), strict=True):
            bits = (bits | bits >> np.uint64(shift)) & np.uint64(mask)
        cells[:, axis] = bits
    return cells
