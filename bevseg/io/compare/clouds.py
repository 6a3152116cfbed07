"""Two clouds of different formats: coordinates within their resolution, and every further field of the source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud
from bevseg.io.compare import las_loose, properties
from bevseg.io.compare.difference import Difference, counts, first_difference
from bevseg.io.compare.fields import compare_fields
from bevseg.io.compare.order import in_order_of
from bevseg.io.coordinates import units
from bevseg.io.copc.octree import is_copc
from bevseg.io.fields import AXES
from bevseg.io.las.source import LasSource
from bevseg.io.pcd.source import PcdSource
from bevseg.io.ply.source import PlySource
from bevseg.io.read import read_cloud
from bevseg.io.text import rows, table
from bevseg.io.text.source import TextSource
from bevseg.io.vertices import VertexSource, coordinates
from bevseg.io.write import cannot_keep

_ROUNDINGS = 8 * float(np.finfo(np.float64).eps)


def compare(
    source: Path, result: Path, columns: str | None = None, scan: int | None = None
) -> Difference | None:
    """Return the first difference that bevseg does not declare; None if there is none.

    Parameters
    ----------
    source, result
        The files. Two PLY, or two PCD, are compared in all their parts.
    columns
        Columns of a source of text or arrays.
    scan
        Number of the scan of the source, from 1; None for all together.

    Raises
    ------
    BevsegError
        If a file cannot be read.
    """
    one, other = read_cloud(source, columns=columns, scan=scan), read_cloud(result)
    found = counts(len(one), len(other))
    if found is not None:
        return found
    for kind in (PlySource, PcdSource):
        if isinstance(one.source, kind) and isinstance(other.source, kind):
            return properties.compare(one.source, other.source)
    if isinstance(other.source, LasSource) and is_copc(other.source.header):
        other = in_order_of(one, other)
    found = _coordinates(one, other) or compare_fields(one, other, cannot_keep(one, result))
    if found is None and isinstance(other.source, LasSource):
        return las_loose.compare(None, result, len(other))
    return found


def _coordinates(source: PointCloud, result: PointCloud) -> Difference | None:
    """Compare x, y and z in the units of the files, as they stand in them.

    Half a step of the source may be lost where its coordinates were floats or digits and become steps. LAS has no
    word for coordinates that are none, or too far away for its steps: such points lie in the lower corner.
    """
    kinds = VertexSource | TextSource
    copied = isinstance(source.source, VertexSource) and isinstance(result.source, VertexSource)
    rounded = isinstance(source.source, kinds) and not copied
    finite = np.ones(len(source), bool) if source.finite is None else source.finite
    columns = zip(_as_they_stand(source), _as_they_stand(result), strict=True)
    sizes = zip(source.scale, units(source), source.offset, strict=True)
    for axis, (left, right), (scale, unit, offset) in zip(AXES, columns, sizes, strict=True):
        if isinstance(result.source, LasSource):
            lowest = np.min(left, where=finite, initial=np.inf)
            left[~finite] = lowest if np.isfinite(lowest) else right[0]
        else:
            left[~finite & np.isnan(right)] = np.nan
        step = scale / unit * (0.5 if rounded else 2e-6 * (not copied))
        found = first_difference(axis, left, right, _within(step, 0.0 if copied else abs(offset / unit)))
        if found is not None:
            return found
    return None


def _as_they_stand(cloud: PointCloud) -> Iterator[NDArray[np.float64]]:
    """Yield copies of x, y and z as the file has them."""
    source = cloud.source
    if isinstance(source, TextSource):
        text = rows.respelt(table.tidy(source.body, source.layout))
        for axis in AXES:
            place = source.layout.names.index(axis)
            yield table.numbers(text, source.layout, [place])[str(place)].to_numpy().astype(np.float64)
    else:
        for values in coordinates(cloud):
            yield values.astype(np.float64)


def _within(step: float, offset: float):  # type: ignore[no-untyped-def]
    """Return what compares coordinates: they are at most `step` apart, but for the rounding of floats."""

    def close(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
        limit = step * (1 + 1e-6) + _ROUNDINGS * (np.abs(a) + offset) * (step > 0)
        with np.errstate(invalid="ignore"):
            return np.asarray((np.abs(a - b) <= limit) | (a == b) | (np.isnan(a) & np.isnan(b)))

    return close
