"""Density of the points -> the method that looks for the ground, and the reason for people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.ground.search_grids import COARSE, blocks

CROWDED = 50.0
"""So many points per square metre show every kerb, whatever they were taken from."""

DENSE, UNEVEN = 8.0, 1.8
"""So many do if they are this many times more in the mean than in the median: close to a scanner on the street they
crowd, and from the air they do not."""


def choose_method(method: str, density: float, unevenness: float) -> tuple[str, str]:
    """Return the method that is taken, and why."""
    if method != "auto":
        return method, "asked for"
    facts = f"{density:.1f} points in a square metre that holds any, {unevenness:.1f} times the median"
    if density >= CROWDED or (density >= DENSE and unevenness >= UNEVEN):
        return "flat-zones", f"a dense scan, as from the street: {facts}"
    return "smrf", f"a sparse or even scan, as from above: {facts}"


def point_density(count: NDArray[np.int64]) -> tuple[float, float]:
    """Return points per square metre of what was seen, and how many times more they are in the mean than mostly."""
    each = blocks(count).sum(axis=(1, 3))
    each = each[each > 0]
    return float(each.mean()) / COARSE**2, float(each.mean() / np.median(each))
