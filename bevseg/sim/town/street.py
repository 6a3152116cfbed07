"""A seed -> a street of triangles: ground, houses, gardens, trees, vehicles, poles, clutter and side streets."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bevseg.sim.distributions import drawn
from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, merge
from bevseg.sim.town import arterial, bridges, carriageway, kerbside, land, lots, roadside, sites
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.centreline import Centreline
from bevseg.sim.town.crossings import fill_crossings
from bevseg.sim.town.land import Stretch
from bevseg.sim.town.layout import Crossing, Ramp, Side
from bevseg.sim.town.lots import KINDS, Lot, Planner
from bevseg.sim.town.parking import PARKING
from bevseg.sim.town.style import Style
from bevseg.sim.town.styles import STYLES
from bevseg.sim.town.terrain import AHEAD, Arm, Terrain

_STRAIGHT = 22.0
"""Distance from the middle of a cross street within which the road does not bend, m."""
_BEFORE = 30.0
"""Length of the banks before and after the drive, m."""
_FOLD = 0.75
"""Width of the ground on the inner side of a bend, as a share of the least radius of the bend."""


@dataclass(frozen=True)
class Street:
    """A street in a local frame, in m, that begins at the origin.

    Side streets leave at `terrain.crossings`, to the sides in `Crossing.arms`, straight along t. They are furnished
    for about 60 m (`terrain.arms()`).

    Attributes
    ----------
    mesh
        All triangles of the street.
    terrain
        The ground, in street coordinates.
    centreline
        Maps street coordinates to the plane.
    lane
        t of the middle of the lane in which the scanner drives, m.
    lanes
        t of the middle of each lane, m, and whether it leads along s (1) or back (-1); first that of the scanner.
    """

    mesh: Mesh
    terrain: Terrain
    centreline: Centreline
    lane: float
    lanes: tuple[tuple[float, int], ...] = ()

    def ground(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return the height of the ground at places in the plane, m.

        It is exactly the height of the triangles of the ground. Below a bridge it is the height of the road.

        Parameters
        ----------
        x, y
            Coordinates of any shapes that broadcast, m.

        Returns
        -------
        float64 of the broadcast shape; NaN where there is no ground.
        """
        x, y = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
        flat = np.column_stack([x.ravel(), y.ravel()])
        relief = self.terrain.relief
        s, t = self.centreline.to_street(flat).T
        i, j = relief.patch(s, t)
        corners = [
            self.centreline.to_plane(
                np.column_stack([relief.s[i + a], relief.t[j + b], relief.z[i + a, j + b]])
            )
            for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))
        ]
        here, east, far, north = corners
        diagonal, offset = far[:, :2] - here[:, :2], flat - here[:, :2]
        right_of_it = diagonal[:, 0] * offset[:, 1] - diagonal[:, 1] * offset[:, 0] <= 0
        third = np.where(right_of_it[:, None], east, north)
        height = _on_plane(flat, here, far, third)
        outside = (s < relief.s[0]) | (s > relief.s[-1]) | (t < relief.t[0]) | (t > relief.t[-1])
        height[outside | ~relief.built[i, j]] = np.nan
        return height.reshape(x.shape)


