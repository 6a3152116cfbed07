"""One of `oakland` (50 %), `shrec20` (35 %) and `terrestrial` (15 %), with its numbers drawn widely.

Height 1.2 to 3.5 m. Line scanners have one or two heads, to either side or both, yawed 20 to 160 degrees off the
driving direction, with rays 0.25 to 1 degree and profiles 0.05 to 0.5 m apart; like that of `oakland` they
measure nothing below the vehicle and little behind glass. Noise 0.3 to 4 cm. Half the returns are lost at 20 to
70 m; of all returns 40 to 100 % are kept. Drives are at least 40, 80 or 120 m long and at most 250 m.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bevseg.sim.instrument.drive import Pace
from bevseg.sim.presets import oakland, shrec20, terrestrial
from bevseg.sim.setup import Preset, Setup
from bevseg.sim.town.styles import STYLES


def draw(rng: np.random.Generator) -> Setup:
    """Draw how one street is scanned."""
    kind = rng.choice(3, p=[0.5, 0.35, 0.15])
    setup = (oakland, shrec20, terrestrial)[kind].PRESET.draw(rng)
    sensor = setup.sensor
    if sensor.kind == "line_scanner":
        side = rng.choice([-1, 1])
        yaw = (
            float(side * rng.uniform(20, 160)),
            *([float(-side * rng.uniform(20, 160))] if rng.random() < 0.3 else []),
        )
        sensor = replace(
            sensor,
            yaw=yaw,
            step=float(rng.choice([0.25, 0.5, 0.5, 1.0])),
            spacing=float(np.exp(rng.uniform(np.log(0.05), np.log(0.5)))),
        )
    elif sensor.kind == "spinning":
        sensor = replace(sensor, pitch=rng.uniform(0, 60), step=float(rng.uniform(0.2, 0.8)))
    elif sensor.kind == "profiler":
        turned = float(rng.uniform(0, 60))
        both = rng.random() < 0.7
        sensor = replace(sensor, yaw=(turned, -turned) if both else (turned,), pitch=rng.uniform(0, 30))
    reach = float(np.exp(rng.uniform(np.log(20), np.log(70))))
    optics = replace(
        sensor.optics,
        noise=float(np.exp(rng.uniform(np.log(0.003), np.log(0.04)))),
        reach=reach,
        farthest=min(2 * reach, 120.0),
        grazing=rng.uniform(0.05, 0.5),
        kept=rng.uniform(0.4, 1.0),
        divergence=float(sensor.optics.divergence * rng.uniform(0, 2)),
        multipath=rng.uniform(0, 2),
    )
    return replace(
        setup,
        sensor=replace(sensor, height=rng.uniform(1.2, 3.5), optics=optics),
        pace=Pace(swing=rng.uniform(0, 0.35), slowing=0.5, stops=0.1),
        error=0.0 if setup.passes == 1 else rng.uniform(0.0, 0.04),
        turns=0.3 if setup.passes == 1 else 0.0,
        shortest=float(rng.choice([40.0, 80.0, 120.0])),
        longest=250.0,
        style=str(rng.choice(list(STYLES))),
        resolution=float(rng.choice([0.001, 0.01])),
    )


PRESET = Preset(draw, points=200_000)
