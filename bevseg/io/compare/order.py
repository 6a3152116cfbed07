"""Result whose points were sorted into an octree -> the same points in the order of the source."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud
from bevseg.io.compare.fields import fields_of, named
from bevseg.io.coordinates import in_file_units
from bevseg.io.las.source import LasSource


def in_order_of(source: PointCloud, result: PointCloud) -> PointCloud:
    """Return the result with its points in the order of the source.

    Points are matched by coordinates; of points at one place, by the values of fields with the same names. If points
    are not the same in both, some have a wrong partner, and a comparison finds that.

    Parameters
    ----------
    source, result
        Clouds with the same number of points; the result is COPC.
    """
    sorted_as = result.source
    assert isinstance(sorted_as, LasSource)
    places = places_of(source, result)
    return dataclasses.replace(
        result,
        x=result.x[places],
        y=result.y[places],
        z=result.z[places],
        labels=None,
        finite=None,
        far=None,
        source=dataclasses.replace(sorted_as, points=sorted_as.points[places]),
    )


def places_of(source: PointCloud, result: PointCloud) -> NDArray[np.intp]:
    """Return (N,) the place in the result of each point of the source; see `in_order_of`."""
    sorted_as = result.source
    assert isinstance(sorted_as, LasSource)
    keys: list[tuple[NDArray[Any], NDArray[Any]]] = []
    axes = zip(in_file_units(source), in_file_units(result), sorted_as.scale, sorted_as.offset, strict=True)
    for one, other, scale, offset in axes:
        lowest = np.min(one, where=np.isfinite(one), initial=np.inf)
        one[~np.isfinite(one)] = lowest if np.isfinite(lowest) else other[0]
        keys.append((np.rint((one - offset) / scale), np.rint((other - offset) / scale)))
    fields, there = fields_of(source), fields_of(result)
    for name, values in fields.items():
        match = next(named(name, there), None)
        if match is not None and values.dtype.kind in "biuf":
            keys.append((values, there[match]))
    orders = [np.lexsort([pair[side] for pair in reversed(keys)]) for side in (0, 1)]
    places = np.empty(len(source), np.intp)
    places[orders[0]] = orders[1]
    return places
