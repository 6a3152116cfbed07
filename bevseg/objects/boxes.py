"""Places -> the smallest box around them, turned as it fits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Box(NamedTuple):
    """A turned rectangle.

    Attributes
    ----------
    x, y
        Its centre, m.
    length, width
        Longer and shorter side, m.
    heading
        Direction of the longer side, degrees clockwise from north, 0 to 180.
    """

    x: float
    y: float
    length: float
    width: float
    heading: float


def smallest_box(x: NDArray[np.float64], y: NDArray[np.float64]) -> Box:
    """Return the rectangle of least area around places (N,), its direction in whole degrees."""
    middle = np.array([(x.min() + x.max()) / 2, (y.min() + y.max()) / 2])
    places = np.stack([x, y], axis=1) - middle
    angles = np.radians(np.arange(90))
    axes = np.stack([np.cos(angles), np.sin(angles)])  # 2 x 90
    along, across = places @ axes, places @ np.stack([-axes[1], axes[0]])
    sides = np.ptp(along, axis=0), np.ptp(across, axis=0)
    # Along a line of places, many boxes have no area: then the one with the shorter border.
    best = int(np.argmin(np.rint(sides[0] * sides[1] * 1e6) + (sides[0] + sides[1]) * 1e-3))
    u, v = axes[:, best], np.array([-axes[1, best], axes[0, best]])
    at = middle + u * _middle(along[:, best]) + v * _middle(across[:, best])
    length, width = float(sides[0][best]), float(sides[1][best])
    angle = float(best)
    if width > length:
        length, width, angle = width, length, angle + 90
    return Box(float(at[0]), float(at[1]), length, width, (90 - angle) % 180)


def _middle(values: NDArray[np.float64]) -> float:
    return float(values.min() + values.max()) / 2
