"""Spinning scanners as they are sold: the elevations of their beams, and how they measure.

Beams are not spread evenly: most look at the road some way ahead. All end 2 to 22 degrees above the horizon, so that
fronts and crowns nearby are cut off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Drum:
    """One model of a spinning scanner."""

    elevations: tuple[float, ...]
    """Angles of the beams above the horizon, degrees, from low to high."""
    noise: float
    """Standard deviation of a range, m: a third of what the maker calls the accuracy, or the stated deviation."""
    reach: float
    """Range at which half the returns of a grey surface are lost, m: chosen, well below what the maker states."""
    step: float
    """Angle between two rays of a beam at 10 turns per second, degrees."""


def _even(low: float, high: float, beams: int) -> tuple[float, ...]:
    return tuple(np.linspace(low, high, beams).tolist())


def _pandar(fine: float) -> tuple[float, ...]:
    """Return beams that lie 1 to 6 degrees apart, and closer from 6 degrees below the horizon to 2 above."""
    middle = np.arange(-6.0, 2.0 + fine / 2, fine)
    return (-25.0, -19.0, *np.arange(-14.0, -6.5).tolist(), *middle.tolist(), 3.0, 5.0, 8.0, 11.0, 15.0)


# fmt: off
_VLP32C = (
    -25.0, -15.639, -11.31, -8.843, -7.254, -6.148, -5.333, -4.667, -4.0, -3.667, -3.333, -3.0, -2.667, -2.333,
    -2.0, -1.667, -1.333, -1.0, -0.667, -0.333, 0.0, 0.333, 0.667, 1.0, 1.333, 1.667, 2.333, 3.333, 4.667, 7.0,
    10.333, 15.0,
)
# fmt: on

DRUMS = {
    "VLP-16": Drum(_even(-15.0, 15.0, 16), noise=0.010, reach=45.0, step=0.2),
    "HDL-32E": Drum(_even(-30.67, 10.67, 32), noise=0.010, reach=50.0, step=0.16),
    "VLP-32C": Drum(_VLP32C, noise=0.010, reach=80.0, step=0.2),
    "HDL-64E": Drum((*_even(-24.33, -8.83, 32), *_even(-8.33, 2.0, 32)), noise=0.007, reach=60.0, step=0.17),
    "OS1-64": Drum(_even(-22.5, 22.5, 64), noise=0.010, reach=50.0, step=0.35),
    "OS1-128": Drum(_even(-22.5, 22.5, 128), noise=0.010, reach=50.0, step=0.35),
    "Pandar40": Drum(_pandar(1 / 3), noise=0.007, reach=80.0, step=0.2),
    "Pandar64": Drum(_pandar(1 / 6), noise=0.007, reach=80.0, step=0.2),
}
"""Name of a model -> what its user's manual says of it (Velodyne 63-9243, 63-9113, 63-9325, 63-HDL64ES3; Ouster OS1
datasheet; Hesai Pandar40P and Pandar64 manuals)."""
