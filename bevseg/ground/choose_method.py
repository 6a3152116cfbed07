"""Choose the ground method from the density of the points, with the reason as text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.ground.search_grids import COARSE

CROWDED = 50.0
"""A scan of this many points per square metre shows every kerb, from the street or from above."""

DENSE, UNEVEN = 8.0, 1.8
"""This many points per square metre are enough if their mean is this many times their median: points crowd close to a
scanner on the street, and do not from the air."""


def choose_method(method: str, density: float, unevenness: float) -> tuple[str, str]:
    """Return the method and the reason for it.

    Parameters
    ----------
    method
        As in the settings: `auto` takes the one that fits the density.
    density, unevenness
        As from `point_density`.
    """
    if method != "auto":
        return method, "asked for"
    facts = f"{density:.1f} points in a square metre that holds any, {unevenness:.1f} times the median"
    if density >= CROWDED or (density >= DENSE and unevenness >= UNEVEN):
        return "flat-zones", f"a dense scan, as from the street: {facts}"
    return "smrf", f"a sparse or even scan, as from above: {facts}"


def point_density(count: NDArray[np.integer]) -> tuple[float, float]:
    """Return the mean number of points per square metre that holds any, and how many times the median that is.

    Parameters
    ----------
    count
        (rows, cols): points of each coarse cell of the search.
    """
    each = count[count > 0]
    return float(each.mean()) / COARSE**2, float(each.mean() / np.median(each))
