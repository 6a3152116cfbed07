"""A tour and a number of points -> a scan with exactly so many returns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bevseg.sim.instrument.drive import Pass
from bevseg.sim.instrument.returns import Returns, joined
from bevseg.sim.instrument.scanner import scan
from bevseg.sim.instrument.sensors import Sensor
from bevseg.sim.scene import Scene
from bevseg.sim.tour import Tour

_SURPLUS = 1.03
"""Returns per wanted point. The surplus is dropped at random, as on wet and dark spots."""
_PROBED = 60_000
"""Rays cast to estimate the number of returns."""


def scan_exactly(
    scene: Scene,
    tour: Tour,
    points: int,
    rng: np.random.Generator,
    progress: Callable[[float, float, int], None],
    *,
    whole: bool,
) -> Returns:
    """Scan until somewhat more than `points` returns are measured, then drop the surplus at random.

    Parameters
    ----------
    scene, tour
        What is scanned, and on which way.
    points
        Number of returns.
    rng
        Draws the part of the tour, noise and drop-outs.
    progress
        Called after each batch with sweeps done, sweeps in all and points so far.
    whole
        Whether the whole tour is scanned, with as many rays as the points need. Otherwise only the part is scanned
        that gives so many points; the density of the rays changes only if no part of the tour does.
    """
    wanted, draw = _SURPLUS * points, rng.random()
    shortest = 1.0 if whole else tour.shortest
    part, first, density = 1.0, 0.0, 1.0
    for _ in range(3):  # parts of the tour have more or fewer returns than their share
        passes = tour.plan(tour.sensor, first, first + part)
        busy = scene.with_movers(tour.movers(tour.sensor, passes))
        density = wanted / expected_returns(busy, tour.sensor, passes)
        if 0.99 < density < 1.01:
            break
        part, before = float(np.clip(part * density, shortest, 1.0)), part
        first = tour.first(part, draw)
        density *= before / part
    while True:
        sensor = tour.sensor.denser(density)
        passes = tour.plan(sensor, first, first + part)
        busy = scene.with_movers(tour.movers(sensor, passes))
        returns = joined(list(scan(busy, sensor, passes, rng, progress=progress)))
        if len(returns) >= points:
            lost = rng.choice(len(returns), len(returns) - points, replace=False, shuffle=False)
            kept = np.ones(len(returns), bool)
            kept[lost] = False
            return returns.only(kept)
        density *= 1.05 * points / max(1, len(returns))


def expected_returns(scene: Scene, sensor: Sensor, passes: list[Pass]) -> float:
    """Estimate the number of returns of the passes, at least 1, from a part of the sweeps."""
    sweep = sensor.pattern().heads * sensor.pattern().rays
    total = sum(one.sweeps for one in passes)
    every = max(1, total * sweep // _PROBED)
    measured = sum(len(range(0, one.sweeps, every)) for one in passes)
    returns = sum(len(part) for part in scan(scene, sensor, passes, np.random.default_rng(0), every=every))
    return max(1.0, returns * total / max(1, measured))
