"""Colours of points: three fields, or packed into one number as in PCD; 8 bits or 16."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bevseg.io.fields import meaning

CHANNELS = ("red", "green", "blue")
WIDE = 257
"""16-bit value of the smallest 8-bit step: 255 times this is 65535."""


def channels_of(columns: Mapping[str, NDArray[np.generic]]) -> tuple[str, ...]:
    """Return the names of the columns that hold red, green and blue; empty unless there is one of each."""
    found = [[name for name in columns if meaning(name) == channel] for channel in CHANNELS]
    return tuple(names[0] for names in found) if all(len(names) == 1 for names in found) else ()


def as_bytes(colours: list[NDArray[np.generic]]) -> list[NDArray[np.uint8]] | None:
    """Return the three channels as 8-bit values.

    None if that would lose something: 16-bit values count as 8-bit ones if all are multiples of 257, or none is above
    255; floats do not.
    """
    if any(values.dtype.kind not in "iu" for values in colours):
        return None
    if any(len(values) and int(values.min()) < 0 for values in colours):
        return None
    if all(len(values) == 0 or int(values.max()) <= 255 for values in colours):
        return [values.astype(np.uint8) for values in colours]
    wide = [values.astype(np.uint64) for values in colours]  # channels of text can have different types
    if all(not (values % WIDE).any() and int(values.max()) <= 255 * WIDE for values in wide):
        return [(values // WIDE).astype(np.uint8) for values in wide]
    return None


def packed(colours: list[NDArray[np.uint8]]) -> NDArray[np.uint32]:
    """Return 0x00RRGGBB for each point."""
    red, green, blue = (values.astype(np.uint32) for values in colours)
    together: NDArray[np.uint32] = (red << np.uint32(16)) | (green << np.uint32(8)) | blue
    return together


def unpacked(values: NDArray[np.generic], *, text: bool) -> NDArray[np.uint8]:
    """Return (N, 4) red, green, blue and alpha of packed colours.

    Parameters
    ----------
    values
        Integers, or floats whose bits are the colour.
    text
        Whether floats were read from text. Some programs print the bits as an integer there: numbers of 1 and more
        that are all whole are such integers, as floats with these bits are tiny or negative.
    """
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore", over="ignore"):
            wide = values.astype(np.float64)
            whole = text and bool(((wide == np.rint(wide)) & (wide >= 0) & (wide < 2.0**32)).all())
            if whole and wide.max(initial=0) >= 1:
                bits = wide.astype(np.uint32)
            else:
                bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    else:
        bits = values.astype(np.uint32)
    return np.stack([(bits >> shift & 255).astype(np.uint8) for shift in (16, 8, 0, 24)], axis=1)
