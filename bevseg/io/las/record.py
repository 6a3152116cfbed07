"""Class codes and extra dimensions, put into a LAS file. Everything else stays as it is in the source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.errors import UsageError
from bevseg.io.las.block_writer import write_file
from bevseg.io.las.codes import FIVE_BITS
from bevseg.io.las.dimensions import Dimension, with_dimensions
from bevseg.io.las.header import Header
from bevseg.io.las.layout import Layout
from bevseg.io.las.point_formats import FIRST_NEW

Change = Callable[
    [NDArray[np.void], slice | NDArray[np.intp]],
    tuple[NDArray[np.uint8], Mapping[str, NDArray[np.generic]]],
]
"""From a block of points and its slice to the new class codes, and to the values of extra dimensions by name."""

_CHANNEL = 0b110000
"""Bits of the flags of point formats 6 to 10."""
_LAYERED_WAVEFORMS = (9, 10)


def write_codes(
    base: Layout,
    codes: NDArray[np.uint8],
    path: Path,
    dimensions: Mapping[str, Dimension],
    edit: Callable[[Header], Header] = lambda header: header,
    *,
    write_points: Callable[..., None] = write_file,
) -> None:
    """Write a cloud with these class codes and extra dimensions, everything else as in its source.

    Parameters
    ----------
    base
        The file without them.
    codes
        (N,) codes as the file is to hold them; at most 31 in point formats 0 to 5.
    path
        `.las` or `.laz`.
    dimensions
        Extra dimensions to add, or to replace where the source has them.
    edit
        Last change to the records of the header.
    write_points
        What writes the file, called as `write_file`.

    Raises
    ------
    UsageError
        If LAS cannot hold all of it.
    OSError
        If the system refuses the write.
    """

    def change(
        block: NDArray[np.void], part: slice | NDArray[np.intp]
    ) -> tuple[NDArray[np.uint8], dict[str, NDArray[np.generic]]]:
        return codes[part], {name: dimension.values[part] for name, dimension in dimensions.items()}

    write_records(base, path, dimensions, change, edit, write_points=write_points)


def write_records(
    base: Layout,
    path: Path,
    dimensions: Mapping[str, Dimension],
    change: Change,
    edit: Callable[[Header], Header],
    *,
    write_points: Callable[..., None] = write_file,
) -> None:
    """Write a cloud with class codes and extra dimensions that come block by block.

    Parameters
    ----------
    base, path, edit, write_points
        As for `write_codes`.
    dimensions
        Types and descriptions of the extra dimensions.
    change
        Called with each block of points as they are in the source, and their slice; returns their codes, and the
        values of the extra dimensions by name.

    Raises
    ------
    UsageError, OSError
        As `write_codes`.
    """
    _ensure_waveforms_survive(base, path)
    added = base.dimensions | dict(dimensions)
    header, record, names = with_dimensions(base.header, base.point_format, base.length, added, path)

    def fill(block: NDArray[np.void], part: slice | NDArray[np.intp]) -> None:
        base.fill(block, part)
        codes, values = change(block, part)
        if base.point_format >= FIRST_NEW:
            block["classification"] = codes
        else:
            flags = block["raw_classification"] & np.uint8(~FIVE_BITS & 255)
            block["raw_classification"] = flags | codes
        for name, dimension in base.dimensions.items():
            block[names[name]] = dimension.values[part]
        for name, column in values.items():
            block[names[name]] = column

    write_points(path, edit(header), base.point_format, record, base.count, fill)


def _ensure_waveforms_survive(base: Layout, path: Path) -> None:
    """Raise UsageError for what lazrs (0.8.2) gets wrong: waveform references of several scanner channels, in LAZ."""
    source = base.header.point_format
    if base.point_format not in _LAYERED_WAVEFORMS or source not in _LAYERED_WAVEFORMS:
        return
    if not base.header.compressed and path.suffix.lower() != ".laz":
        return
    channels = {
        int(channel) for flags in base.channels() for channel in np.unique(flags & np.uint8(_CHANNEL))
    }
    if len(channels) > 1:
        raise UsageError(
            "The waveform references of this cloud would be corrupted",
            where=path,
            why=f"LAZ of point format {source} with {len(channels)} scanner channels, which the "
            "library for LAZ does not compress correctly",
            hint="convert the cloud to uncompressed .las, and choose --format las",
        )
