"""People and furniture on the pavement, and what needs its whole width."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bevseg.sim.distributions import between, drawn
from bevseg.sim.mesh import Mesh, merge
from bevseg.sim.objects import bins, cafes, furniture, huts, people, works
from bevseg.sim.objects.poles import signs
from bevseg.sim.objects.vehicles import two_wheelers
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.layout import Side

_NARROW, _DRIVEN = 1.2, 1.7
"""Where a pavement is narrower than the first, cafés and scooters stand on the road too, further than the second from
its middle, m."""


def put_people(builder: Builder, sign: int, side: Side) -> None:
    """Put people on the pavement: alone, in groups, and distorted by their motion."""
    rng, style = builder.rng, builder.style
    kinds: tuple[tuple[float, Callable[[np.random.Generator], Mesh]], ...] = (
        (0.75 * style.people, people.standing),
        (0.25 * style.people, people.people),
        (style.ghosts, people.ghost),
    )
    for density, make in kinds:
        for s in rng.uniform(
            builder.start, builder.end, rng.poisson(density * (builder.end - builder.start))
        ):
            t = between(rng, side.front - side.pavement + 0.2, side.front - 0.1)
            if rng.random() < 0.1:
                t = rng.uniform(0.5 * side.kerb, side.kerb)
            builder.stand(make(rng), s, sign * t)


FURNITURE: tuple[tuple[float, float, Callable[[np.random.Generator], Mesh]], ...] = (
    (0.14, 0.4, bins.litter_bin),
    (0.12, 0.5, furniture.mailbox),
    (0.08, 1.4, furniture.newspaper_boxes),
    (0.12, 1.0, furniture.cabinet),
    (0.16, 0.5, furniture.planter),
    (0.06, 2.3, furniture.bus_shelter),
    (0.08, 1.2, bins.dumpster),
    (0.06, 2.0, cafes.tables),
    (0.06, 3.0, works.works),
    (0.06, 2.0, two_wheelers.bicycle_rack),
    (0.06, 0.8, two_wheelers.scooter),
)
"""Weight, half the length along the pavement (m), and the function that returns the object."""


def put_furniture(builder: Builder, sign: int, side: Side) -> None:
    """Put bins, bicycles, benches, hydrants and all other furniture on the pavement."""
    rng, style = builder.rng, builder.style
    named: tuple[tuple[float, Callable[[np.random.Generator], Mesh]], ...] = (
        (style.bins, bins.bins),
        (style.bicycles, two_wheelers.bicycle),
        (style.benches, furniture.bench),
        (style.hydrants, furniture.hydrant),
    )
    length, back = builder.end - builder.start, side.front - side.pavement
    for density, make in named:
        for s in rng.uniform(builder.start, builder.end, rng.poisson(density * length)):
            t = back + 0.35 if make is furniture.hydrant else between(rng, back + 0.5, side.front - 0.3)
            builder.put(("walk", sign), make(rng).mirrored(sign), s, sign * t, 1.0)
    shares = np.array([share for share, _, _ in FURNITURE])
    for s in rng.uniform(builder.start, builder.end, rng.poisson(style.furniture * length)):
        _, half, make = FURNITURE[rng.choice(len(FURNITURE), p=shares / shares.sum())]
        t = back + 0.45 if rng.random() < 0.5 else side.front - 0.5
        builder.put(("walk", sign), make(rng).mirrored(sign), s, sign * t, half)


def _bus_stop(rng: np.random.Generator, _room: float) -> Mesh:
    """Return a shelter with the post of its stop; the post is an instance of its own."""
    return merge(
        [furniture.bus_shelter(rng), signs.stop_post(rng).at(-rng.uniform(0.8, 2.5), 0.2).numbered(1)]
    )


def _scooters(rng: np.random.Generator, room: float) -> Mesh:
    """Return scooters side by side, or one behind the other where there is little room."""
    if room > 2.2:
        return two_wheelers.scooters(rng).at(0.0, -0.3)
    return merge(two_wheelers.scooter(rng).at(2.0 * k).numbered(k) for k in range(int(rng.integers(1, 4))))


LARGE: Mapping[str, Callable[[np.random.Generator, float], Mesh]] = {
    "panel": lambda rng, _: furniture.panel(rng).turned(np.pi / 2 * rng.integers(2)),
    "skip": lambda rng, _: works.skip(rng),
    "container": lambda rng, _: works.container(rng),
    "kiosk": lambda rng, _: cafes.kiosk(rng),
    "scooters": _scooters,
    "terrace": lambda rng, room: cafes.terrace(
        rng, rng.uniform(2.5, 10.0), min(room - 0.4, rng.uniform(1.2, 4.0))
    ),
    "shelter": _bus_stop,
    "walkway": lambda rng, _: huts.walkway(rng, rng.uniform(8.0, 30.0)),
}
"""Name -> the function that returns what needs the room between kerb and front, in m, or a part of it."""


def put_large(builder: Builder, sign: int, side: Side) -> None:
    """Put cafés, rows of scooters, stalls, panels, skips and roofs on the pavement, where there is room for them."""
    rng, style = builder.rng, builder.style
    inner = side.front - side.pavement
    if side.pavement < _NARROW:
        inner = min(inner, max(_DRIVEN, side.front - 2.6))
    room = side.front - inner - 0.2
    for s in rng.uniform(
        builder.start, builder.end, rng.poisson(style.large * (builder.end - builder.start))
    ):
        kind = drawn(rng, style.large_kinds)
        if kind == "terrace" and room < 1.6:
            continue
        part = LARGE[kind](rng, room).mirrored(sign)
        low, high = part.corners.reshape(-1, 3).min(axis=0), part.corners.reshape(-1, 3).max(axis=0)
        if high[1] - low[1] > room or not builder.take(
            ("walk", sign), s, s + high[0] - low[0] + 0.6, margin=0.5
        ):
            continue
        outer = sign * (side.front - 0.1) - (high[1] if sign > 0 else low[1])
        put = (
            builder.drape
            if kind in ("skip", "container", "scooters", "terrace", "walkway")
            else builder.stand
        )
        put(part, s + 0.3 - low[0], outer)