def _on_plane(
    xy: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the heights at (N, 2) of planes through three points each; a, b and c are (N, 3)."""
    u, v, w = b - a, c - a, xy - a[:, :2]
    det = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    f = (w[:, 0] * v[:, 1] - w[:, 1] * v[:, 0]) / det
    g = (u[:, 0] * w[:, 1] - u[:, 1] * w[:, 0]) / det
    return np.asarray(a[:, 2] + f * u[:, 2] + g * v[:, 2])


def street(
    seed: int, length: float, slope: float | None = None, *, style: str = "shrec20", smeared: bool = True
) -> Street:
    """Build the street of a seed.

    Parameters
    ----------
    seed
        The same seed gives the same street.
    length
        Length of the drive, m.
    slope
        Slope of the street, m per m. None: a random one from the range of the style.
    style
        Kind of town, a key of `styles.STYLES`.
    smeared
        Whether what moves is there, distorted as a line scanner draws it. Otherwise it is left out.
    """
    rng, town = np.random.default_rng([seed, 0]), STYLES[style]
    if not smeared:
        town = replace(town, traffic=0.0, ghosts=0.0)
    half, median, count = _road(rng, town)
    parking = [drawn(rng, town.parking) for _ in range(2)]
    crossings = _crossings(rng, town, length)
    steep = float(rng.choice([-1, 1]) * rng.uniform(*town.slope)) if slope is None else slope
    centreline = Centreline.draw(
        rng, length, _shape(rng, town, crossings), [(c.s - _STRAIGHT, c.s + _STRAIGHT) for c in crossings]
    )
    blocked = [lots.mouths(crossings, sign) for sign in (1, -1)]
    planned = [Planner(rng, town, steep, of).side(-AHEAD, length + AHEAD) for of in blocked]
    open_land: list[list[Stretch]] = [[], []]
    if town.land:
        for k, mouths in enumerate(blocked):
            if rng.random() < town.land:
                planned[k], open_land[k] = [], land.plan(rng, town, -_BEFORE, length + _BEFORE, mouths)
    if rng.random() < town.viaduct * length / 100:
        planned = lots.carried(rng, planned, length)
    kerb = float(rng.uniform(*town.kerb))
    terrain = Terrain(
        length=length,
        slope=steep,
        wave=(rng.uniform(*town.wave), rng.uniform(50, 90), rng.uniform(0, 2 * np.pi)),
        camber=rng.uniform(*town.camber),
        left=_side(rng, town, half + PARKING[parking[0]].width),
        right=_side(rng, town, half + PARKING[parking[1]].width),
        crossings=tuple(Crossing(c.s, c.half, c.pavement, c.arms, kerb) for c in crossings),
        plots=(
            (*lots.plots(planned[0], blocked[0]), *land.plots(open_land[0])),
            (*lots.plots(planned[1], blocked[1]), *land.plots(open_land[1])),
        ),
        ramps=_ramps(planned, crossings),
        kerb=kerb,
        reach=(min(60.0, _FOLD * centreline.reach(1)), min(60.0, _FOLD * centreline.reach(-1))),
        rough=seed,
        worn=town.worn,
        median=median,
        median_soil=Material.PAVING if median and rng.random() < 0.4 else Material.GRASS,
    )
    outer = PARKING[parking[1]].empty
    lane, others = _lanes(rng, town, carriageway.lanes(half, median, count), outer=outer)
    builder = Builder(rng, terrain, town)
    for sign, of, meadow, place in zip((1, -1), planned, open_land, parking, strict=True):
        reach = terrain.reach[0 if sign > 0 else 1]
        sites.retain(builder, sign)
        for lot in lots.set_back(rng, town, of, reach - terrain.side(sign).front):
            sites.build(builder, sign, lot)
            sites.behind(builder, sign, lot, reach)
            sites.far(builder, sign, lot, reach)
        land.fill(builder, sign, meadow, reach)
        arterial.edge(builder, sign)
        kerbside.fill(builder, sign, trucks=place in kerbside.LONG_PLACES)
        roadside.fill(builder, sign, PARKING[place])
    arterial.fill(builder, median, paved=terrain.median_soil is Material.PAVING)
    fill_crossings(builder)
    carriageway.traffic(builder, others)
    if rng.random() < town.bridge * length / 100:
        bridges.overhead(builder, rng.uniform(0.2, 0.8) * length, rng.uniform(3.0, 8.0))
    for arm in terrain.arms():
        _side_street(builder, arm)
    return Street(
        merge([terrain.mesh(), *builder.parts]).mapped(centreline.to_plane),
        terrain,
        centreline,
        lane,
        ((lane, 1), *others),
    )


def _road(rng: np.random.Generator, town: Style) -> tuple[float, float, int]:
    """Draw half the width of the carriageway, and of the strip between its directions in it, m, and the lanes.

    The number of lanes is 0 where only the width says how many there are.
    """
    if town.lanes[1] < 2:
        return rng.uniform(*town.lane) * (rng.uniform(1.6, 1.9) if rng.random() < town.wide else 1.0), 0.0, 0
    median = rng.uniform(*town.median) if rng.random() < town.medians else 0.0
    count = int(rng.integers(town.lanes[0], town.lanes[1] + 1))
    return median + rng.uniform(*town.lane) * count, median, count


def _lanes(
    rng: np.random.Generator, town: Style, places: list[float], *, outer: bool
) -> tuple[float, list[tuple[float, int]]]:
    """Return the lane of the scanner, and the others with their directions: see `carriageway.traffic`.

    The scanner takes the left one of two lanes, or any where the style says how many there are, the outermost if
    that is free of parked vehicles (`outer`). Where there is but one lane for both directions, it takes the middle.
    """
    if town.single and rng.random() < town.single:
        return 0.0, []
    free = len(places) if outer else max(1, len(places) - 1)
    driven = int(rng.integers(free)) if town.lanes[1] > 1 else 0
    ahead = [(-t, 1) for k, t in enumerate(places) if k != driven]
    return -places[driven], [*((t, -1) for t in places), *ahead]


def _shape(rng: np.random.Generator, town: Style, crossings: list[Crossing]) -> str:
    """Draw how the road bends. It bends sharply only where side streets cannot meet."""
    kind = drawn(rng, town.bends)
    return "gentle" if kind == "sharp" and len(crossings) > 1 else kind


def _side(rng: np.random.Generator, town: Style, kerb: float) -> Side:
    """Draw the cross-section of one side."""
    return Side(
        kerb=kerb,
        verge=(verge := rng.uniform(*town.verge_width) if rng.random() < town.verge else 0.0),
        pavement=rng.uniform(*town.pavement),
        garden=rng.uniform(2.0, 8.0),
        hill=float(np.clip(rng.normal(scale=0.03), -0.06, 0.08)),
        service=rng.uniform(4.2, 6.5) if town.service and verge and rng.random() < town.service else 0.0,
    )


def _crossings(rng: np.random.Generator, town: Style, length: float) -> list[Crossing]:
    """Draw cross streets that are well apart; some leave to one side only."""
    found: list[Crossing] = []
    s = rng.uniform(0, town.crossing[1])
    while s < length:
        arms = (int(rng.choice([-1, 1])),) if rng.random() < town.tee else (1, -1)
        found.append(Crossing(s, rng.uniform(*town.cross), rng.uniform(*town.cross_pavement), arms))
        s += rng.uniform(*town.crossing)
    return found


def _ramps(planned: list[list[Lot]], crossings: list[Crossing]) -> tuple[Ramp, ...]:
    """Return the dropped kerbs at drives, car parks and corners."""
    found = []
    for sign, of in zip((1, -1), planned, strict=True):
        found += [Ramp(sign, lot.driveway, 1.6) for lot in of if lot.driveway is not None]
        found += [Ramp(sign, (lot.low + lot.high) / 2, 2.5) for lot in of if lot.use == lots.CAR_PARK]
        found += [
            Ramp(sign, c.s + way * (c.half + 1.0), 0.8)
            for c in crossings
            if sign in c.arms
            for way in (-1, 1)
        ]
    return tuple(found)


def _side_street(builder: Builder, arm: Arm) -> None:
    """Furnish a side street, beginning behind the houses at its corners."""
    rng, town = builder.rng, builder.style
    inner = Builder(rng, arm, town)
    inner.last_instance, inner.footprints = builder.last_instance, builder.footprints
    begin = arm.terrain.side(arm.sign).garden + 14.0
    for sign in (1, -1):
        if not town.land or rng.random() > town.land:
            sites.fill(inner, sign, KINDS[drawn(rng, town.kinds)], start=begin)
        kerbside.fill(inner, sign)
        roadside.fill(inner, sign, PARKING["parallel" if arm.crossing.half > 4.6 else "none"])
    builder.last_instance = inner.last_instance
    builder.parts += [arm.placed(part) for part in inner.parts]
