"""A person walks with one or two spinning scanners, on the back or in the hand, along pavements and verges.

Scanners of 16 or 32 beams are 1.2 to 2 m up: one, upright or leaning by 20 to 60 degrees, or an upright one and one
that leans by 60 to 100 degrees, 0.2 to 0.5 m apart. They turn 10 or 20 times per s at 0.5 to 1.5 m/s, and sway by 1
to 3.5 degrees. All turns are kept, or every second, fifth or tenth. Registration leaves 1 to 3 cm in each turn. Half
the returns are lost at 20 to 60 m, and all from further than 10 to 50 m; 60 to 100 % of the rest are kept. Vehicles
and people move from turn to turn: in `shrec20` 0 to 30 on 1 km of a lane and a pavement on average, elsewhere as many
more or fewer as the kind of town has. Walks are 3 to 60 m long. Half the scanners do not see a sector of 10 to 60
degrees, mostly behind them, where the person is; dead beams and bright signs are as in `drums`.
"""

from __future__ import annotations

import numpy as np

from bevseg.sim.instrument.drive import Pace
from bevseg.sim.instrument.drums import DRUMS
from bevseg.sim.instrument.faults import alive, hidden
from bevseg.sim.instrument.sensors import Optics, Sensor
from bevseg.sim.setup import Preset, Setup
from bevseg.sim.town.styles import STYLES

CARRIED = ("VLP-16", "HDL-32E", "VLP-32C")
"""Models that are light enough."""


def draw(rng: np.random.Generator) -> Setup:
    """Draw how one street is scanned."""
    drum = DRUMS[str(rng.choice(CARRIED, p=[0.5, 0.25, 0.25]))]
    rate, every = float(rng.choice([10.0, 20.0])), int(rng.choice([1, 1, 2, 5, 10]))
    yaw: tuple[float, ...]
    pitch: tuple[float, ...]
    if rng.random() < 0.5:
        yaw, pitch = (0.0, 180.0), (rng.uniform(0, 8), rng.uniform(60, 100))
    else:
        leans = rng.random() < 0.4
        yaw, pitch = (rng.uniform(-180, 180),), (rng.uniform(20, 60) if leans else rng.uniform(0, 8),)
    optics = Optics(
        noise=drum.noise * rng.uniform(0.7, 2.0),
        step=0.002,
        reach=rng.uniform(20.0, 60.0),
        farthest=rng.uniform(10.0, 50.0),
        nearest=rng.uniform(0.4, 0.8),
        grazing=rng.uniform(0.05, 0.5),
        kept=rng.uniform(0.6, 1.0),
        divergence=0.003 * rng.uniform(0, 1.5),
        returns=int(rng.integers(1, 3)),
        multipath=rng.uniform(0, 2),
        bloom=float(rng.choice([0.0, rng.uniform(0.05, 0.3)])),
    )
    sensor = Sensor(
        kind="spinning",
        height=rng.uniform(1.2, 2.0),
        step=drum.step * rate / 10,
        spacing=rng.uniform(0.5, 1.5) / rate * every,
        rate=rate / every,
        yaw=yaw,
        pitch=pitch,
        apart=rng.uniform(0.1, 0.25),
        beams=alive(drum.elevations, rng),
        hidden=hidden(rng, 0.5),
        duty=1 / every,
        optics=optics,
    )
    return Setup(
        sensor,
        str(rng.choice(list(STYLES))),
        Pace(swing=0.2, slowing=0.2, stops=0.2, sway=float(np.radians(rng.uniform(1.0, 3.5)))),
        drift=rng.uniform(0.01, 0.03),
        traffic=rng.uniform(0.0, 0.03),
        walks=True,
        shortest=3.0,
        longest=60.0,
    )


PRESET = Preset(draw, points=200_000)
