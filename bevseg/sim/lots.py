"""What lies beside the road, lot by lot: houses with their gardens, halls, parks, squares, car parks.

Lots are planned first, because the ground has to know their walls and banks, and built when the ground is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bevseg.sim import bridges, clutter, facades, fronts, houses, plants, stairs, walls, yards
from bevseg.sim.builder import Builder
from bevseg.sim.cars import car
from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, boxes
from bevseg.sim.style import Span, Style, drawn
from bevseg.sim.terrain import WALL, Crossing, Plot, Side

HOUSE, OPEN, PARK, SQUARE, CAR_PARK, VIADUCT = "house", "open", "park", "square", "car park", "viaduct"
"""What lots are used for."""
_STEP = 0.15
"""Steps of the ground under this need no wall, m."""
_LONG, _LEAST = ("institute", "flats", "downtown", "mixed"), 16.0
"""Buildings whose fronts may stand out and step back, and how long they are at least, m."""
_CORNER = 1.5
"""Between the pavement of a side street and the first lot, m."""


@dataclass(frozen=True)
class Kind:
    """One kind of street side; lengths in m, the others chances per lot."""

    building: str
    """Which kind of building stands there, "" for none."""
    garden: Span
    """From the pavement to the front of a building."""
    width: Span
    storeys: Span
    gap: Span
    detached: float
    """Chance of a gap after a building."""
    border: float
    """Chance of a hedge, wall or fence along the pavement."""
    driveway: float
    banked: float
    """Chance that the ground behind the pavement is a bank."""
    raised: Span = (0.02, 0.3)
    """Height of the ground floor over the ground before it."""
    shop: float = 0.0
    turned: float = 0.0
    """Standard deviation of the angle to the street, rad."""
    yard: float = 0.0
    """Chance that the front is paved."""


KINDS = {
    "terrace": Kind(
        "terraced", garden=(0.0, 3.0), width=(4.6, 7.0), storeys=(2, 3), gap=(2.0, 6.0), detached=0.15, border=0.5,
        driveway=0.0, banked=0.05, raised=(0.02, 1.2), shop=0.15,
    ),
    "villas": Kind(
        "detached", garden=(3.5, 7.0), width=(7.0, 12.0), storeys=(1, 3), gap=(3.0, 7.0), detached=0.9, border=0.75,
        driveway=0.6, banked=0.5, raised=(0.05, 0.9), turned=0.05,
    ),
    "lawn": Kind(
        "detached", garden=(5.0, 16.0), width=(7.0, 15.0), storeys=(1, 3), gap=(2.5, 10.0), detached=0.97, border=0.3,
        driveway=0.5, banked=0.65, raised=(0.3, 1.5), turned=0.12,
    ),
    "flats": Kind(
        "flats", garden=(2.0, 9.0), width=(12.0, 28.0), storeys=(3, 6), gap=(3.0, 12.0), detached=0.7, border=0.35,
        driveway=0.1, banked=0.25, raised=(0.05, 1.2), turned=0.02, yard=0.2,
    ),
    "institute": Kind(
        "institute", garden=(3.0, 26.0), width=(26.0, 75.0), storeys=(1, 6), gap=(6.0, 18.0), detached=0.9,
        border=0.3, driveway=0.0, banked=0.4, raised=(0.1, 1.6), turned=0.04, yard=0.35,
    ),
    "downtown": Kind(
        "downtown", garden=(0.0, 1.2), width=(7.0, 36.0), storeys=(1, 6), gap=(2.0, 9.0), detached=0.25, border=0.0,
        driveway=0.0, banked=0.0, raised=(0.02, 0.15), yard=1.0,
    ),
    "mixed": Kind(
        "mixed", garden=(0.0, 14.0), width=(6.0, 34.0), storeys=(1, 3), gap=(1.0, 14.0), detached=0.8, border=0.4,
        driveway=0.3, banked=0.2, raised=(0.0, 0.4), turned=0.12, yard=0.6,
    ),
    "park": Kind(
        "", garden=(8.0, 14.0), width=(9.0, 16.0), storeys=(0, 0), gap=(0.0, 1.0), detached=1.0, border=0.3,
        driveway=0.0, banked=0.7,
    ),
}  # fmt: skip
"""Kinds of sides; what they are made of was chosen."""


@dataclass(frozen=True)
class Lot:
    """One lot: where it lies along the street and what is planned there; lengths in m."""

    low: float
    high: float
    kind: Kind
    use: str = HOUSE
    setback: float = 5.0
    """From the pavement to the front of the building."""
    profile: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    """Of the ground, as in `Plot`."""
    level: float = 0.0
    """As in `Plot`."""
    stairs: Span | None = None
    """s of the ends of a flight through its retaining wall."""
    driveway: float | None = None
    """s of its middle."""
    paved: bool = False
    over: float = 0.0
    """How far its retaining walls stand over the ground behind them."""

    @property
    def retained(self) -> bool:
        """Whether the ground steps up or down at a wall."""
        return bool(steps(self.profile))

    @property
    def soil(self) -> Material:
        """What the ground is made of."""
        if self.use == CAR_PARK:
            return Material.ASPHALT
        return Material.PAVING if self.paved else Material.GRASS


def steps(profile: Sequence[tuple[float, float]]) -> list[float]:
    """Return where a profile steps up or down: the distance from the pavement to the middle of the step, m."""
    return [
        (u0 + u1) / 2
        for (u0, z0), (u1, z1) in pairwise(profile)
        if u1 - u0 < 2 * WALL and abs(z1 - z0) > _STEP
    ]


class Planner:
    """Plans the lots of one side of a street.

    Parameters
    ----------
    rng, style
        Draw everything.
    slope
        Of the street, m per m: long buildings do not stand on steep ones.
    blocked
        Stretches without lots, (from, to) in m, in turn.
    """

    def __init__(
        self, rng: np.random.Generator, style: Style, slope: float = 0.0, blocked: Sequence[Span] = ()
    ) -> None:
        self.rng, self.style, self.slope, self.blocked = rng, style, slope, blocked

    def side(self, start: float, end: float) -> list[Lot]:
        """Plan a side, quarter by quarter."""
        found: list[Lot] = []
        s = start
        while s < end:
            kind = KINDS[drawn(self.rng, self.style.kinds)]
            until = min(end, s + self.rng.uniform(*self.style.quarter))
            found += self.quarter(kind, s, until)
            s = max(until, found[-1].high if found else until) + self.rng.uniform(0.5, 4.0)
        return found

    def quarter(self, kind: Kind, start: float, end: float) -> list[Lot]:
        """Plan lots of one kind."""
        rng, found, s = self.rng, [], start
        garden = rng.uniform(*kind.garden)
        while s < end:
            longest = min(kind.width[1], max(kind.width[0], 2.2 / max(abs(self.slope), 0.01)))
            width = rng.uniform(kind.width[0], max(longest, kind.width[0] + 0.1))
            block = next((b for b in self.blocked if b[1] > s and b[0] < s + width + _CORNER), None)
            if block is not None:
                if block[0] - s - _CORNER < 5.0:
                    s = block[1] + _CORNER
                    continue
                width = block[0] - s - _CORNER
            found.append(self._lot(kind, s, s + width, garden))
            s += width + (rng.uniform(*kind.gap) if rng.random() < kind.detached else 0.0)
        return found

    def _lot(self, kind: Kind, low: float, high: float, garden: float) -> Lot:
        """Plan one lot."""
        rng, style, wide = self.rng, self.style, high - low
        if wide > 12 and rng.random() < 3 * style.square * wide / 100:
            return Lot(low, high, kind, SQUARE, rng.uniform(20, 45), _gentle(rng), paved=True)
        if wide > 10 and rng.random() < 3 * style.car_park * wide / 100:
            return Lot(low, high, kind, CAR_PARK, rng.uniform(18, 40), _gentle(rng))
        setback = garden + (rng.uniform(0, 2.5) if kind.detached > 0.5 else 0.0)
        use = HOUSE if kind.building else PARK
        if use == HOUSE and setback > 2.5 and rng.random() < style.empty:
            use = OPEN
        lot = Lot(low, high, kind, use, setback, paved=bool(rng.random() < kind.yard))
        if setback > 3.0 and kind.building != "downtown" and rng.random() < style.retained:
            return self._retained(lot)
        if setback > 2.5 and rng.random() < kind.banked:
            slope = rng.uniform(0.06, 0.3) * (1 if rng.random() < 0.75 else -0.7)
            broad = min(rng.uniform(2.0, 9.0), setback - 0.8)
            begin = rng.uniform(0.0, 0.8)
            lot = replace(lot, profile=((begin, 0.0), (begin + broad, slope * broad)))
        elif setback > 1.5:
            lot = replace(lot, profile=((0.0, 0.0), (setback, rng.uniform(-0.03, 0.05) * setback)))
        if setback > 3.5 and wide > 5 and rng.random() < kind.driveway:
            lot = replace(lot, driveway=rng.uniform(low + 1.6, high - 1.6))
        return lot

    def _retained(self, lot: Lot) -> Lot:
        """Put a lot behind a retaining wall at the pavement or further in, perhaps behind two."""
        rng, style = self.rng, self.style
        low, high = style.retaining
        tall = low + (high - low) * rng.beta(1.2, 2.2)
        line = 0.05 if rng.random() < 0.6 else rng.choice([1.0, 2.0])
        profile = [(line, 0.0), (line + WALL, tall)]
        room = lot.setback - line - 1.5
        if room > 3.5 and rng.random() < 0.2:
            second = line + rng.uniform(1.2, room - 1.5)
            more = rng.uniform(0.3, 1.2)
            profile += [(second, tall), (second + WALL, tall + more)]
        elif room > 1.0 and rng.random() < 0.5:
            profile.append((line + WALL + room, tall + rng.uniform(-0.02, 0.25) * room))
        fall = abs(self.slope) * (lot.high - lot.low) / 2
        level = 1.0 if rng.random() < 0.6 and tall > fall + 0.3 else 0.0
        flight = None
        run = tall / 0.55
        if len(profile) < 4 and lot.high - lot.low > 5 and run < room and rng.random() < 0.65:
            middle, half = rng.uniform(lot.low + 1.6, lot.high - 1.6), rng.uniform(0.6, 1.2)
            flight = (middle - half, middle + half)
        over = rng.uniform(0.1, 0.7) if rng.random() < 0.35 else rng.uniform(0.0, 0.06)
        return replace(lot, profile=tuple(profile), level=level, stairs=flight, over=over)


def _gentle(rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Draw the fall of an open place."""
    return ((0.0, 0.0), (24.0, 24.0 * rng.uniform(-0.025, 0.025)))


