"""Rows of a raster of heights, told from rows of points by their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bevseg.errors import CloudFormatError
from bevseg.io.missing_heights import MARKS

_MOST = 6
"""Columns of points without names, of which all may hold like numbers: x y z and three more."""
_LEAST = 4
"""Rows that show how far the numbers of a column spread."""


def refuse_raster(rows: Sequence[Sequence[str]], count: int, path: Path) -> None:
    """Refuse rows of heights: many columns without names, all of which hold like values.

    Parameters
    ----------
    rows
        Fields of the first points.
    count
        Number of columns.
    path
        For messages.

    Raises
    ------
    CloudFormatError
        If all columns have nearly the same values, as a raster has.
    """
    if count <= _MOST:
        return
    try:
        table = np.array([[float(field.replace(",", ".")) for field in row[:count]] for row in rows])
    except ValueError:
        return
    table[np.isin(table, MARKS)] = np.nan
    known = table[:, np.isfinite(table).any(axis=0)]
    if known.shape[1] <= _MOST:
        return
    low, high, middle = np.nanmin(known), np.nanmax(known), np.nanmedian(known)
    medians, spreads = np.nanmedian(known, axis=0), np.nanmax(known, axis=0) - np.nanmin(known, axis=0)
    band = high - low < abs(middle) / 2
    alike = len(known) >= _LEAST and 0 < spreads.max() < 3 * spreads.min() and np.ptp(medians) < spreads.min()
    if band or alike:
        raise CloudFormatError(
            f"{count} columns of like numbers: the file looks like a raster of heights",
            where=path,
            why=f"no header names them, and all hold values from {low:g} to {high:g}",
            hint="convert it to points (gdal_translate -of XYZ), or name the columns, for example --columns x,y,z",
        )
