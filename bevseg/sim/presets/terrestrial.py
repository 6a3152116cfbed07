"""Terrestrial scanners stand on the pavement, 1.6 to 1.9 m up, at two or more stations 30 m apart.

They scan the full sphere, without the cone of the tripod, with a ray every 0.09 to 0.12 degrees. Noise is 3 mm,
the greatest range 120 m. Registration leaves an error of 2 to 6 mm between stations.
"""

from __future__ import annotations

import numpy as np

from bevseg.sim.instrument.sensors import TERRESTRIAL, Optics, Sensor
from bevseg.sim.setup import Preset, Setup


def draw(rng: np.random.Generator) -> Setup:
    """Draw how one street is scanned."""
    step = rng.uniform(0.09, 0.12)
    sensor = Sensor(
        kind=TERRESTRIAL,
        height=rng.uniform(1.6, 1.9),
        step=step,
        spacing=step,
        rate=50.0,
        optics=Optics(
            noise=0.003,
            reach=80.0,
            farthest=120.0,
            nearest=0.6,
            grazing=0.4,
            divergence=0.0006,
            multipath=1.0,
        ),
    )
    return Setup(sensor, "terrestrial", error=rng.uniform(0.002, 0.006), shortest=60.0)


PRESET = Preset(draw, points=3_000_000)
