"""Coordinates in the units of their file, and the resolution that they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import INT32, Crs, PointCloud

DECIMALS = (3, 4, 5, 6)
"""Decimals of the steps that coordinates are stored in, coarsest first."""
_SAMPLE = 1000
_BLOCK = 1 << 14
"""Values that are tested together: they stay in the cache."""
_COARSE = 0.01
"""Units between two 32-bit floats from which on the loss of digits shows in a street scan."""


def units(cloud: PointCloud) -> tuple[float, float, float]:
    """Return metres per unit of the file for x, y and z."""
    crs = cloud.crs or Crs("")
    return crs.horizontal, crs.horizontal, crs.vertical


def lost_system(cloud: PointCloud, kind: str) -> list[str]:
    """Return what a format without reference systems, `PLY` say, cannot hold of it, one sentence each."""
    if cloud.crs is None:
        return []
    other = sorted({size for size in units(cloud) if size != 1.0})
    sizes = " and ".join(f"{size:.10g} m" for size in other)
    return [
        *([f"{kind} has no place for the coordinate reference system"] if cloud.crs.wkt else []),
        *([f"the coordinates stay in units of {sizes}, and {kind} does not say so"] if other else []),
    ]


def in_file_units(cloud: PointCloud) -> Iterator[NDArray[np.float64]]:
    """Yield x, y and z in the units of the file, NaN for points that are not finite."""
    steps = (cloud.x, cloud.y, cloud.z)
    for values, scale, offset, unit in zip(steps, cloud.scale, cloud.offset, units(cloud), strict=True):
        world = np.multiply(values, scale / unit, dtype=np.float64) + offset / unit
        if cloud.finite is not None:
            world[~cloud.finite] = np.nan
        yield world


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
    stride = max(len(xyz) // _SAMPLE, 1)
    fitting = (
        decimals
        for decimals in DECIMALS
        if have_decimals(xyz[::stride], decimals) and have_decimals(xyz, decimals)
    )
    decimals = next(fitting, otherwise)
    finer = (10.0**-places for places in range(decimals, DECIMALS[0], -1))
    return next((step for step in finer if _fits(xyz, step)), float(10.0 ** -DECIMALS[0]))


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
            for start in range(0, len(column), _BLOCK):
                values = column[start : start + _BLOCK]
                same = rounded(values) == values
                if not same.all() and np.isfinite(values[~same]).any():
                    return False
    return True


def _fits(xyz: NDArray[np.floating], step: float) -> bool:
    """Whether the extent fits in 32-bit integers."""
    lowest, highest = _ends(xyz)
    return bool((highest - np.floor(lowest) < INT32.max * step).all())


def _ends(xyz: NDArray[np.floating]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return the smallest and the largest finite value of each column; infinity and its negative if there is none."""
    if len(xyz):
        lowest, highest = xyz.min(axis=0), xyz.max(axis=0)
        if np.isfinite([lowest, highest]).all():
            return lowest, highest
    finite = np.isfinite(xyz)
    return (
        np.min(xyz, axis=0, where=finite, initial=np.inf),
        np.max(xyz, axis=0, where=finite, initial=-np.inf),
    )


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
    with np.errstate(over="ignore", invalid="ignore"):
        step = float(np.spacing(np.float32(np.max(np.abs(_ends(xyz))))))
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
