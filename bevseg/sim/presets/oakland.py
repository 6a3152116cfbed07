"""A car carries a line scanner on its right: a ray every 0.5 degrees in a vertical plane, yawed 45 degrees.

The scanner is 1.85 to 1.95 m up and scans from 11 to 15 degrees off straight down to straight up. Profiles lie
0.14 to 0.35 m apart, mostly 0.18 to 0.27: drawn for a cloud, then changed by the speed. One drive in ten crawls
and stops again and again, with profiles about 0.1 m apart. Ranges are rounded to 1 cm and have a noise of 0.8 cm.
No range exceeds 66 m; few returns are lost to distance, because half would be lost only at 80 to 100 m. Surfaces
at grazing incidence, and surfaces behind glass, seldom return the beam.
"""

from __future__ import annotations

import numpy as np

from bevseg.sim.instrument.drive import Pace
from bevseg.sim.instrument.sensors import Optics, Sensor
from bevseg.sim.setup import Preset, Setup


def draw(rng: np.random.Generator) -> Setup:
    """Draw how one street is scanned."""
    crawls = rng.random() < 0.1
    usual = np.clip(0.22 * np.exp(0.2 * rng.standard_normal()), 0.14, 0.35)
    spacing = rng.uniform(0.08, 0.12) if crawls else usual
    sensor = Sensor(
        kind="line_scanner",
        height=rng.uniform(1.85, 1.95),
        step=0.5,
        spacing=float(spacing),
        rate=37.5,
        yaw=(-45.0 + rng.uniform(-1, 1),),
        blind=rng.uniform(11, 15),
        optics=Optics(
            noise=0.008,
            step=0.01,
            reach=rng.uniform(80, 100),
            farthest=66.0,
            grazing=0.05,
            divergence=0.006,
            multipath=1.0,
            through=0.2,
        ),
    )
    return Setup(
        sensor,
        "oakland",
        Pace(swing=0.8 if crawls else 0.2, slowing=0.5, stops=0.3, sway=0.001),
        turns=0.4,
        resolution=0.01,
    )


PRESET = Preset(draw, points=100_000)
