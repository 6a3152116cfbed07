"""LZF, the compression of PCD: decompressed with every place checked.

A byte below 32 announces a literal run, others a copy from what is already there. Source: the format of liblzf, as
the Point Cloud Library uses it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.runtime.kernels import compiled

HIGHEST_RATIO = 88
"""Bytes that one compressed byte can give at most: a copy of 264 bytes takes 3."""


def decompress(data: NDArray[np.uint8], size: int) -> NDArray[np.uint8] | None:
    """Return `size` bytes; None if the data are damaged, or give another number of bytes.

    Parameters
    ----------
    data
        (M,) compressed bytes.
    size
        Bytes to expect. The caller has checked that so many fit in memory and in `HIGHEST_RATIO`.
    """
    out = np.empty(size, np.uint8)
    return out if _decompress(data, out) == size else None


@compiled
def _decompress(data, out):  # type: ignore[no-untyped-def]
    """Fill `out`; return the bytes that were written, -1 if the data are damaged."""
    at = 0
    to = 0
    while at < len(data):
        control = np.int64(data[at])
        at += 1
        if control < 32:
            length = control + 1
            if length > len(data) - at or length > len(out) - to:
                return -1
            for k in range(length):
                out[to + k] = data[at + k]
            at += length
            to += length
            continue
        length = control >> 5
        if length == 7:
            if at >= len(data):
                return -1
            length += np.int64(data[at])
            at += 1
        if at >= len(data):
            return -1
        start = to - ((control & 31) << 8) - np.int64(data[at]) - 1
        at += 1
        length += 2
        if start < 0 or length > len(out) - to:
            return -1
        for k in range(length):
            out[to + k] = out[start + k]
        to += length
    return to
