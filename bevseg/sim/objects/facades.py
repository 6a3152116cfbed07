"""Façades: walls with windows and doors as holes, what fills them, and what sticks out of them.

The frame of a façade: x along it from 0 to its length, its plane at y = 0 with the building behind it (y > 0), z from
the floor of the ground storey. Storeys are 2.6 to 3.2 m high in houses and 3.4 to 4.6 m in public buildings and over
shops (chosen).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bevseg.sim.distributions import drawn
from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, Point, beams, boxes, merge, quads

PLINTH = 3.0
"""Depth of walls below the floor of the ground storey, m: streets slope, houses do not."""
_DOOR = 2.1


RELIEFS = {"pilasters": 0.4, "half columns": 0.2, "pipes": 0.4}
"""What stands before a wall from its foot to the eaves, and how common each kind is."""


@dataclass(frozen=True)
class Relief:
    """Upright parts on a wall, between its windows; lengths in m."""

    kind: str
    """One of `RELIEFS`."""
    every: int
    """At every window, or at every second or third."""
    wide: float
    out: float
    """How far they stand out of the wall."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Relief:
        """Draw the parts of one wall; none stands out so far that it is in the way on a pavement."""
        kind = drawn(rng, RELIEFS)
        if kind == "pipes":
            return cls(kind, int(rng.integers(2, 7)), rng.uniform(0.07, 0.14), rng.uniform(0.1, 0.18))
        wide = rng.uniform(0.2, 0.6)
        out = 0.5 * wide if kind == "half columns" else rng.uniform(0.06, 0.36)
        return cls(kind, int(rng.integers(1, 4)), wide, out)


@dataclass(frozen=True)
class Rhythm:
    """How windows sit in a wall; lengths in m, the others shares of 1."""

    pitch: float
    """Distance from one window to the next."""
    width: float
    """Width of a window over the pitch."""
    sill: float
    """Height of the sill over the floor."""
    head: float
    """Height of the head of the window over the floor."""
    depth: float
    """Distance of the pane behind the face of the wall."""
    open: float
    """Chance that a window is open to the beam, so that it hits the room."""
    blind: float
    """Chance of a panel without a window."""
    mullions: bool
    """Whether the windows have mullions."""
    surround: float
    """How far the lintels and sills stand out of the wall, m; 0 for none."""
    material: Material
    """Material of the wall."""
    relief: Relief | None = None
    """What stands out of a front between the windows."""
    curtain: bool = False
    """Whether fronts are of glass between mullions."""

    @classmethod
    def draw(cls, rng: np.random.Generator, *, public: bool = False) -> Rhythm:
        """Draw the windows of a house, or of a public building."""
        head = rng.uniform(2.4, 3.1) if public else rng.uniform(1.95, 2.45)
        return cls(
            pitch=rng.uniform(2.2, 4.8) if public else rng.uniform(1.8, 3.6),
            width=rng.uniform(0.35, 0.85) if public else rng.uniform(0.3, 0.7),
            sill=rng.uniform(0.1, 1.1) if public else rng.uniform(0.35, 1.1),
            head=head,
            depth=rng.uniform(0.1, 0.5) if public else rng.uniform(0.04, 0.25),
            open=rng.uniform(0.0, 0.35),
            blind=rng.uniform(0.0, 0.1) if public else rng.uniform(0.0, 0.3),
            mullions=bool(rng.random() < 0.4),
            surround=rng.uniform(0.03, 0.15) if rng.random() < 0.35 else 0.0,
            material=Material.SIDING if not public and rng.random() < 0.4 else Material.BRICK,
            relief=Relief.draw(rng) if rng.random() < (0.3 if public else 0.45) else None,
            curtain=bool(public and rng.random() < 0.15),
        )