def carried(rng: np.random.Generator, planned: Sequence[list[Lot]], length: float) -> list[list[Lot]]:
    """Let a street of `length` m run over lower ground for a stretch: nothing stands beside it there."""
    middle, half, deep = rng.uniform(0.2, 0.8) * length, rng.uniform(10, 25), rng.uniform(3.0, 6.0)
    low, high = middle - half, middle + half
    over = Lot(low, high, KINDS["park"], VIADUCT, profile=((0.08, 0.0), (0.33, -deep)))
    result = []
    for of in planned:
        clear = [lot for lot in of if lot.high < low - 3 or lot.low > high + 3]
        result.append(sorted([*clear, over], key=lambda lot: lot.low))
    return result


def plots(lots: Sequence[Lot], blocked: Sequence[Span]) -> tuple[Plot, ...]:
    """Return the ground of the lots of one side: those that are neighbours share the gap between them."""
    found: list[Plot] = []
    bounds = [_bounds(lots, k, blocked) for k in range(len(lots))]
    for lot, (low, high) in zip(lots, bounds, strict=True):
        seams = tuple(_seam(lots, blocked, at, high - low) for at in (low, high))
        step = lot.profile[-1][0] if not lot.retained else steps(lot.profile)[0]
        base = Plot(
            low, high, lot.profile, lot.level, max(step - WALL / 2, 0.0), lot.soil, (seams[0], seams[1])
        )
        if lot.stairs is None:
            found.append(base)
            continue
        a, b = lot.stairs
        (line, _), (_, tall) = lot.profile[:2]
        ramp = ((line, 0.0), (line + tall / 0.55, tall), *lot.profile[2:])
        found += [
            replace(base, high=a, seams=(seams[0], WALL)),
            replace(
                base,
                low=a,
                high=b,
                profile=ramp,
                seams=(WALL, WALL),
                step=line + tall / 0.55 - WALL,
                level=0.0,
            ),
            replace(base, low=b, seams=(WALL, seams[1])),
        ]
    return tuple(found)


