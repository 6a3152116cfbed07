"""Coordinates in the units of their file, and the resolution that they need."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import FARTHEST, MOST_STEPS, Crs, PointCloud, points_together

DECIMALS = (3, 4, 5, 6)
"""Decimals of the steps that coordinates are stored in, coarsest first."""
_MOST_DECIMALS = 9
_SMALL = 0.1
"""Metres per unit, below which coordinates of a country are larger than `core.pointcloud.FARTHEST`."""
_SAMPLE = 1000
_BLOCK = 1 << 20
_COARSE = 0.01
"""Units between two 32-bit floats from which on the loss of digits shows in a street scan."""


def in_metres(
    xyz: NDArray[np.floating], step: float, metres: tuple[float, float] | None, source: object, path: Path
) -> PointCloud:
    """Return a cloud of coordinates in units of the file.

    Parameters
    ----------
    xyz
        (N, 3).
    step
        Units per step.
    metres
        Metres per horizontal and per vertical unit; None if the file names none.
    source, path
        What was read, and from where.
    """
    across, up = metres or (1.0, 1.0)
    crs = None if (across, up) == (1.0, 1.0) else Crs("", across, up)
    if across == up < _SMALL:  # numbers of a country are too large in such units
        return PointCloud.from_xyz(xyz * across, scale=step * across, crs=crs, name=str(path), source=source)
    return PointCloud.from_xyz(xyz, scale=step, unit=(across, up), crs=crs, name=str(path), source=source)


def units(cloud: PointCloud) -> tuple[float, float, float]:
    """Return metres per unit of the file for x, y and z."""
    crs = cloud.crs or Crs("")
    return crs.horizontal, crs.horizontal, crs.vertical


def lost_system(cloud: PointCloud, kind: str) -> list[str]:
    """Return a sentence if there is a system, which a format such as `PLY` has no place for. Units are kept."""
    known = cloud.crs is not None and cloud.crs.wkt
    return [f"{kind} has no place for the coordinate reference system"] if known else []


def in_file_units(cloud: PointCloud) -> Iterator[NDArray[np.float64]]:
    """Yield x, y and z in the units of the file, NaN for points that are not finite.

    Decimal steps give the doubles nearest to their decimals, by which `step_of` finds the steps again.
    """
    steps = (cloud.x, cloud.y, cloud.z)
    for values, scale, offset, unit in zip(steps, cloud.scale, cloud.offset, units(cloud), strict=True):
        world = np.multiply(values, scale / unit, dtype=np.float64) + offset / unit
        places = _decimals_of(scale / unit, offset / unit)
        if places is not None:
            world = np.rint(world * 10.0**places) / 10.0**places
        if cloud.finite is not None:
            world[~cloud.finite] = np.nan
        yield world


def _decimals_of(*numbers: float) -> int | None:
    """Return the decimals that all numbers need; None if they need more than `_MOST_DECIMALS`."""
    for places in range(_MOST_DECIMALS + 1):
        if all(math.isclose(number, round(number, places), rel_tol=1e-12) for number in numbers):
            return places
    return None


def step_of(xyz: NDArray[np.floating], *, otherwise: int = DECIMALS[0]) -> float:
    """Return the step, in units of the file, in which coordinates are to be stored as integers.

    Parameters
    ----------
    xyz
        (N, 3) float32 or float64; NaN and infinity say nothing.
    otherwise
        Decimals of values that are no decimal numbers: a transformation gave them, and scanners measure no finer.

    Returns
    -------
    float
        The coarsest of 1e-3, 1e-4, 1e-5 and 1e-6 whose multiples are all the values, to the last bit of their type;
        if none is, that of `otherwise`. A coarser one where the extent would not fit in 32-bit integers.
    """
    wide = step_for_far_points(xyz)
    if wide is not None:
        return wide
    stride = max(len(xyz) // _SAMPLE, 1)
    for decimals in DECIMALS:
        if _has_decimals(xyz[::stride], decimals) and all(
            _has_decimals(xyz[start : start + _BLOCK], decimals) for start in range(0, len(xyz), _BLOCK)
        ):
            break
    else:
        decimals = otherwise
    finer = (10.0**-places for places in range(decimals, DECIMALS[0], -1))
    return next((step for step in finer if _fits(xyz, step)), float(10.0 ** -DECIMALS[0]))


def step_for_far_points(xyz: NDArray[np.floating]) -> float | None:
    """Return the finest of 0.01, 0.1 and 1 that keeps all digits and an extent too large for 0.001.

    None unless few points make the extent so large: LAS can hold such points, and what is made of it holds them too.
    """
    least = 10.0 ** -DECIMALS[0]
    if _fits(xyz, least):
        return None
    xyz = xyz[np.isfinite(xyz).all(axis=1)]
    if points_together(xyz, least) is None or np.abs(xyz).max() > FARTHEST:
        return None
    steps = (10.0**-decimals for decimals in range(DECIMALS[0] - 1, -1, -1) if _has_decimals(xyz, decimals))
    return next((step for step in steps if _fits(xyz, step)), None)


def _has_decimals(values: NDArray[np.floating], decimals: int) -> bool:
    """Whether all finite values are those nearest to a number with so many decimals."""
    with np.errstate(over="ignore", invalid="ignore"):
        wide = values.astype(np.float64)
        near = np.rint(wide * 10.0**decimals) / 10.0**decimals
        return bool(((near.astype(values.dtype) == values) | ~np.isfinite(values)).all())


def _fits(xyz: NDArray[np.floating], step: float) -> bool:
    """Whether the extent fits in 32-bit integers."""
    lowest, highest = (np.array(ends) for ends in finite_ends(xyz))
    return bool((highest - np.floor(lowest) < MOST_STEPS * step).all())


def finite_ends(xyz: NDArray[np.floating]) -> tuple[list[float], list[float]]:
    """Return lowest and highest x, y and z of (N, 3) coordinates, NaN and infinity left out."""
    finite = np.isfinite(xyz)
    lowest = np.min(xyz, axis=0, where=finite, initial=np.inf)
    highest = np.max(xyz, axis=0, where=finite, initial=-np.inf)
    return lowest.tolist(), highest.tolist()


def float32_step(xyz: NDArray[np.floating]) -> float | None:
    """Return the distance between 32-bit floats as large as the coordinates, where that is coarse and they are such.

    Parameters
    ----------
    xyz
        (N, 3), float32; or float64 that was float32 before: 1,000 points or more, all such floats, not all whole.

    Returns
    -------
    float or None
        Units of the file; None if no digits are lost, or if less than 0.01 units.
    """
    finite = np.isfinite(xyz)
    with np.errstate(over="ignore"):
        largest = np.float32(np.max(np.abs(xyz), where=finite, initial=0.0))
    step = float(np.spacing(largest))
    if not np.isfinite(step) or step < _COARSE:
        return None
    if xyz.dtype != np.float32:
        if len(xyz) < _SAMPLE:
            return None  # too few to tell chance from loss
        if not all(_were_float32(values) for values in (xyz[:: len(xyz) // _SAMPLE], xyz)):
            return None
        if (np.rint(xyz) == xyz)[finite].all():
            return None  # whole units can be meant
    return step


def _were_float32(values: NDArray[np.floating]) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        return bool((values.astype(np.float32) == values)[np.isfinite(values)].all())
