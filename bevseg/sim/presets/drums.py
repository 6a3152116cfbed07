"""A car or a robot with one spinning scanner, upright, as it is sold: single turns, or turns put together.

One of the eight models of `sim/instrument/drums.py`, with 16 to 128 beams; every second is one that sees no higher
than 11 degrees above the horizon and cuts fronts nearby at 2 to 5 m. It is 1.6 to 2.2 m up, at 5, 10 or 20 turns per
s and 1.5 to 14 m/s. All turns are kept, or every second, fifth or tenth, no further than 4 m apart. Registration
leaves 1 to 5 cm in each turn. Vehicles and people move from turn to turn: in `shrec20` 0 to 30 on 1 km of a lane and
a pavement on average, elsewhere as many more or fewer as the kind of town has. Of all returns 60 to 100 % are kept,
and none from further than 30 to 100 m, or, in three drives of ten, 12 to 30 m. Drives are 3 to 100 m long. Three
scanners in ten do not see a sector of 10 to 60 degrees, mostly behind them; of 15 % up to 15 % of the beams are dead.
Half of them let beams that pass a sign at less than 5 to 30 cm return from its range.
"""

from __future__ import annotations

import numpy as np

from bevseg.sim.instrument.drive import Pace
from bevseg.sim.instrument.drums import DRUMS
from bevseg.sim.instrument.faults import alive, hidden
from bevseg.sim.instrument.sensors import Optics, Sensor
from bevseg.sim.setup import Preset, Setup
from bevseg.sim.town.styles import STYLES

FARTHEST = 4.0
"""Distance of two turns at most, m."""
LOW = 12.0
"""Models whose highest beam is below this cut fronts nearby at 2 to 5 m, degrees."""


def draw(rng: np.random.Generator) -> Setup:
    """Draw how one street is scanned."""
    low = rng.random() < 0.5
    drum = DRUMS[str(rng.choice([name for name in DRUMS if (DRUMS[name].elevations[-1] < LOW) == low]))]
    rate = float(rng.choice([5.0, 10.0, 10.0, 20.0]))
    speed = rng.uniform(1.5, 14.0)
    every = int(
        rng.choice([each for each in (1, 1, 2, 5, 10) if each == 1 or each * speed / rate < FARTHEST])
    )
    optics = Optics(
        noise=drum.noise * rng.uniform(0.7, 2.5),
        step=0.002,
        reach=drum.reach * rng.uniform(0.5, 1.0),
        farthest=rng.uniform(12.0, 30.0) if rng.random() < 0.3 else rng.uniform(30.0, 100.0),
        nearest=1.5,
        grazing=rng.uniform(0.05, 0.5),
        kept=rng.uniform(0.6, 1.0),
        divergence=0.003 * rng.uniform(0, 1.5),
        returns=int(rng.integers(1, 3)),
        multipath=rng.uniform(0, 2),
        bloom=float(rng.choice([0.0, rng.uniform(0.05, 0.3)])),
    )
    sensor = Sensor(
        kind="spinning",
        height=rng.uniform(1.6, 2.2),
        step=drum.step * rate / 10,
        spacing=speed / rate * every,
        rate=rate / every,
        duty=1 / every,
        beams=alive(drum.elevations, rng),
        hidden=hidden(rng, 0.3),
        optics=optics,
    )
    return Setup(
        sensor,
        str(rng.choice(list(STYLES))),
        Pace(swing=0.2, slowing=0.4, stops=0.1, sway=0.003),
        drift=rng.uniform(0.01, 0.05),
        traffic=rng.uniform(0.0, 0.03),
        turns=0.3,
        shortest=3.0,
        longest=100.0,
    )


PRESET = Preset(draw, points=300_000)
