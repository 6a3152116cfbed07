"""Classes that a run kept (`--keep`): the points of a source with these codes have them in the result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.errors import UsageError
from bevseg.io.compare.difference import Difference
from bevseg.io.compare.order import places_of
from bevseg.io.copc.octree import is_copc
from bevseg.io.las.source import LasSource
from bevseg.io.read import FileCodes, read_with_codes


def compare(
    source: Path, result: Path, wanted: Sequence[int], columns: str | None = None, scan: int | None = None
) -> Difference | None:
    """Return the first point whose code was to be kept and is another; None if there is none.

    Parameters
    ----------
    source, result
        The files, of which all else is proven to be the same.
    wanted
        Codes of the source.
    columns, scan
        Of the source, see `files.compare`.

    Raises
    ------
    UsageError
        If the source has no codes, or the codes of the two files have different schemes.
    """
    cloud, codes = read_with_codes(source, columns=columns, scan=scan)
    other, new = read_with_codes(result)
    if codes is None:
        raise UsageError(
            "There are no classes to keep",
            where=source,
            why="the cloud has no field of classes",
            hint="leave out --keep, or name the column of the classes with --columns",
        )
    if new is None:
        return Difference("the class of the points", "present", "missing")
    if _scheme(codes) != _scheme(new):
        raise UsageError(
            "Kept codes cannot be compared",
            where=result,
            why=f"the codes of the source are of scheme {_scheme(codes)}, those of the result of {_scheme(new)}",
            hint="leave out --keep",
        )
    values = np.ma.getdata(new.values)
    if isinstance(other.source, LasSource) and is_copc(other.source.header):
        values = values[places_of(cloud, other)]
    return _first(codes.values, values, wanted)


def _scheme(codes: FileCodes) -> str:
    return "unknown" if codes.scheme is None else codes.scheme.name


def _first(
    source: NDArray[np.integer], result: NDArray[np.integer], wanted: Sequence[int]
) -> Difference | None:
    chosen = np.isin(np.ma.getdata(source), wanted) & ~np.ma.getmaskarray(source)
    differs = np.flatnonzero(chosen & (np.ma.getdata(source) != result))
    if not len(differs):
        return None
    at = int(differs[0])
    return Difference("the class, which was to be kept,", str(source[at]), str(result[at]), at + 1)