def _bounds(lots: Sequence[Lot], k: int, blocked: Sequence[Span]) -> Span:
    """Return where the ground of lot k begins and ends."""
    lot = lots[k]
    low = (lots[k - 1].high + lot.low) / 2 if k and lot.low - lots[k - 1].high < 8 else lot.low - 0.5
    high = (
        (lot.high + lots[k + 1].low) / 2
        if k + 1 < len(lots) and lots[k + 1].low - lot.high < 8
        else lot.high + 0.5
    )
    for a, b in blocked:
        if b <= lot.low:
            low = max(low, b + 0.4)
        if a >= lot.high:
            high = min(high, a - 0.4)
    return low, high


def _seam(lots: Sequence[Lot], blocked: Sequence[Span], at: float, wide: float) -> float:
    """Return the width of the passage between lots at s: that of a wall where one of them is retained."""
    near = [lot for lot in lots if abs(lot.low - at) < 4.1 or abs(lot.high - at) < 4.1]
    if any(lot.retained and lot.use != VIADUCT for lot in near):
        return WALL
    corner = any(abs(edge - at) < 1.0 for span in blocked for edge in span)
    return 0.7 if corner else min(3.0, 0.5 * wide)


def blocks(crossings: Sequence[Crossing], sign: int) -> list[Span]:
    """Return the stretches of one side that side streets take."""
    return [(c.s - c.half - c.pavement, c.s + c.half + c.pavement) for c in crossings if sign in c.arms]


def fill(
    builder: Builder, sign: int, kind: Kind, *, start: float | None = None, end: float | None = None
) -> None:
    """Fill one side (1 left, -1 right) with lots of one kind on the ground that is there."""
    planner = Planner(builder.rng, builder.style, blocked=blocks(builder.terrain.crossings, sign))
    low = builder.start if start is None else start
    for lot in planner.quarter(kind, low, builder.end if end is None else end):
        flat = replace(lot, profile=((0.0, 0.0),), stairs=None, level=0.0, setback=min(lot.setback, 10.0))
        build(builder, sign, flat)