def panels(panel: ArrayLike, hole: ArrayLike, depth: float, material: Material) -> Mesh:
    """Return walls round holes and the reveals of these; both (N, 4) as (left, right, low, high), m."""
    left, right, low, high = np.asarray(panel, np.float64).reshape(-1, 4).T
    a, b, c, d = np.asarray(hole, np.float64).reshape(-1, 4).T
    around = [
        _upright(left, a, low, high),
        _upright(b, right, low, high),
        _upright(a, b, low, c),
        _upright(a, b, d, high),
    ]
    rim = [(a, c), (b, c), (b, d), (a, d)]
    y0, y1 = np.zeros_like(a), np.full_like(a, depth)
    for (x0, z0), (x1, z1) in zip(rim, rim[1:] + rim[:1], strict=True):
        corners = [(x0, y0, z0), (x1, y0, z1), (x1, y1, z1), (x0, y1, z0)]
        around.append(np.stack([np.column_stack(c) for c in corners], axis=1))
    return quads(np.concatenate(around), material)


def _upright(
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    y: float = 0.0,
) -> NDArray[np.float64]:
    """Return upright rectangles (N, 4, 3) at `y` that have an area."""
    left, right, low, high = (np.atleast_1d(np.asarray(v, np.float64)) for v in (left, right, low, high))
    left, right, low, high = np.broadcast_arrays(left, right, low, high)
    flat = np.full(left.shape, y)
    corners = [(left, flat, low), (right, flat, low), (right, flat, high), (left, flat, high)]
    found = np.stack([np.column_stack(c) for c in corners], axis=1)
    return found[(right - left > 1e-6) & (high - low > 1e-6)]


def _sheets(rectangles: NDArray[np.float64], y: float) -> NDArray[np.float64]:
    """Return upright rectangles (N, 4, 3) at `y`, given as (left, right, low, high)."""
    left, right, low, high = rectangles.T
    return _upright(left, right, low, high, y)


def sheet(left: float, right: float, low: float, high: float, material: Material, y: float = 0.0) -> Mesh:
    """Return an upright rectangle at `y`."""
    corners = [(left, y, low), (right, y, low), (right, y, high), (left, y, high)]
    return quads([corners], material)


def facade(
    rng: np.random.Generator,
    length: float,
    storeys: int,
    storey: float,
    rhythm: Rhythm,
    *,
    shop: bool = False,
    door: float | None = None,
    ground: float | None = None,
) -> Mesh:
    """Return a wall of windows.

    Parameters
    ----------
    rng
        Draws which windows are open, and which are not there.
    length, storeys, storey
        Length of the wall, number of storeys and height of one, m.
    rhythm
        How the windows sit.
    shop
        Whether the ground storey is shop windows.
    door
        x of a door, m; the panel nearest to it gets one.
    ground
        Height of the ground storey, m, where it is another.
    """
    first = storey if ground is None else ground
    floors = np.concatenate([[0.0], first + storey * np.arange(storeys)])
    count = max(1, round(length / rhythm.pitch))
    edges = np.linspace(0, length, count + 1)
    panel, hole = [], []
    for low, high in pairwise(floors):
        left, right = edges[:-1], edges[1:]
        middle, half = (left + right) / 2, (right - left) / 2 * rhythm.width
        sill, head = low + rhythm.sill, min(low + rhythm.head, high - 0.2)
        ground_floor = low == 0.0
        if ground_floor and shop:
            half, sill, head = (right - left) / 2 * 0.9, low + 0.35, high - 0.6
        sills, heads = np.full(count, sill), np.full(count, head)
        if ground_floor and door is not None:
            at = int(np.argmin(np.abs(middle - door)))
            sills[at], heads[at], half = 0.0, min(_DOOR, high - 0.1), half.copy()
            half[at] = min(0.5, 0.45 * (right[at] - left[at]))
        panel.append(np.column_stack([left, right, np.full(count, low), np.full(count, high)]))
        hole.append(np.column_stack([middle - half, middle + half, sills, heads]))
    walls, holes = np.concatenate(panel), np.concatenate(hole)
    has_door = (holes[:, 2] == 0.0) & (door is not None)
    blind = (rng.random(len(holes)) < rhythm.blind) & ~has_door
    seen_through = (rng.random(len(holes)) < rhythm.open) & ~has_door
    glass = holes[~blind & ~seen_through & ~has_door]
    parts = [
        sheet(0, length, -PLINTH, 0, rhythm.material),
        panels(walls[~blind], holes[~blind], rhythm.depth, rhythm.material),
        quads(_sheets(walls[blind], 0.0), rhythm.material),
        quads(_sheets(glass, rhythm.depth), Material.PANE),
        quads(_sheets(holes[has_door], rhythm.depth), Material.SIDING),
    ]
    if rhythm.mullions and len(glass):
        parts.append(_mullions(glass, rhythm.depth))
    if rhythm.surround and len(glass):
        parts.append(_surrounds(glass, rhythm.surround))
    return merge(parts)


