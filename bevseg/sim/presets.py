"""Named ways to survey a street: instrument, mounting, drive and kind of town, drawn modestly around what is usual.

`mixed` draws a way and then its numbers widely, so that who learns from it learns no single instrument by heart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from bevseg.sim.instrument.drive import Pace
from bevseg.sim.instrument.sensors import Optics, Sensor
from bevseg.sim.town.style import STYLES

_TRIPOD = "terrestrial"


@dataclass(frozen=True)
class Setup:
    """How one street is surveyed."""

    sensor: Sensor
    style: str
    """Kind of town, a key of `style.STYLES`."""
    pace: Pace = field(default_factory=Pace)
    passes: int = 1
    """Drives; every other one comes back in the opposite lane, where that is free."""
    error: float = 0.0
    """Standard deviation of the error that registration leaves in a pass or station, m."""
    turns: float = 0.0
    """Chance that the drive turns off into a cross street, if there is one."""
    shortest: float = 40.0
    """Length at least, m; fewer points than the sensor brings home from there lie further apart."""
    longest: float = 1000.0
    """Length of a drive at most, m; more points lie closer together. Tripods go on."""
    resolution: float = 0.001
    """Step of the coordinates, m."""

    @property
    def stands(self) -> bool:
        """Whether the instrument stands on tripods instead of being driven."""
        return self.sensor.kind == _TRIPOD


@dataclass(frozen=True)
class Preset:
    """A named way to survey."""

    draw: Callable[[np.random.Generator], Setup]
    points: int
    """Points of a cloud, unless told."""


def _shrec20(rng: np.random.Generator) -> Setup:
    """Draw a car with drums of 32 beams, or with two profilers, that drives down the street one to three times.

    Drums (70 %; one, or two that lean apart): leaning 30 to 50 degrees, 1.9 to 2.5 m up, 10 turns per s at 9 to
    12 m/s; noise 1.5 cm (the manual: +-2 cm), two returns. Profilers as they are on survey cars: noise 1 cm, a
    profile every 4 to 6 cm. All passes together bring home 20,000 to 30,000 points per m.
    """
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


def _oakland(rng: np.random.Generator) -> Setup:
    """Draw a push-broom on the right of a car: a ray every 0.5 degrees in a plane turned 45 degrees.

    1.85 to 1.95 m up; from 11 to 15 degrees off straight down to straight up. Profiles 0.14 to 0.35 m apart, mostly
    0.18 to 0.27, drawn for a cloud and then changing with the speed; one drive in ten crawls, by fits and starts,
    with profiles about 0.1 m apart. Ranges in steps of 1 cm, noise 0.8 cm; few are lost to distance, though half
    would be at 80 to 100 m, for all end at 66 m. Surfaces that the beam just touches seldom answer, nor does what is
    behind glass.
    """
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


def _terrestrial(rng: np.random.Generator) -> Setup:
    """Draw tripods on the pavement, 1.6 to 1.9 m up: the dome every 0.09 to 0.12 degrees, noise 3 mm, to 120 m.

    Two at least, 30 m apart; registration leaves 2 to 6 mm between them.
    """
    step = rng.uniform(0.09, 0.12)
    sensor = Sensor(
        kind=_TRIPOD,
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


def _mixed(rng: np.random.Generator) -> Setup:
    """Draw one of the others, and its numbers widely.

    Height 1.2 to 3.5 m; fans of one or two heads to either side or both, yawed 20 to 160 degrees off the driving
    direction; rays 0.25 to 1 degree apart in fans, profiles 0.05 to 0.5 m; noise 0.3 to 4 cm; half the returns lost
    at 20 to 70 m; 40 to 100 % of the returns kept; fans begin beside the vehicle and see little behind glass, as that of
    `oakland`; drives of 40, 80 or 120 m at least and 250 at most.
    """
    kind = rng.choice(3, p=[0.5, 0.35, 0.15])
    setup = (_oakland, _shrec20, _terrestrial)[kind](rng)
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


PRESETS: dict[str, Preset] = {
    "shrec20": Preset(_shrec20, points=3_000_000),
    "oakland": Preset(_oakland, points=100_000),
    "terrestrial": Preset(_terrestrial, points=3_000_000),
    "mixed": Preset(_mixed, points=200_000),
}
"""Name -> how it surveys."""
