"""Two clouds of different formats: coordinates within their resolution, and every further field of the source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud
from bevseg.io.compare import properties
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
from bevseg.io.vertices import VertexSource, coordinates
from bevseg.io.write import cannot_keep

_ROUNDINGS = 8 * float(np.finfo(np.float64).eps)


def compare(source: Path, result: Path, columns: str | None = None) -> Difference | None:
    """Return the first difference that bevseg does not declare; None if there is none.

    Parameters
    ----------
    source, result
        The files. Two PLY, or two PCD, are compared in all their parts.
    columns
        Columns of a source of text or arrays.

    Raises
    ------
    BevsegError
        If a file cannot be read.
    """
    one, other = read_cloud(source, columns=columns), read_cloud(result)
    found = counts(len(one), len(other))
    if found is not None:
        return found
    for kind in (PlySource, PcdSource):
        if isinstance(one.source, kind) and isinstance(other.source, kind):
            return properties.compare(one.source, other.source)
    if isinstance(other.source, LasSource) and is_copc(other.source.header):
        other = in_order_of(one, other)
    return _coordinates(one, other) or compare_fields(one, other, cannot_keep(one, result))


def _coordinates(source: PointCloud, result: PointCloud) -> Difference | None:
    """Compare x, y and z in the units of the files.

    A step of the source is rounded where its coordinates were floats and become steps; one of the result where text
    is read. LAS has no word for coordinates that are none: such points lie in the lower corner.
    """
    rounded = [
        isinstance(source.source, VertexSource) and not isinstance(result.source, VertexSource),
        not isinstance(result.source, LasSource | VertexSource),
    ]
    steps = [
        0.5 * (one / a * rounded[0] + other / b * rounded[1])
        for one, a, other, b in zip(source.scale, units(source), result.scale, units(result), strict=True)
    ]
    pairs = zip(AXES, steps, source.offset, coordinates(source), coordinates(result), strict=True)
    for axis, step, offset, one, other in pairs:
        left, right = (values.astype(np.float64) for values in (one, other))
        left[~_finite(source)] = np.nan
        if isinstance(result.source, LasSource):
            lowest = np.min(left, where=_finite(source), initial=np.inf)
            left[~_finite(source)] = lowest if np.isfinite(lowest) else right[0]
        else:
            right[~_finite(result)] = np.nan
        found = first_difference(axis, left, right, _within(step, abs(offset)))
        if found is not None:
            return found
    return None


def _finite(cloud: PointCloud) -> NDArray[np.bool_]:
    return np.ones(len(cloud), bool) if cloud.finite is None else cloud.finite


def _within(step: float, offset: float):  # type: ignore[no-untyped-def]
    """Return what compares coordinates: they are at most `step` apart, but for the rounding of floats."""

    def close(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
        limit = step * (1 + 1e-6) + _ROUNDINGS * (np.abs(a) + offset)
        return np.asarray((np.abs(a - b) <= limit) | (np.isnan(a) & np.isnan(b)))

    return close
