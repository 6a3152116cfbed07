"""A street and a setup -> the tour of the instrument: drives down the street, or stations on its pavements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.sim import routes, traffic
from bevseg.sim.instrument import drive
from bevseg.sim.instrument.drive import Pass, Route
from bevseg.sim.instrument.sensors import SPARSE, Sensor
from bevseg.sim.scene import Mover, Scene
from bevseg.sim.setup import Setup
from bevseg.sim.town.street import Street
from bevseg.sim.town.styles import STYLES

_HITS = 0.5
"""Returns per ray, roughly: the length of a street is estimated from it."""
_SPARE = 1.25
"""Length of a street over that estimate."""
_GAP = 30.0
"""Distance between two tripods along the street, m."""
_SWEEP = 2.2
"""Length of a drive that holds a sweep, over the spacing of sweeps: fast stretches have twice the spacing."""


@dataclass(frozen=True)
class Tour:
    """Where the instrument goes. Positions along the tour are shares of it, from 0 to 1."""

    sensor: Sensor
    plan: Callable[[Sensor, float, float], list[Pass]]
    """Sensor, begin and end of a part of the tour -> the passes over that part."""
    shortest: float = 1.0
    """Least part of the tour that can be scanned."""
    through: float | None = None
    """Position that every part must include; None: any part will do."""
    movers: Callable[[Sensor, list[Pass]], list[Mover]] = lambda sensor, passes: []
    """Sensor and passes -> what moves while they scan."""

    def first(self, part: float, draw: float) -> float:
        """Return where a part of this size begins, for a random number `draw` from 0 to 1."""
        low, high = 0.0, 1.0 - part
        if self.through is not None:
            margin = min(0.2 * part, self.through, 1 - self.through)
            low, high = max(low, self.through + margin - part), min(high, self.through - margin)
        return low + draw * max(0.0, high - low)


def street_length(setup: Setup, points: int) -> float:
    """Return a length of street that is enough for so many points, m."""
    pattern = setup.sensor.pattern()
    sweep = _HITS * setup.sensor.optics.kept * pattern.heads * pattern.rays
    if setup.sensor.stands:
        stations = points / (sweep * 180.0 / setup.sensor.spacing)
        return _SPARE * (_GAP * max(1, round(setup.shortest / _GAP), round(stations)))
    length = points * setup.sensor.spacing / (sweep * setup.passes)
    return _SPARE * max(float(np.clip(length, setup.shortest, setup.longest)), _sweep(setup.sensor))


def _sweep(sensor: Sensor) -> float:
    """Return the length of a drive that holds a sweep, however few points are wanted and however fast it is, m."""
    return _SWEEP * max(sensor.spacing, SPARSE)


def plan_tour(built: Street, scene: Scene, setup: Setup, rng: np.random.Generator) -> Tour:
    """Draw a tour through a street. Each part of it has the errors and the pace of the whole."""
    seed = int(rng.integers(2**31))
    if setup.sensor.stands:
        return Tour(setup.sensor, _stations(built, scene, setup, rng, seed))
    ways = _routes(built, scene, setup, rng)

    def plan(sensor: Sensor, first: float, last: float) -> list[Pass]:
        draws, start, passes = np.random.default_rng(seed), 0.0, []
        for route in ways:
            low, high = (1 - last, 1 - first) if route.back else (first, last)
            one = drive.drive(
                route,
                sensor,
                setup.pace,
                draws,
                first=low * route.length,
                last=high * route.length,
                start=start,
                error=setup.error if len(ways) > 1 else 0.0,
                drift=setup.drift,
            )
            start += (one.sweeps + 1) / sensor.rate + 60.0
            passes.append(one)
        return passes

    def movers(sensor: Sensor, passes: list[Pass]) -> list[Mover]:
        draws = np.random.default_rng([seed, 1])
        density = setup.traffic or 0.0
        return traffic.movers(built, scene, STYLES[setup.style], sensor, passes, density, draws)

    shortest = max(setup.shortest, _sweep(setup.sensor))
    return Tour(setup.sensor, plan, min(1.0, shortest / ways[0].length), ways[0].through, movers)


def _routes(built: Street, scene: Scene, setup: Setup, rng: np.random.Generator) -> list[Route]:
    """Draw a route for each pass: on foot, around a corner, down the street, or back where the other lane is free."""
    if setup.walks:
        return [routes.walk(built, scene, rng) for _ in range(setup.passes)]
    if rng.random() < setup.turns:
        turned = routes.turning(built, rng, least=0.7 * built.terrain.length)
        if turned is not None and _free(scene, turned, setup.sensor.height):
            return [turned]
    ways = [routes.straight(built)]
    for number in range(1, setup.passes):
        aside = rng.uniform(-0.4, 0.4)
        back = routes.straight(built, back=True, aside=aside)
        alone = number % 2 == 1 and _free(scene, back, setup.sensor.height)
        ways.append(back if alone else routes.straight(built, aside=aside))
    return ways


def _free(scene: Scene, route: Route, height: float) -> bool:
    """Whether no object blocks a vehicle of this height, m."""
    return bool(routes.free(scene, route.place, route.heading, height=height).all())


def _stations(
    built: Street, scene: Scene, setup: Setup, rng: np.random.Generator, seed: int
) -> Callable[[Sensor, float, float], list[Pass]]:
    """Place tripods where there is room, and return the plan of their stations."""
    around = np.linspace(0, 2 * np.pi, 120, endpoint=False)

    def room(place: NDArray[np.float64]) -> float:
        rays = np.zeros((len(around), 6), np.float32)
        rays[:, :3] = place + np.array((0.0, 0.0, setup.sensor.height))
        rays[:, 3], rays[:, 4] = np.cos(around), np.sin(around)
        return float(np.minimum(scene.cast(rays)[0], 10.0).mean())

    count = max(1, round(built.terrain.length / (_SPARE * _GAP)))
    places = routes.standpoints(built, count, built.terrain.length / count, rng, room)

    def plan(sensor: Sensor, first: float, last: float) -> list[Pass]:
        draws, start, passes = np.random.default_rng(seed), 0.0, []
        for place in places:
            one = drive.station(place, sensor, draws, start=start, error=setup.error)
            start += (one.sweeps + 1) / sensor.rate + 300.0
            passes.append(one)
        return passes

    return plan