def build(builder: Builder, sign: int, lot: Lot) -> None:
    """Build what is planned for a lot."""
    if lot.use == VIADUCT:
        bridges.parapets(builder, sign, lot.low, lot.high)
    elif lot.use == SQUARE:
        _square(builder, sign, lot)
    elif lot.use == CAR_PARK:
        _car_park(builder, sign, lot)
    elif lot.use == PARK:
        _park(builder, sign, lot)
    elif lot.use == HOUSE:
        _house(builder, sign, lot)
    if lot.use in (HOUSE, OPEN, PARK) and lot.setback > 0.8:
        _garden(builder, sign, lot)
    if lot.stairs is not None:
        _flight(builder, sign, lot, lot.stairs)
    if lot.use != VIADUCT and lot.setback > 3.5 and lot.high - lot.low > 5:
        _yard(builder, sign, lot)


def _yard(builder: Builder, sign: int, lot: Lot) -> None:
    """Put a few small built things before the house."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    for _ in range(rng.poisson(builder.style.yards * (lot.high - lot.low) / 10)):
        part = yards.thing(rng)
        s, u = rng.uniform(lot.low + 0.5, lot.high - 1.0), rng.uniform(0.4, lot.setback - 2.5)
        reach = float(np.abs(part.corners[..., 0]).max())
        if builder.take(("drive", sign), s - 1.0, s + reach):
            builder.stand(part.mirrored(sign), s, sign * (front + u))


def retain(builder: Builder, sign: int) -> None:
    """Build the walls that the steps of the ground of one side need, along the street and back from it."""
    terrain, rng = builder.terrain, builder.rng
    front, of, inside = terrain.side(sign).front, terrain.plots_of(sign), WALL / 2 + 0.05
    for plot in of:
        for u in steps(plot.profile):
            t = sign * (front + u)
            over = rng.uniform(0.1, 0.6) if rng.random() < 0.3 else rng.uniform(0.0, 0.06)
            path = [(plot.low + inside, t), (plot.high - inside, t)]
            builder.place(
                walls.wall(terrain.height, path, WALL + 0.06, over=over, longer=inside + WALL / 2 + 0.03)
            )
    ends = {
        s for plot in of for s, seam in zip((plot.low, plot.high), plot.seams, strict=True) if seam == WALL
    }
    across, beside = sign * (front + np.arange(0.0, 30.0, 0.25)), WALL / 2 + 0.06
    for s in sorted(ends):
        high = np.abs(terrain.height(s - beside, across) - terrain.height(s + beside, across)) > _STEP
        if high.any():
            at = np.flatnonzero(high)
            first, last = 0.25 * at[0] + 0.3, 0.25 * at[-1]
            path = [(s, sign * (front + u)) for u in (first, max(last, first + 0.1))]
            builder.place(
                walls.wall(terrain.height, path, WALL + 0.06, over=rng.uniform(0.0, 0.25), longer=0.42)
            )


def _flight(builder: Builder, sign: int, lot: Lot, where: Span) -> None:
    """Build the stairs through a retaining wall."""
    terrain = builder.terrain
    (line, _), (_, tall) = lot.profile[:2]
    run, front = tall / 0.55, terrain.side(sign).front
    s = (where[0] + where[1]) / 2
    top = sign * (front + line + run + 0.05)
    rise = float(terrain.height(s, top) - terrain.height(s, sign * (front + line - 0.05)))
    part = stairs.flight(builder.rng, where[1] - where[0] - 0.1, max(rise, 0.15), run=run, cheeks=False)
    builder.stand(part.mirrored(sign), s, top, lift=0.02)


def _building(rng: np.random.Generator, style: Style, kind: Kind, width: float, raised: float) -> Mesh:
    """Return a building of the kind that stands there."""
    storeys = int(rng.integers(int(kind.storeys[0]), int(kind.storeys[1]) + 1))
    if kind.building in ("terraced", "downtown") and width < 11 and rng.random() < 0.1:
        return houses.passage(rng, width, storeys)
    if kind.building in _LONG and width > _LEAST and rng.random() < style.layered:
        return fronts.front(rng, width, storeys, raised, near=kind.building == "downtown")
    if kind.building == "terraced":
        return houses.terraced(rng, width, storeys, raised, shop=bool(rng.random() < kind.shop))
    if kind.building == "flats":
        return houses.flats(rng, width, storeys, raised)
    if kind.building == "institute":
        return houses.institute(rng, width, storeys, raised)
    if kind.building == "downtown":
        return houses.downtown(rng, width, storeys)
    if kind.building == "mixed":
        if width < 9:
            return houses.garage(rng, width)
        draw = rng.random()
        if draw < 0.45:
            return houses.hall(rng, width)
        return (
            houses.flats(rng, width, storeys, raised) if draw < 0.7 else houses.downtown(rng, width, storeys)
        )
    return houses.detached(rng, width, storeys, raised)


def _stand(
    builder: Builder, sign: int, building: Mesh, s: float, t: float, raised: float, width: float
) -> None:
    """Put a building with its front, `width` m long, at (s, t); not where another one stands.

    Its floor lies `raised` m over the highest ground along the front.
    """
    part = building.mirrored(sign)
    upper = part.corners[..., 2] > 0
    across = part.corners[upper][:, :2] + (s, t)
    if builder.claim(across.min(axis=0) + 0.3, across.max(axis=0) - 0.3):
        builder.stand(part, s, t, lift=_floor(builder, s, t, width) + raised)


def _floor(builder: Builder, s: float, t: float, width: float) -> float:
    """Return how far the ground along a front of `width` m is above that at (s, t) at most, m."""
    along = np.linspace(s, s + width, max(3, int(width / 2)))
    ground: NDArray[np.float64] = builder.terrain.height(along, np.full_like(along, t))
    return float(ground.max() - builder.terrain.height(s, t))


def _house(builder: Builder, sign: int, lot: Lot) -> None:
    """Build the house of a lot, with its car and its garage."""
    rng, kind = builder.rng, lot.kind
    side = builder.terrain.side(sign)
    width, setback = lot.high - lot.low, side.front + lot.setback
    if width < 3.5:
        return
    if lot.driveway is not None and width > 10 and rng.random() < 0.6:
        width -= 3.5  # a garage or the drive beside it
    if not builder.take(("lot", sign), lot.low, lot.low + width):
        return
    raised = rng.uniform(*kind.raised)
    angle = float(np.clip(rng.normal(scale=kind.turned), -0.45, 0.45)) if kind.turned else 0.0
    building = _building(rng, builder.style, kind, width, raised)
    building = building.at(-width / 2).turned(angle).at(width / 2)
    t = sign * (setback + abs(np.sin(angle)) * width / 2)
    _stand(builder, sign, building, lot.low, t, raised, width)
    if rng.random() < 0.015 and not angle:
        scaffold = clutter.scaffold(rng, width - 0.5, rng.uniform(4, 9)).mirrored(sign)
        builder.stand(scaffold, lot.low, t - sign * 1.15)
    if lot.driveway is not None:
        _drive(builder, sign, side, lot, lot.driveway)
    if width + 3.4 < lot.high - lot.low and rng.random() < 0.7:
        shed = houses.garage(rng, 3.0)
        back = sign * (setback + rng.uniform(0, 8))
        at = lot.low + width + 0.3
        _stand(builder, sign, shed, at, back, 0.05, 3.0)


def _drive(builder: Builder, sign: int, side: Side, lot: Lot, along: float) -> None:
    """Park one or two cars before the house."""
    rng = builder.rng
    if not builder.take(("drive", sign), along - 1.5, along + 1.5):
        return
    for number in range(1 + int(lot.setback > 11 and rng.random() < 0.5)):
        out = side.front + 2.8 + 5.4 * number + rng.uniform(0, max(0.1, min(lot.setback - 6, 4)))
        if rng.random() < 0.75:
            heading = np.pi / 2 * rng.choice([-1, 1]) + rng.normal(scale=0.05)
            builder.lay(car(rng, builder.style.fleet, longest=5.3).turned(heading), along, sign * out)


def _garden(builder: Builder, sign: int, lot: Lot) -> None:
    """Border along the pavement and towards the neighbour, bushes, trees."""
    rng, side, style = builder.rng, builder.terrain.side(sign), builder.style
    if lot.retained:
        if rng.random() < 0.3:
            u = steps(lot.profile)[0] + 0.75
            high = rng.uniform(0.4, 1.3)
            _hedge(builder, lot.low, lot.high, sign * (side.front + u), high, lot.stairs)
    elif lot.setback > 3.5 and rng.random() < style.edges:
        _edge(builder, sign, lot)
    elif rng.random() < lot.kind.border:
        _border(builder, sign, lot)
    if lot.kind.building in ("terraced", "downtown") and lot.setback < 2:
        return
    deep = max(lot.setback - 1.0, 0.5)
    area = (lot.high - lot.low) * deep
    thin = 0.3 if lot.paved else 1.0
    wild = deep > 2 and not lot.paved and rng.random() < style.thickets * (1 if lot.use == HOUSE else 2)
    if wild:
        _undergrowth(builder, sign, lot)
    for _ in range(0 if wild else rng.poisson(thin * style.bushes * area)):
        radius = rng.uniform(0.3, 1.1)
        near = rng.random() < 0.5  # many stand before the front
        u = lot.setback - rng.uniform(0.2, 1.6) if near else rng.uniform(0.4, deep)
        s = rng.uniform(lot.low, lot.high)
        if lot.use == HOUSE and builder.take(("drive", sign), s - radius, s + radius):
            builder.stand(
                plants.bush(rng, radius, 0.3 + 1.9 * rng.beta(1.2, 2.2)),
                s,
                sign * (side.front + max(u, radius)),
            )
    if lot.setback > 3.5:
        for _ in range(rng.poisson(thin * style.garden_trees * area)):
            high = rng.uniform(3, 14)
            u = rng.uniform(1.5, max(1.6, lot.setback - 1.5))
            detail = max(0.25, 0.55 - 0.025 * u)
            tree = plants.tree(rng, habit=drawn(rng, style.habits), height=high, detail=detail)
            builder.stand(tree, rng.uniform(lot.low, lot.high), sign * (side.front + u))
    if lot.setback > 2 and rng.random() < 0.25:  # a bed before the house or along the pavement
        long, wide = rng.uniform(0.3, 0.9) * (lot.high - lot.low), rng.uniform(0.4, min(2.0, deep))
        u = rng.choice([0.3, max(0.3, lot.setback - wide - 0.2)])
        bed = plants.ground_cover(rng, long, wide, rng.uniform(0.2, 0.7)).mirrored(sign)
        builder.drape(bed, rng.uniform(lot.low, lot.high - long), sign * (side.front + u))
    for _ in range(rng.poisson(0.03 * (lot.high - lot.low))):
        tree = plants.tree(rng, habit=drawn(rng, style.habits), detail=0.2)
        u = lot.setback + rng.uniform(14, 24)
        builder.stand(tree, rng.uniform(lot.low, lot.high), sign * (side.front + u))


def _edge(builder: Builder, sign: int, lot: Lot) -> None:
    """Put a low wall or a long low hedge at the pavement or further in, and nothing else."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    for low, high in _around(lot):
        long = min(high - low, rng.uniform(5.0, 30.0))
        s, u = (
            rng.uniform(low, max(low, high - long)),
            rng.choice([rng.uniform(0.3, 1.0), rng.uniform(1.0, lot.setback - 2.0)]),
        )
        if rng.random() < 0.35:
            _hedge(builder, s, s + long, sign * (front + u + 0.4), rng.uniform(0.4, 1.1), None)
            continue
        room = max(lot.setback - u - 0.8, 0.5)
        path = walls.line(rng, long) if room > 2.5 else walls.line(rng, long, "straight")
        path *= (1.0, min(1.0, room / max(path[-1, 1], 0.1)))
        if rng.random() < 0.5:
            path = (path * (-1, 1) + (long, 0))[::-1]
        builder.place(walls.low(rng, builder.terrain.height, path * (1, sign) + (s, sign * (front + u))))


