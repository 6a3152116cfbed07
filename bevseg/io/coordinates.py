"""Coordinates in the units of their file, and the resolution that they need."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import BLOCK, FARTHEST, MOST_STEPS, Crs, PointCloud, ends_of, points_together

DECIMALS = (3, 4, 5, 6)
"""Decimals of the steps that coordinates are stored in, coarsest first."""
_MOST_DECIMALS = 9
_SMALL = 0.1
"""Metres per unit, below which coordinates of a country are larger than `core.pointcloud.FARTHEST`."""
_SAMPLE = 1000
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


def step_of(
    xyz: NDArray[np.floating],
    *,
    ends: Sequence[tuple[float, float]] | None = None,
    otherwise: int = DECIMALS[0],
) -> float:
    """Return the step, in units of the file, in which coordinates are to be stored as integers.

    Parameters
    ----------
    xyz
        (N, 3) float32 or float64; NaN and infinity say nothing.
    ends
        Their `finite_ends`, where they are known.
    otherwise
        Decimals of values that are no decimal numbers: a transformation gave them, and scanners measure no finer.

    Returns
    -------
    float
        The coarsest of 1e-3, 1e-4, 1e-5 and 1e-6 whose multiples are all the values, to the last bit of their type;
        if none is, that of `otherwise`. A coarser one where the extent would not fit in 32-bit integers.
    """
    ends = finite_ends(xyz) if ends is None else ends
    wide = step_for_far_points(xyz, ends)
    if wide is not None:
        return wide
    stride = max(len(xyz) // _SAMPLE, 1)
    fitting = (
        decimals
        for decimals in DECIMALS
        if have_decimals(xyz[::stride], decimals) and have_decimals(xyz, decimals)
    )
    decimals = next(fitting, otherwise)
    finer = (10.0**-places for places in range(decimals, DECIMALS[0], -1))
    return next((step for step in finer if _fits(ends, step)), float(10.0 ** -DECIMALS[0]))


def step_for_far_points(xyz: NDArray[np.floating], ends: Sequence[tuple[float, float]]) -> float | None:
    """Return the finest of 0.01, 0.1 and 1 that keeps all digits and an extent too large for 0.001.

    None unless few points make the extent so large: LAS can hold such points, and what is made of it holds them too.
    `ends` are those of the finite values.
    """
    least = 10.0 ** -DECIMALS[0]
    if _fits(ends, least):
        return None
    xyz = xyz[np.isfinite(xyz).all(axis=1)]
    ends = finite_ends(xyz)
    if points_together(xyz, ends, least) is None or _largest(ends) > FARTHEST:
        return None
    steps = (10.0**-decimals for decimals in range(DECIMALS[0] - 1, -1, -1) if have_decimals(xyz, decimals))
    return next((step for step in steps if _fits(ends, step)), None)


def have_decimals(xyz: NDArray[np.floating], decimals: int) -> bool:
    """Whether all finite values are those nearest to a number with so many decimals."""

    def nearest(values: NDArray[np.floating]) -> NDArray[np.floating]:
        near = values.astype(np.float64)
        near *= 10.0**decimals
        np.rint(near, out=near)
        near /= 10.0**decimals
        return near.astype(values.dtype, copy=False)

    return _are_kept(xyz, nearest)


def _are_kept(
    xyz: NDArray[np.floating], rounded: Callable[[NDArray[np.floating]], NDArray[np.floating]]
) -> bool:
    """Whether rounding changes no finite value; the first one that it changes ends the search."""
    with np.errstate(over="ignore", invalid="ignore"):
        for column in xyz.T:
            for start in range(0, len(column), BLOCK):
                values = column[start : start + BLOCK]
                same = rounded(values) == values
                if not same.all() and np.isfinite(values[~same]).any():
                    return False
    return True


def _fits(ends: Sequence[tuple[float, float]], step: float) -> bool:
    """Whether the extent fits in 32-bit integers."""
    return all(high - float(np.floor(low)) < MOST_STEPS * step for low, high in ends)


def finite_ends(xyz: NDArray[np.floating]) -> list[tuple[float, float]]:
    """Return the smallest and the largest finite value of each column; infinity and its negative if there is none."""
    ends = ends_of(*xyz.T)
    if ends is not None and np.isfinite(ends).all():
        return ends
    none = [(np.inf, -np.inf)]
    return [(ends_of(column, kept=np.isfinite(column)) or none)[0] for column in xyz.T]


def _largest(ends: Sequence[tuple[float, float]]) -> float:
    return max(abs(end) for both in ends for end in both)


def float32_step(
    xyz: NDArray[np.floating], *, ends: Sequence[tuple[float, float]] | None = None
) -> float | None:
    """Return the distance between 32-bit floats as large as the coordinates, where that is coarse and they are such.

    Parameters
    ----------
    xyz
        (N, 3), float32; or float64 that was float32 before: 1,000 points or more, all such floats, not all whole.
    ends
        Their `finite_ends`, where they are known.

    Returns
    -------
    float or None
        Units of the file; None if no digits are lost, or if less than 0.01 units.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        step = float(np.spacing(np.float32(_largest(finite_ends(xyz) if ends is None else ends))))
    if not np.isfinite(step) or step < _COARSE:
        return None
    if xyz.dtype != np.float32:
        if len(xyz) < _SAMPLE:
            return None  # too few to tell chance from loss
        if not all(_were_float32(values) for values in (xyz[:: len(xyz) // _SAMPLE], xyz)):
            return None
        if _are_kept(xyz, np.rint):
            return None  # whole units can be meant
    return step


def _were_float32(xyz: NDArray[np.floating]) -> bool:
    return _are_kept(xyz, lambda values: values.astype(np.float32))