def _surrounds(holes: NDArray[np.float64], out: float) -> Mesh:
    """Return a lintel over and a sill under each window that stand out of the wall."""
    left, right, low, high = holes.T
    front, wall = np.full(len(left), -out), np.zeros(len(left))
    lows = [np.column_stack([left - 0.1, front, edge]) for edge in (low - 0.12, high)]
    highs = [np.column_stack([right + 0.1, wall, edge]) for edge in (low, high + 0.2)]
    return boxes(np.concatenate(lows), np.concatenate(highs), Material.STONE)


def _mullions(holes: NDArray[np.float64], depth: float) -> Mesh:
    """Return the cross of bars in each window."""
    left, right, low, high = holes.T
    x, z = (left + right) / 2, (low + high) / 2
    y0, y1 = np.full(len(x), depth - 0.05), np.full(len(x), depth)
    upright = boxes(
        np.column_stack([x - 0.03, y0, low]), np.column_stack([x + 0.03, y1, high]), Material.SIDING
    )
    level = boxes(
        np.column_stack([left, y0, z - 0.03]), np.column_stack([right, y1, z + 0.03]), Material.SIDING
    )
    return merge([upright, level])


def bands(length: float, heights: ArrayLike, out: float, thick: float, material: Material) -> Mesh:
    """Return level ledges along the whole wall at each of `heights`, m."""
    z = np.atleast_1d(np.asarray(heights, np.float64))
    zero = np.zeros(len(z))
    return boxes(
        np.column_stack([zero - out, zero - out, z - thick]),
        np.column_stack([zero + length + out, zero, z]),
        material,
    )


def pilasters(
    length: float, pitch: float, wide: float, out: float, low: float, high: float, material: Material
) -> Mesh:
    """Return upright bands every `pitch` m, half a pitch off the windows."""
    count = max(1, round(length / pitch))
    x = np.linspace(0, length, count + 1)
    one = np.ones(len(x))
    return boxes(
        np.column_stack([np.clip(x - wide / 2, 0, length), -out * one, low * one]),
        np.column_stack([np.clip(x + wide / 2, 0, length), 0 * one, high * one]),
        material,
    )


def relief(of: Relief, length: float, pitch: float, low: float, high: float, material: Material) -> Mesh:
    """Return the upright parts of a wall with windows every `pitch` m, from `low` to `high` m."""
    if of.kind == "pilasters":
        return pilasters(length, pitch * of.every, of.wide, of.out, low, high, material)
    count = max(1, round(length / pitch))
    half = of.wide / 2
    x = np.unique(np.append(np.linspace(0, length, count + 1)[:: of.every], length))
    x = np.clip(x, half, length - half)
    y = 0.0 if of.kind == "half columns" else half - of.out
    foot = np.column_stack([x, np.full_like(x, y), np.full_like(x, low)])
    return beams(foot, foot + np.array((0, 0, high - low)), half, material, sides=8)


def curtain(rng: np.random.Generator, length: float, floors: ArrayLike, material: Material) -> Mesh:
    """Return a wall of glass between `floors`, m, with mullions before it and a rail or a panel at each floor."""
    z = np.asarray(floors, np.float64)
    count = max(1, round(length / rng.uniform(0.9, 2.6)))
    at = np.linspace(0, length, count + 1)
    wide, out, tall = rng.uniform(0.05, 0.18), rng.uniform(0.02, 0.3), rng.uniform(0.08, 0.9)
    left, low = (edge.ravel() for edge in np.meshgrid(at[:-1], z[:-1]))
    right, high = (edge.ravel() for edge in np.meshgrid(at[1:], z[1:]))
    panes = _upright(left, right, low, high, 0.05)
    x, one, of = np.clip(at - wide / 2, 0, length - wide), np.ones(count + 1), np.ones(len(z))
    mullions = boxes(
        np.column_stack([x, -out * one, z[0] * one]),
        np.column_stack([x + wide, 0.05 * one, z[-1] * one]),
        Material.SIDING,
    )
    rails = boxes(
        np.column_stack([0 * of, -0.02 * of, np.maximum(z - tall / 2, z[0])]),
        np.column_stack([length * of, 0.05 * of, np.minimum(z + tall / 2, z[-1])]),
        Material.SIDING,
    )
    foot = sheet(0, length, -PLINTH, float(z[0]), material)
    return merge([quads(panes, Material.PANE), mullions, rails, foot])


