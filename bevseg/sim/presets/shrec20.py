"""A car with spinning scanners of 32 beams, or with two profilers, drives down the street one to three times.

Spinning scanners (70 %; one, or two that lean apart) lean 30 to 50 degrees, are 1.9 to 2.5 m up and turn 10 times
per s at 9 to 12 m/s. Their noise is 1.5 cm (the manual: +-2 cm), and they record two returns. Profilers are
mounted as on mapping cars: noise 1 cm, a profile every 4 to 6 cm. All passes together measure 20,000 to 30,000
points per m.
"""

from __future__ import annotations

import numpy as np

from bevseg.sim.instrument.drive import Pace
from bevseg.sim.instrument.sensors import Optics, Sensor
from bevseg.sim.setup import Preset, Setup


def draw(rng: np.random.Generator) -> Setup:
    """Draw how one street is scanned."""
    height = rng.uniform(1.9, 2.5)
    if rng.random() < 0.7:
        heads, passes = int(rng.integers(1, 3)), int(rng.integers(1, 4))
        yaw = (180.0,) if heads == 1 else (135.0, -135.0)
        sensor = Sensor(
            kind="spinning",
            height=height,
            step=rng.uniform(0.22, 0.28) * heads * passes,
            spacing=rng.uniform(0.9, 1.2),
            rate=10.0,
            yaw=yaw,
            pitch=rng.uniform(30, 50),
            optics=Optics(
                noise=0.015, step=0.002, reach=50.0, farthest=80.0, divergence=0.003, returns=2, multipath=1.0
            ),
        )
    else:
        passes = int(rng.integers(1, 3))
        sensor = Sensor(
            kind="profiler",
            height=height,
            step=rng.uniform(0.3, 0.4) * passes,
            spacing=rng.uniform(0.04, 0.06),
            rate=160.0,
            yaw=(30.0, -30.0),
            pitch=12.0,
            optics=Optics(noise=0.010, divergence=0.002, multipath=1.0),
        )
    return Setup(
        sensor, "shrec20", Pace(swing=0.1, slowing=0.3), passes=passes, error=rng.uniform(0.01, 0.03)
    )


PRESET = Preset(draw, points=3_000_000)
