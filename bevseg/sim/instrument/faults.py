"""What a spinning scanner does not see, as it is mounted and worn: dead beams, and azimuths behind something."""

from __future__ import annotations

import numpy as np

_DEAD = 0.15
"""Chance that beams of a scanner are dead, and the greatest share of them."""


def alive(elevations: tuple[float, ...], rng: np.random.Generator) -> tuple[float, ...]:
    """Return the beams of a scanner that measure: all, or, of some scanners, 85 to 100 % of them.

    A beam is dead where the window is dirty over a whole turn, or its laser is.
    """
    if rng.random() > _DEAD:
        return elevations
    works = rng.random(len(elevations)) > rng.uniform(0.0, _DEAD)
    return tuple(angle for angle, kept in zip(elevations, works.tolist(), strict=True) if kept) or elevations


def hidden(rng: np.random.Generator, chance: float) -> tuple[tuple[float, float], ...]:
    """Return the azimuths that a scanner does not see, from and to, degrees to the right of ahead.

    There is one sector, by `chance`, or none. It is 10 to 60 degrees wide: the mount, the roof rack or the person
    that carries the scanner, mostly behind it, or dirt on its window.
    """
    if rng.random() > chance:
        return ()
    behind = rng.random() < 0.7
    middle = rng.uniform(140.0, 220.0) if behind else rng.uniform(0.0, 360.0)
    half = rng.uniform(5.0, 30.0)
    return ((middle - half, middle + half),)
