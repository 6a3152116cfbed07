"""The lots beside the road: houses with gardens, halls, parks, squares, car parks.

Lots are planned first, because the ground depends on their walls and banks. `sites` builds them on the finished
ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from bevseg.sim.distributions import Span, drawn
from bevseg.sim.materials import Material
from bevseg.sim.town.layout import WALL, Crossing, Plot
from bevseg.sim.town.style import Style

HOUSE, OPEN, PARK, SQUARE, CAR_PARK, VIADUCT = "house", "open", "park", "square", "car park", "viaduct"
"""What lots are used for."""
STEP = 0.15
"""Lower steps of the ground need no wall, m."""
STAIRS = 0.55
"""Rise over run of a flight through a retaining wall."""
_WALLED = ("detached", "terraced", "flats", "mixed")
"""Kinds of buildings among which there are plots with a wall and hardly more."""
_CORNER = 1.5
"""Distance from the pavement of a side street to the first lot, m."""


@dataclass(frozen=True)
class Kind:
    """One kind of street side; lengths in m, the others chances per lot."""

    building: str
    """Kind of building, "" for none."""
    garden: Span
    """Distance from the pavement to the front of a building."""
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
"""Name -> kind of side. The numbers are chosen."""


@dataclass(frozen=True)
class Taste:
    """What the plots along one side have in common: chances per plot; sizes in m."""

    walls: float = 0.0
    """Chance of plain walls."""
    hedges: float = 0.0
    """Chance of clipped hedges."""
    beds: float = 0.0
    """Chance of beds."""
    huts: float = 0.0
    """Chance of small buildings."""
    shrubs: float = 1.0
    """Density of shrubs over the usual one."""
    wall: float = 2.0
    """Height of most plain walls."""
    hedge: float = 1.2
    """Height of most clipped hedges."""
    line: float = 0.2
    """Distance of most walls and hedges from the pavement."""

    @classmethod
    def draw(cls, rng: np.random.Generator, style: Style) -> Taste:
        """Draw the taste of one side: what is common is on two plots in five or more."""

        def chance(common: float) -> float:
            return float(rng.uniform(0.4, 1.0) if rng.random() < common else rng.uniform(0.0, 0.12))

        return cls(
            walls=chance(style.plain_walls),
            hedges=chance(style.box_hedges),
            beds=chance(style.beds),
            huts=chance(style.huts),
            shrubs=float(np.exp(rng.normal(0.2, 0.7))),
            wall=float(0.5 + 3.5 * rng.beta(1.3, 1.6)),
            hedge=float(rng.uniform(0.6, 2.5)),
            line=float(rng.uniform(0.1, 0.6)),
        )


@dataclass(frozen=True)
class Lot:
    """One lot: its ends along the street and what is planned on it; lengths in m."""

    low: float
    high: float
    kind: Kind
    use: str = HOUSE
    setback: float = 5.0
    """Distance from the pavement to the front of the building."""
    profile: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    """Profile of the ground, as in `Plot`."""
    level: float = 0.0
    """As in `Plot`."""
    stairs: Span | None = None
    """s of the ends of a flight through its retaining wall."""
    driveway: float | None = None
    """s of its middle; None: no driveway."""
    paved: bool = False
    walled: bool = False
    """Whether it is a plot with a wall along the pavement and hardly more."""
    taste: Taste = Taste()

    @property
    def width(self) -> float:
        """Length along the street, m."""
        return self.high - self.low

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
        if u1 - u0 < 2 * WALL and abs(z1 - z0) > STEP
    ]


class Planner:
    """Plans the lots of one side of a street.

    Parameters
    ----------
    rng, style
        Draw the lots.
    slope
        Slope of the street, m per m. Long buildings do not stand on steep streets.
    blocked
        Stretches without lots, (from, to) in m, in ascending order.
    """

    def __init__(
        self, rng: np.random.Generator, style: Style, slope: float = 0.0, blocked: Sequence[Span] = ()
    ) -> None:
        self.rng, self.style, self.slope, self.blocked = rng, style, slope, blocked
        self.taste = Taste.draw(rng, style)

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
            compound = kind.building in _WALLED and rng.random() < 0.15 * self.taste.walls
            longest = min(kind.width[1], max(kind.width[0], 2.2 / max(abs(self.slope), 0.01)))
            width = rng.uniform(kind.width[0], max(longest, kind.width[0] + 0.1))
            width = rng.uniform(15.0, 60.0) if compound else width
            block = next((b for b in self.blocked if b[1] > s and b[0] < s + width + _CORNER), None)
            if block is not None:
                if block[0] - s - _CORNER < 5.0:
                    s = block[1] + _CORNER
                    continue
                width = block[0] - s - _CORNER
            if compound:  # a wall along the street, and hardly anything behind it
                deep = rng.uniform(8.0, 28.0)
                plot = Lot(s, s + width, kind, OPEN, deep, _gentle(rng), walled=True, taste=self.taste)
                found.append(plot)
            else:
                found.append(replace(self._lot(kind, s, s + width, garden), taste=self.taste))
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
        if use == HOUSE and kind.building != "downtown" and rng.random() < 0.2 * self.taste.huts:
            use, setback = OPEN, max(setback, rng.uniform(8.0, 26.0))
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
        """Return the lot behind a retaining wall, or two, at the pavement or further in."""
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
        fall = abs(self.slope) * lot.width / 2
        level = 1.0 if rng.random() < 0.6 and tall > fall + 0.3 else 0.0
        flight = None
        run = tall / STAIRS
        if len(profile) < 4 and lot.width > 5 and run < room and rng.random() < 0.65:
            middle, half = rng.uniform(lot.low + 1.6, lot.high - 1.6), rng.uniform(0.6, 1.2)
            flight = (middle - half, middle + half)
        rng.random(2)  # not used any more; without this draw, every seed would give another street
        return replace(lot, profile=tuple(profile), level=level, stairs=flight)


def _gentle(rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Draw the fall of an open place."""
    return ((0.0, 0.0), (24.0, 24.0 * rng.uniform(-0.025, 0.025)))