def _around(lot: Lot) -> list[Span]:
    """Return the stretches of a lot beside its drive, m."""
    if lot.driveway is None:
        found = [(lot.low + 0.2, lot.high - 0.2)]
    else:
        found = [(lot.low + 0.2, lot.driveway - 1.7), (lot.driveway + 1.7, lot.high - 0.2)]
    return [(a, b) for a, b in found if b - a > 3.0]


def _undergrowth(builder: Builder, sign: int, lot: Lot) -> None:
    """Grow shrubs, brambles or ivy in patches before the house, or far behind the pavement where none stands."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    far = lot.setback - 0.8 if lot.use == HOUSE else 28.0
    for low, high in _around(lot):
        for _ in range(1 + rng.poisson((high - low) * far / 120)):
            long, wide = min(high - low, rng.uniform(2.0, 10.0)), min(far - 0.5, rng.uniform(1.0, 5.0))
            s, u = rng.uniform(low, max(low, high - long)), rng.uniform(0.4, max(0.5, far - wide))
            if rng.random() < 0.2:
                part = plants.ground_cover(rng, long, wide, rng.uniform(0.2, 0.6))
            else:
                part = plants.thicket(rng, long, wide, 0.5 + 1.7 * rng.beta(1.3, 1.8))
            builder.drape(part.mirrored(sign), s, sign * (front + u))


def _hedge(builder: Builder, low: float, high: float, t: float, tall: float, opening: Span | None) -> None:
    """Grow a hedge along the street but for an opening."""
    rng = builder.rng
    runs = [(low, high)] if opening is None else [(low, opening[0] - 0.4), (opening[1] + 0.4, high)]
    for a, b in runs:
        if b - a > 0.8:
            ragged = rng.choice([0.0, rng.uniform(0.1, 0.35)], p=[0.6, 0.4])
            builder.drape(plants.hedge(rng, b - a, rng.uniform(0.4, 0.9), tall, ragged=ragged), a, t)


def _border(builder: Builder, sign: int, lot: Lot) -> None:
    """Put a hedge, a low wall with its returns, a fence, or a wall and a hedge behind it along the pavement."""
    rng, side, style = builder.rng, builder.terrain.side(sign), builder.style
    low, high = lot.low + 0.1, lot.high - 0.1
    middle = rng.uniform(low + 1, high - 1) if high - low > 4 else low
    half = 1.6 if lot.driveway is not None else 0.6
    gate = (lot.driveway if lot.driveway is not None else middle) if high - low > 4 else None
    opening = None if gate is None else (gate - half, gate + half)
    runs = [(low, high)] if opening is None else [(low, opening[0]), (opening[1], high)]
    runs = [(a, b) for a, b in runs if b - a > 1.0]
    u = rng.uniform(0.2, 0.5)
    t = sign * (side.front + u)
    draw = rng.random()
    if draw < style.hedges:
        for a, b in runs:
            _hedge(builder, a, b, t + sign * 0.3, rng.uniform(0.6, 2.0), None)
        if rng.random() < 0.6 and lot.setback > 2:
            turned = plants.hedge(rng, lot.setback - 1.0, 0.6, rng.uniform(0.7, 1.9)).turned(sign * np.pi / 2)
            builder.drape(turned, high, t)
        return
    if draw < style.hedges + 0.65 * (1 - style.hedges):
        back = sign * (side.front + min(lot.setback - 0.3, rng.uniform(1.5, 9.0)))
        high = rng.random() < 0.15
        returns = lot.setback > 2 and rng.random() < 0.6
        for k, (a, b) in enumerate(runs):
            path = [(a, t), (b, t)]
            if returns and k == 0:
                path = [(a, back), *path]
            if returns and k == len(runs) - 1 and rng.random() < 0.7:
                path = [*path, (b, back)]
            if rng.random() < 0.2 and b - a > 4:  # a jog: Z in plan
                at, jog = (a + b) / 2, t + sign * rng.uniform(0.4, 1.0)
                where = path.index((b, t))
                path[where:where] = [(at, t), (at, jog)]
                path[where + 2] = (b, jog)
            builder.place(walls.garden(rng, builder.terrain.height, path, high=high))
            if rng.random() < 0.25:
                _hedge(builder, a, b, t + sign * 0.9, rng.uniform(0.8, 2.0), None)
        return
    for a, b in runs:
        builder.drape(clutter.fence(rng, b - a), a, t)
        if rng.random() < 0.25:
            builder.drape(plants.vine_screen(rng, b - a, rng.uniform(0.8, 1.8)), a, t)
    if opening is not None and rng.random() < 0.4:
        builder.drape(clutter.gate(rng, opening[1] - opening[0]).mirrored(sign), opening[0], t)


def _park(builder: Builder, sign: int, lot: Lot) -> None:
    """Grow trees of all sizes and bushes on the grass, or the edge of a wood."""
    rng, side, width = builder.rng, builder.terrain.side(sign), lot.high - lot.low
    if rng.random() < 0.25:
        wood(builder, sign, (lot.low, lot.high), (side.front + 0.5, side.front + rng.uniform(8, 20)))
        return
    for _ in range(rng.poisson(0.12 * width)):
        tree = plants.tree(rng, habit=drawn(rng, builder.style.habits), height=rng.uniform(4, 15), detail=0.5)
        builder.stand(tree, lot.low + rng.uniform(0, width), sign * (side.front + rng.uniform(1.5, 22)))
    for _ in range(rng.poisson(0.12 * width)):
        bush = plants.bush(rng, rng.uniform(0.5, 1.8), rng.uniform(0.6, 2.6))
        builder.stand(bush, lot.low + rng.uniform(0, width), sign * (side.front + rng.uniform(2, 14)))
    if rng.random() < 0.15:
        builder.stand(clutter.bench(rng), lot.low + rng.uniform(1, width - 2), sign * (side.front + 0.8))


def wood(builder: Builder, sign: int, along: Span, across: Span) -> None:
    """Grow the edge of a wood on a stretch of the street and between two distances from its middle, m.

    Trees of all sizes shade each other; in front of them there is undergrowth.
    """
    rng, (low, high), (near, far) = builder.rng, along, across
    for _ in range(rng.poisson(0.035 * (high - low) * (far - near))):
        t = rng.uniform(near + 1, far)
        kind, detail = drawn(rng, builder.style.habits), float(np.clip(7 / max(t - near, 3), 0.12, 0.6))
        tree = plants.tree(rng, habit=kind, height=rng.uniform(4, 16), detail=detail)
        builder.stand(tree, rng.uniform(low, high), sign * t)
    for _ in range(rng.poisson(0.5 * (high - low))):
        bush = plants.bush(rng, rng.uniform(0.4, 1.5), rng.uniform(0.6, 2.6))
        builder.stand(bush, rng.uniform(low, high), sign * (near + rng.exponential(1.5)))
    for _ in range(rng.poisson(0.1 * (high - low))):
        cover = plants.ground_cover(rng, rng.uniform(2, 6), rng.uniform(0.5, 2), rng.uniform(0.2, 0.6))
        builder.drape(cover.mirrored(sign), rng.uniform(low, high), sign * near)


def _square(builder: Builder, sign: int, lot: Lot) -> None:
    """Put buildings at the far end of a paved place, and trees, low walls and a kiosk on it."""
    rng, side, width = builder.rng, builder.terrain.side(sign), lot.high - lot.low
    kind = KINDS["downtown" if rng.random() < 0.6 else "institute"]
    raised = rng.uniform(0.05, 0.8)
    t = sign * (side.front + lot.setback)
    building = _building(rng, builder.style, kind, width, raised)
    _stand(builder, sign, building, lot.low, t, raised, width)
    for out in np.arange(5.0, lot.setback - 4, 8.0):
        for s in np.arange(lot.low + 3, lot.high - 2, 8.0):
            draw, at = rng.random(), sign * (side.front + out)
            if draw < 0.25:
                builder.stand(plants.tree(rng, habit="round", height=rng.uniform(4, 9)), s, at)
            elif draw < 0.35:
                builder.stand(clutter.bench(rng), s, at)
            elif draw < 0.45:
                builder.stand(clutter.person(rng), s, at)
            elif draw < 0.53:
                path = [(s, at), (s + 3, at), (s + 3, at + sign * 2.5), (s, at + sign * 2.5), (s, at)]
                builder.place(walls.wall(builder.terrain.height, path, 0.35, tall=rng.uniform(0.4, 0.8)))
                builder.stand(plants.bush(rng, 0.9, rng.uniform(0.7, 1.4)), s + 1.5, at + sign * 1.25)
            elif draw < 0.57:
                builder.stand(houses.garage(rng, rng.uniform(2, 4)).mirrored(sign), s, at, lift=0.1)


def _car_park(builder: Builder, sign: int, lot: Lot) -> None:
    """Park cars in rows across, with a hedge or a low wall to the pavement and perhaps a building behind."""
    rng, side = builder.rng, builder.terrain.side(sign)
    if rng.random() < 0.6:
        _border(builder, sign, replace(lot, driveway=(lot.low + lot.high) / 2, setback=2.0))
    full = rng.uniform(0.3, 0.95)
    for out in np.arange(4.0, lot.setback - 2, 8.5):
        for s in np.arange(lot.low + 1.6, lot.high - 1.4, 2.7):
            if rng.random() < full:
                heading = np.pi / 2 * rng.choice([-1, 1]) + rng.normal(scale=0.03)
                builder.lay(
                    car(rng, builder.style.fleet, longest=5.4).turned(heading), s, sign * (side.front + out)
                )
    if rng.random() < 0.6:
        raised = rng.uniform(0.05, 0.4)
        t, width = sign * (side.front + lot.setback + 2), lot.high - lot.low
        building = _building(
            rng, builder.style, KINDS["flats" if rng.random() < 0.5 else "mixed"], width, raised
        )
        _stand(builder, sign, building, lot.low, t, raised, width)


def far(builder: Builder, sign: int, lot: Lot, reach: float) -> None:
    """Put a free wall or a small building at any angle behind the first row, where the ground goes `reach` m far."""
    rng, front, style = builder.rng, builder.terrain.side(sign).front, builder.style
    out = (14.0 if lot.use != HOUSE else lot.setback + 14.0) + rng.uniform(0, 30)
    if rng.random() > style.far or front + out > reach - 4:
        return
    s, angle = rng.uniform(lot.low, lot.high), rng.uniform(0, 2 * np.pi)
    if rng.random() < 0.5:
        long, tall, thick = rng.uniform(3, 16), rng.uniform(1.8, 7.0), rng.uniform(0.2, 0.5)
        stone = (Material.BRICK, Material.STONE, Material.SIDING)[int(rng.integers(3))]
        part = boxes([(-long / 2, 0, -facades.PLINTH)], [(long / 2, thick, tall)], stone)
    elif rng.random() < 0.5:
        part = houses.garage(rng, rng.uniform(3, 7)).at(-2, -2)
    else:
        part = houses.detached(rng, rng.uniform(7, 12), int(rng.integers(1, 4)), 0.2).at(-5, -5)
    _stand(builder, sign, part.turned(angle), s, sign * (front + out), 0.1, 1.0)


def behind(builder: Builder, sign: int, lot: Lot, reach: float) -> None:
    """Put a building into the second row behind some lots, where the ground goes `reach` m far."""
    rng, side = builder.rng, builder.terrain.side(sign)
    if rng.random() > builder.style.second_row * (lot.high - lot.low) / 14:
        return
    out = lot.setback + rng.uniform(20, 34)
    if side.front + out > reach - 6:
        return
    kind = KINDS[str(rng.choice(["villas", "flats", "institute", "mixed"]))]
    width = rng.uniform(8, 26)
    low = rng.uniform(lot.low - 3, lot.low + 6)
    if not builder.take(("behind", sign), low, low + width, margin=14.0):
        return
    raised, t = rng.uniform(0, 0.6), sign * (side.front + out)
    building = (
        _building(rng, builder.style, kind, width, raised)
        .at(-width / 2)
        .turned(rng.normal(scale=0.25))
        .at(width / 2)
    )
    _stand(builder, sign, building, low, t, raised, width)