def open_floor(
    rng: np.random.Generator, length: float, depth: float, height: float, material: Material
) -> Mesh:
    """Return a ground floor without walls: rows of pillars, a core with stairs, perhaps a back wall, a ceiling."""
    thick, round_ = rng.uniform(0.25, 0.7), bool(rng.random() < 0.5)
    at = np.linspace(thick, length - thick, max(2, round(length / rng.uniform(2.5, 6.5)) + 1))
    rows = np.arange(thick, depth - 2.0, rng.uniform(3.5, 6.0))
    parts = [columns(at, float(y), -PLINTH, height, thick, material, round_=round_) for y in rows]
    wide, deep = rng.uniform(0.1, 0.4) * length, rng.uniform(0.2, 0.5) * depth
    x = rng.uniform(0, length - wide)
    parts.append(boxes([(x, depth - deep, -PLINTH)], [(x + wide, depth - 0.1, height)], material))
    if rng.random() < 0.7:
        parts.append(sheet(0, length, -PLINTH, height, material, y=depth))
    parts.append(boxes([(0, 0, height - 0.25)], [(length, depth, height)], material))
    return merge(parts)


def bay(
    rng: np.random.Generator, wide: float, out: float, storeys: int, storey: float, rhythm: Rhythm
) -> Mesh:
    """Return a bay of one or more storeys with slanted cheeks, its middle at x = 0."""
    cheek = out * rng.uniform(0.0, 1.0)
    half, front = wide / 2, wide / 2 - cheek
    height = storey * storeys
    window = replace(rhythm, blind=0.0, width=0.75, pitch=max(1.2, 2 * front), open=0.1)
    parts = [facade(rng, 2 * front, storeys, storey, window).at(-front, -out)]
    for side in (-1, 1):
        long = float(np.hypot(cheek, out))
        angle = np.arctan2(out, cheek)
        narrow = replace(window, width=0.5, pitch=long)
        if side > 0:
            parts.append(facade(rng, long, storeys, storey, narrow).turned(angle).at(front, -out))
        else:
            parts.append(facade(rng, long, storeys, storey, narrow).turned(-angle).at(-half, 0))
    lid = [(-half, 0, height), (half, 0, height), (front, -out, height), (-front, -out, height)]
    peak = [(-half, 0, height + 0.6), (half, 0, height + 0.6), (front, -out, height), (-front, -out, height)]
    parts.append(quads([lid, peak], Material.ROOF))
    return merge(parts)


def balconies(rng: np.random.Generator, length: float, heights: ArrayLike, *, everywhere: bool) -> Mesh:
    """Return slabs with a closed or barred railing at each of `heights`, m: one each, or all along the wall."""
    out, closed = rng.uniform(0.8, 1.6), rng.random() < 0.5
    span = min(length, rng.uniform(2.2, 4.5))
    starts = (
        np.arange(0.3, length - span + 0.01, span + 1.5) if everywhere else [rng.uniform(0, length - span)]
    )
    lows: list[Point] = []
    highs: list[Point] = []
    for z in np.atleast_1d(np.asarray(heights, np.float64)):
        for x in np.atleast_1d(starts):
            lows.append((x, -out, z - 0.18))
            highs.append((x + span, 0, z))
            if closed:
                lows.append((x, -out, z))
                highs.append((x + span, -out + 0.06, z + 1.0))
            else:
                bars = np.arange(x, x + span, 0.15)
                lows += [(b, -out, z) for b in bars]
                highs += [(b + 0.03, -out + 0.03, z + 1.0) for b in bars]
                lows.append((x, -out, z + 0.97))
                highs.append((x + span, -out + 0.05, z + 1.03))
    return boxes(lows, highs, Material.BRICK)


