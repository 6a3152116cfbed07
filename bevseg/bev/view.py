"""What a scanner with a narrow view would measure of a cloud: an augmentation of training crops.

Drums of 16 to 128 beams look a few degrees above the horizon, so fronts and crowns end at some height that rises with
the distance. They measure circles, fewer points far off, and nothing behind what stands on their own roof.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numba
import numpy as np

EYE = (1.0, 2.5)
"""Height of the scanner above the ground, m: in a hand, or on the roof of a van."""

OFF = 0.75
"""Its greatest distance from the middle of a crop along each axis, in sides of the crop."""

TOP = (2.0, 20.0)
"""Highest elevation of a beam, degrees: that of the drums on sale."""

BETWEEN = (0.3, 3.0)
"""Angle between two beams, degrees: drums of 128 to 16 beams."""

FADE = (5.0, 60.0)
"""Distance (m) at which half of the points are kept."""

HIDDEN = (10.0, 90.0)
"""Width of the sector that the vehicle hides, degrees."""


class View(NamedTuple):
    """A scanner and what it sees.

    Attributes
    ----------
    x, y
        Where it stands, relative to the middle of the crop, m.
    eye
        Its height above the ground, m.
    top
        Tangent of the highest elevation.
    between
        Angle between two beams, radians; half of it is seen. 0: all is seen.
    fade
        Distance at which half of the points are kept, m.
    hidden_x, hidden_y, hidden_cos
        Direction of the hidden sector and the cosine of half its width; above 1: nothing is hidden.
    """

    x: float
    y: float
    eye: float
    top: float
    between: float
    fade: float
    hidden_x: float
    hidden_y: float
    hidden_cos: float

    @classmethod
    def full(cls) -> Self:
        """Return the view that shows all."""
        return cls(0.0, 0.0, 0.0, np.inf, 0.0, np.inf, 1.0, 0.0, 2.0)

    @classmethod
    def draw(cls, rng: np.random.Generator, side: float) -> Self:
        """Draw a view of a crop of `side` metres. Each of its limits is in force in half of the views."""
        x, y = rng.uniform(-OFF, OFF, 2) * side
        limits = rng.random(4) < 0.5
        top, between, hidden = (np.deg2rad(rng.uniform(*span)) for span in (TOP, BETWEEN, HIDDEN))
        azimuth, fade = rng.uniform(0, 2 * np.pi), rng.uniform(*FADE)
        return cls(
            x=float(x),
            y=float(y),
            eye=float(rng.uniform(*EYE)),
            top=float(np.tan(top)) if limits[0] else np.inf,
            between=float(between) if limits[1] else 0.0,
            fade=float(fade) if limits[2] else np.inf,
            hidden_x=float(np.cos(azimuth)),
            hidden_y=float(np.sin(azimuth)),
            hidden_cos=float(np.cos(hidden / 2)) if limits[3] else 2.0,
        )


@numba.njit(inline="always")
def share_seen(view, x, y, height):  # type: ignore[no-untyped-def]
    """Return the chance (0 to 1) that a view shows a point; x, y from the middle of the crop, height above ground."""
    east, north, above = x - view.x, y - view.y, height - view.eye
    distance = np.sqrt(east * east + north * north)
    if above > view.top * distance:
        return 0.0
    if east * view.hidden_x + north * view.hidden_y > view.hidden_cos * distance:
        return 0.0
    if view.between > 0.0:
        beam = np.arctan2(above, distance) / view.between
        if beam - np.floor(beam) > 0.5:
            return 0.0
    far = distance / view.fade
    return 1.0 / (1.0 + far * far)
