"""Digits of coordinates -> the step that keeps them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import MOST_STEPS, ends_of
from bevseg.io.coordinates import have_decimals, step_for_far_points

_LEAST_DECIMALS, _MOST_DECIMALS = 3, 9
_TOLD = 1e-6
"""Steps above this, in units of the file, are told if digits do not fit them."""


def step(xyz: NDArray[np.float64], path: Path) -> float:
    """Return the coarsest step of 0.001 or finer that keeps all decimals, as far as 32-bit steps span the extent.

    Parameters
    ----------
    xyz
        (N, 3) coordinates in units of the file.
    path
        For the warning, where digits are lost.
    """
    ends = ends_of(*xyz.T) or []
    if not np.isfinite(ends).all():
        xyz = xyz[np.isfinite(xyz).all(axis=1)]
        ends = ends_of(*xyz.T) or []
    wide = step_for_far_points(xyz, ends)
    if wide is not None:
        return wide
    decimals = _LEAST_DECIMALS
    for axis in range(xyz.shape[1]):
        while decimals < _MOST_DECIMALS and not have_decimals(xyz[:, axis : axis + 1], decimals):
            decimals += 1
    wanted = decimals
    extent = max((high - float(np.floor(low)) for low, high in ends), default=0.0)
    while decimals > _LEAST_DECIMALS and extent * 10.0**decimals > MOST_STEPS:
        decimals -= 1
    if decimals < wanted and 10.0**-decimals > _TOLD:
        warnings.warn(
            f"{path}: the coordinates have more digits than 32-bit steps can hold over {extent:.0f} units: outputs "
            f"other than text have steps of {10.0**-decimals:g} units",
            stacklevel=3,
        )
    return float(f"1e-{decimals}")
