"""What is kept of a LAS file: its header as bytes, and its points as they stand in it."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.io.las.codes import OURS, is_ours, name_of_ours
from bevseg.io.las.extra_bytes import Description, described, distinct
from bevseg.io.las.header import Header
from bevseg.io.las.left_out import left_out
from bevseg.io.las.point_formats import bits, dimension_names

_COLOURS = ("red", "green", "blue")
_SAMPLE = 1000
_EIGHT_TO_SIXTEEN = 257
"""Factor from 8-bit to 16-bit colours: 255 becomes 65,535."""


def middle_of(points: NDArray[np.void], header: Header) -> tuple[float, float]:
    """Return the median of x and of y over a sample of some points, in units of the file.

    It says where a cloud lies, for bounds in a header may be wrong, or zero.
    """
    sample = points[:: max(len(points) // _SAMPLE, 1)]
    ends = zip("XY", header.scale, header.offset, strict=False)
    x, y = (float(np.median(sample[name])) * step + start for name, step, start in ends)
    return x, y


@dataclass(frozen=True)
class LasSource:
    """A LAS file as it was read: what the writer needs to give it back.

    Attributes
    ----------
    header
        All but the points, as bytes.
    point_format
        0 to 10.
    points
        (N,) one packed record per point. It has one field per stored value, extra dimensions included; names that
        occur twice have `_2` and so on at their end.
    scale, offset
        Of x, y and z, in the units of the file.
    chunks
        (C,) numbers of points of the chunks of a LAZ file; None for LAS.
    """

    header: Header
    point_format: int
    points: NDArray[np.void]
    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    chunks: NDArray[np.int64] | None = None

    @functools.cached_property
    def middle(self) -> tuple[float, float]:
        """Median of x and of y over a sample, in units of the file."""
        return middle_of(self.points, self.header)

    @functools.cached_property
    def extras(self) -> list[Description]:
        """Extra dimensions, in their order in the point."""
        return described(self.header, self.point_format, self.points.itemsize)

    def rows(self, part: slice | NDArray[np.intp]) -> NDArray[np.uint8]:
        """Return the points of a slice, or those of some indices, as rows of bytes."""
        return self.points.view(np.uint8).reshape(len(self.points), -1)[part]

    def ours(self, name: str) -> NDArray[np.uint8] | None:
        """Return the stored values of the dimension that bevseg wrote for `name`, None if there is none."""
        found = name_of_ours(self.extras, name)
        return None if found is None else self.points[found]

    def fields(self) -> dict[str, NDArray[np.generic]]:
        """Return the dimensions of the points as laspy names them, but for X, Y, Z, the class and those of bevseg.

        Scales and offsets of extra dimensions are applied, which gives float64. Array dimensions are split into
        `name_0`, `name_1` and so on. Colours are uint8 where all are multiples of 257, which 8-bit colours become.
        """
        points, parts = self.points, bits(self.point_format)
        values: dict[str, NDArray[np.generic]] = {}
        for name in dimension_names(self.point_format):
            if name not in ("X", "Y", "Z", "classification"):
                values[name] = parts[name].of(points) if name in parts else points[name]
        if "red" in values and not any((points[name] % _EIGHT_TO_SIXTEEN).any() for name in _COLOURS):
            values |= {name: (points[name] // _EIGHT_TO_SIXTEEN).astype(np.uint8) for name in _COLOURS}
        for extra in self.extras:
            if not extra.kind.itemsize or any(is_ours(extra, name) for name in OURS):
                continue
            stored = points[extra.name]
            if not extra.kind.shape:
                values[extra.name] = extra.values(stored)
                continue
            for part in range(extra.kind.shape[0]):
                values[distinct(f"{extra.name}_{part}", values.__contains__)] = extra.values(
                    stored[:, part], part
                )
        return values

    def only_here(self) -> list[str]:
        """Return one sentence for each thing beside the fields that other formats cannot hold."""
        return left_out(self.header)