def awning(rng: np.random.Generator, length: float, under: float) -> Mesh:
    """Return a sloping or level awning over the pavement, its edge `under` m up."""
    out, rise = rng.uniform(0.8, 2.0), rng.choice([0.02, rng.uniform(0.2, 0.7)])
    a, b = 0.2, length - 0.2
    cloth = [(a, 0, under + rise), (b, 0, under + rise), (b, -out, under), (a, -out, under)]
    hem = [(a, -out, under), (b, -out, under), (b, -out, under - 0.2), (a, -out, under - 0.2)]
    return quads([cloth, hem], Material.ROOF)


def columns(
    x: ArrayLike, y: float, low: float, high: float, thick: float, material: Material, *, round_: bool = True
) -> Mesh:
    """Return columns at each of `x`, round ones (of 8 sides) or square ones, with a foot and a head."""
    at = np.atleast_1d(np.asarray(x, np.float64))
    one, half = np.ones(len(at)), thick / 2
    ends = []
    for a, b in ((low, low + 0.2), (high - 0.2, high)):
        wide = half * 1.3
        ends.append(
            boxes(
                np.column_stack([at - wide, (y - wide) * one, a * one]),
                np.column_stack([at + wide, (y + wide) * one, b * one]),
                material,
            )
        )
    if not round_:
        shaft = boxes(
            np.column_stack([at - half, (y - half) * one, low * one]),
            np.column_stack([at + half, (y + half) * one, high * one]),
            material,
        )
        return merge([shaft, *ends])
    angle = np.linspace(0, 2 * np.pi, 9)
    ring = half * np.column_stack([np.cos(angle), np.sin(angle)])
    foot = np.stack(
        [at[:, None] + ring[:, 0], y + np.broadcast_to(ring[:, 1], (len(at), 9)), np.full((len(at), 9), low)],
        axis=2,
    )
    top = foot + np.array((0, 0, high - low))
    return merge(
        [quads(np.stack([foot[:, :-1], foot[:, 1:], top[:, 1:], top[:, :-1]], axis=2), material), *ends]
    )


def arcade(rng: np.random.Generator, length: float, depth: float, height: float, material: Material) -> Mesh:
    """Return a row of columns along the front with the wall `depth` m behind it, and the ceiling over both."""
    pitch = rng.uniform(2.6, 5.0)
    count = max(2, round(length / pitch) + 1)
    thick = rng.uniform(0.35, 0.8)
    x = np.linspace(thick / 2, length - thick / 2, count)
    parts = [columns(x, thick / 2, -PLINTH, height - 0.5, thick, material, round_=bool(rng.random() < 0.5))]
    if rng.random() < 0.5:
        parts.append(_arches(x, thick, height, material))
    parts.append(boxes([(0, 0, height - 0.5)], [(length, thick, height)], material))
    parts.append(
        quads([[(0, 0, height), (length, 0, height), (length, depth, height), (0, depth, height)]], material)
    )
    window = replace(Rhythm.draw(rng, public=True), pitch=pitch, open=0.1)
    parts.append(facade(rng, length, 1, height, window, door=length / 2).at(0, depth))
    return merge(parts)


def _arches(x: NDArray[np.float64], thick: float, height: float, material: Material) -> Mesh:
    """Return the spandrels between columns: what is left over round arches."""
    corners = []
    for a, b in zip(x[:-1] + thick / 2, x[1:] - thick / 2, strict=True):
        radius, middle, top = (b - a) / 2, (a + b) / 2, height - 0.5
        spring = top - min(radius, 0.45 * height)
        angle = np.linspace(np.pi, 0, 9)
        u, w = middle + radius * np.cos(angle), spring + (top - spring) * np.sin(angle)
        for i in range(8):
            for y in (0.0, thick):
                corners.append([(u[i], y, w[i]), (u[i + 1], y, w[i + 1]), (u[i + 1], y, top), (u[i], y, top)])
            corners.append(
                [
                    (u[i], 0.0, w[i]),
                    (u[i + 1], 0.0, w[i + 1]),
                    (u[i + 1], thick, w[i + 1]),
                    (u[i], thick, w[i]),
                ]
            )
    return quads(corners, material)