def set_back(rng: np.random.Generator, style: Style, of: Sequence[Lot], room: float) -> list[Lot]:
    """Return lots with the houses of some further back, a few in line, on ground that is `room` m wide."""
    found, further = [], 0.0
    for k, lot in enumerate(of):
        if k == 0 or rng.random() < 0.3:
            further = rng.uniform(*style.back) if rng.random() < style.set_back else 0.0
        moved = lot.use in (HOUSE, OPEN) and not lot.retained and lot.kind.building != "downtown"
        more = min(further, max(room - lot.setback - 16.0, 0.0)) if moved else 0.0
        found.append(replace(lot, setback=lot.setback + more))
    return found


def carried(rng: np.random.Generator, planned: Sequence[list[Lot]], length: float) -> list[list[Lot]]:
    """Return the lots with a viaduct: a stretch of the street that runs over lower ground, with nothing beside it."""
    middle, half, deep = rng.uniform(0.2, 0.8) * length, rng.uniform(10, 25), rng.uniform(3.0, 6.0)
    low, high = middle - half, middle + half
    over = Lot(low, high, KINDS["park"], VIADUCT, profile=((0.08, 0.0), (0.33, -deep)))
    result = []
    for of in planned:
        clear = [lot for lot in of if lot.high < low - 3 or lot.low > high + 3]
        result.append(sorted([*clear, over], key=lambda lot: lot.low))
    return result


def plots(lots: Sequence[Lot], blocked: Sequence[Span]) -> tuple[Plot, ...]:
    """Return the plots of the ground of one side; neighbours share the gap between them."""
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
        ramp = ((line, 0.0), (line + tall / STAIRS, tall), *lot.profile[2:])
        found += [
            replace(base, high=a, seams=(seams[0], WALL)),
            replace(
                base,
                low=a,
                high=b,
                profile=ramp,
                seams=(WALL, WALL),
                step=line + tall / STAIRS - WALL,
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


def mouths(crossings: Sequence[Crossing], sign: int) -> list[Span]:
    """Return the stretches of one side that side streets take."""
    return [(c.s - c.half - c.pavement, c.s + c.half + c.pavement) for c in crossings if sign in c.arms]
