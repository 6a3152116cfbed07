"""The routes and standpoints of an instrument in a street.

A route is laid out in street coordinates and driven in the plane.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.distributions import between
from bevseg.sim.instrument.drive import KNOTS, Route
from bevseg.sim.scene import Scene
from bevseg.sim.town.street import Street

Array = NDArray[np.float64]

_WHEELBASE = 3.0
"""Length over which a vehicle takes up the slope of the road, m."""
_TRACK = 1.6
"""Distance between the wheels of the two sides, m."""
HALF_WIDTH = 0.8
"""Half the width of a vehicle with an instrument, m."""
_CLEARANCE = 0.4
"""Lower objects on the road are no obstacle, m: kerbs, speed bumps, slopes."""
_BEYOND = 38.0
"""How far a route goes into a cross street, m."""


def straight(street: Street, *, back: bool = False, aside: float = 0.0) -> Route:
    """Return the route down the lane of a street, or back in the opposite lane, `aside` m left of its middle."""
    s = np.arange(0.0, street.terrain.length + KNOTS / 2, KNOTS)
    t = np.full_like(s, street.lane + aside) + 0.12 * np.sin(s / 9.0)
    if back:
        s, t = s[::-1], -t[::-1]
    return _route(street, s, t, back=back)


def walk(street: Street, scene: Scene, rng: np.random.Generator) -> Route:
    """Return a route on foot along a pavement or verge, up or down the street.

    Of twelve that are drawn, the one is taken with the fewest objects in its way.
    """
    s = np.arange(0.0, street.terrain.length + KNOTS / 2, KNOTS)

    def drawn() -> tuple[float, Route]:
        sign, back = int(rng.choice([1, -1])), bool(rng.random() < 0.5)
        side = street.terrain.side(sign)
        out = between(rng, side.kerb + 0.3, side.front - 0.3)
        t = sign * (out + 0.15 * np.sin(s / rng.uniform(3.0, 9.0)))
        route = _route(street, *((s[::-1], t[::-1]) if back else (s, t)), back=back)
        way = free(scene, route.place, route.heading, height=2.2, half=0.3)
        return float(way.mean()), route

    return max((drawn() for _ in range(12)), key=lambda found: found[0])[1]


def turning(street: Street, rng: np.random.Generator, *, least: float) -> Route | None:
    """Return a route that turns into a cross street, to either side; None if there is no such street.

    The route begins at the start of the street and ends 38 m beside it. Its length is at least about `least` m.
    """
    terrain = street.terrain
    open_to = [c for c in terrain.crossings if least - _BEYOND < c.s < terrain.length - 5.0]
    if not open_to:
        return None
    crossing = open_to[int(rng.integers(len(open_to)))]
    side = int(rng.choice(crossing.arms))
    right = side < 0
    radius = rng.uniform(4.5, 6.5) if right else rng.uniform(7.0, 9.5)
    lane = crossing.s + side * crossing.half / 2
    s0 = np.arange(0.0, lane - radius, KNOTS)
    angle = np.arange(0.0, np.pi / 2, KNOTS / radius)
    end = np.arange(radius, _BEYOND + abs(street.lane), KNOTS)
    s = np.concatenate([s0, lane - radius + radius * np.sin(angle), np.full(len(end), lane)])
    t = street.lane + side * np.concatenate([np.zeros(len(s0)), radius - radius * np.cos(angle), end])
    middle = (len(s0) + len(angle) / 2) / len(s)
    return _route(street, s, t, through=middle)


def standpoints(
    street: Street, count: int, gap: float, rng: np.random.Generator, room: Callable[[Array], float]
) -> list[Array]:
    """Return places for tripods, (3,) m on the ground each, on both pavements of a street.

    Parameters
    ----------
    street
        The street.
    count, gap
        Number of places, and their distance along the street, m.
    rng
        Draws six candidates for each place; the one with the most room is taken.
    room
        A place on the ground -> how much room is around it.
    """
    found = []
    for index in range(count):
        candidates = []
        for _ in range(6):
            sign = int(rng.choice([1, -1]))
            side = street.terrain.side(sign)
            s = (index + 0.5) * gap + rng.uniform(-0.3, 0.3) * gap
            t = sign * between(rng, side.front - side.pavement + 0.3, side.front - 0.3)
            z = float(street.terrain.height(s, t))
            candidates.append(street.centreline.to_plane(np.array([[s, t, z]]))[0])
        found.append(max(candidates, key=room))
    return found


def free(
    scene: Scene, place: Array, heading: Array, *, height: float, half: float = HALF_WIDTH
) -> NDArray[np.bool_]:
    """Return whether no object stands in the way, (K,).

    Parameters
    ----------
    scene
        With the objects.
    place, heading
        (K, 3) the ground along the way, m, and (K,) its direction, rad.
    height, half
        How high what goes there is, and half its width, m.
    """
    sideways = np.column_stack([-np.sin(heading), np.cos(heading), np.zeros(len(place))])
    found = np.ones(len(place), bool)
    for shift in (-half, 0.0, half):
        rays = np.zeros((len(place), 6), np.float32)
        rays[:, :3] = place + shift * sideways + np.array((0.0, 0.0, height))
        rays[:, 5] = -1.0
        found &= scene.cast(rays)[0] >= height - _CLEARANCE
    return found


def _route(street: Street, s: Array, t: Array, *, through: float | None = None, back: bool = False) -> Route:
    """Return the route that follows street coordinates over the ground, with knots every `KNOTS` m."""
    _, driven = _steps(street.centreline.to_plane(np.column_stack([s, t, np.zeros_like(s)])))
    even = np.linspace(0.0, driven[-1], max(2, round(driven[-1] / KNOTS)))
    s, t = np.interp(even, driven, s), np.interp(even, driven, t)
    place = street.centreline.to_plane(np.column_stack([s, t, street.terrain.height(s, t)]))
    steps, along = _steps(place)
    course = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    heading = np.interp(along, (along[1:] + along[:-1]) / 2, course)
    heading = _smooth(heading, _WHEELBASE)
    place[:, 2] = _smooth(place[:, 2], _WHEELBASE)
    return Route(
        along=along,
        place=place,
        heading=heading,
        pitch=np.arctan(np.gradient(place[:, 2], along)),
        roll=np.arctan(_smooth(_fall(street, s, t), _WHEELBASE)),
        curvature=np.abs(np.gradient(heading, along)),
        through=through,
        back=back,
    )


def _steps(place: Array) -> tuple[Array, Array]:
    """Return the horizontal steps between places (K - 1, 2) and the horizontal distance driven to each (K,), m."""
    steps = np.diff(place[:, :2], axis=0)
    return steps, np.concatenate([[0.0], np.cumsum(np.hypot(*steps.T))])


def _fall(street: Street, s: Array, t: Array) -> Array:
    """Return how steeply the road rises to the left of a vehicle that follows street coordinates, m per m."""
    ahead = np.column_stack([np.gradient(s), np.gradient(t)])
    ahead *= _TRACK / 2 / np.linalg.norm(ahead, axis=1, keepdims=True)
    height = street.terrain.height
    return (height(s - ahead[:, 1], t + ahead[:, 0]) - height(s + ahead[:, 1], t - ahead[:, 0])) / _TRACK


def _smooth(values: Array, reach: float) -> Array:
    """Return running means over about `reach` m."""
    half = max(1, round(reach / KNOTS / 2))
    padded = np.concatenate([np.full(half, values[0]), values, np.full(half, values[-1])])
    return np.convolve(padded, np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")
