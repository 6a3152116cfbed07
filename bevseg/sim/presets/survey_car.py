"""A car surveys the street with one or two profilers of today, fast and precise; the cloud is whole or thinned.

Profilers are 1.8 to 3 m up and scan full circles, turned 30 to 45 degrees about the vertical axis and pitched as
much or less, two of them to opposite sides. They make 200 to 250 profiles per s, with a ray every 0.08 to 0.2
degrees, at 5 to 15 m/s: a profile every 2 to 7.5 cm. Noise is 3 to 8 mm, and half the returns are lost at 60 to 100
m. A third of the clouds is whole; in the others 5 to 100 % of the points are left, every n-th or random ones. One or
two passes; registration leaves 0.5 to 2 cm between two. Drives are 10 to 250 m long.
"""

from __future__ import annotations

import numpy as np

from bevseg.sim.instrument.drive import Pace
from bevseg.sim.instrument.sensors import Optics, Sensor
from bevseg.sim.setup import Preset, Setup
from bevseg.sim.town.styles import STYLES

SPARSEST = 0.25
"""Least share of the rays that is kept at random. More is thinned evenly before, which looks alike and costs less."""


def draw(rng: np.random.Generator) -> Setup:
    """Draw how one street is scanned."""
    turned, rate = rng.uniform(30, 45), rng.uniform(200.0, 250.0)
    side = int(rng.choice([-1, 1]))
    passes = int(rng.integers(1, 3))
    left = 1.0 if rng.random() < 1 / 3 else float(np.exp(rng.uniform(np.log(0.05), 0.0)))
    kept = max(left, SPARSEST) if rng.random() < 0.5 else 1.0
    reach = rng.uniform(60.0, 100.0)
    sensor = Sensor(
        kind="profiler",
        height=rng.uniform(1.8, 3.0),
        step=rng.uniform(0.08, 0.2) * kept / left,
        spacing=rng.uniform(5.0, 15.0) / rate,
        rate=rate,
        yaw=(turned, -turned) if rng.random() < 0.6 else (side * turned,),
        pitch=rng.uniform(0, turned),
        optics=Optics(
            noise=rng.uniform(0.003, 0.008),
            reach=reach,
            farthest=1.5 * reach,
            grazing=rng.uniform(0.2, 0.5),
            kept=kept,
            divergence=rng.uniform(0.0003, 0.001),
            returns=int(rng.integers(1, 3)),
            multipath=rng.uniform(0.5, 1.5),
        ),
    )
    return Setup(
        sensor,
        str(rng.choice(list(STYLES))),
        Pace(swing=0.15, slowing=0.4, stops=0.05, sway=0.0005),
        passes=passes,
        error=rng.uniform(0.005, 0.02),
        turns=0.3 if passes == 1 else 0.0,
        shortest=10.0,
        longest=250.0,
    )


PRESET = Preset(draw, points=1_000_000)
