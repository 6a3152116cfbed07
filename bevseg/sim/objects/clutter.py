"""Objects of a street that no class names. A frame has its origin on the ground."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, Point, beam, beams, box, leaves, merge, polyline, quads

CLOTH, METAL, SCREEN, WIRE, WOOD = (
    Material.CLOTH,
    Material.METAL,
    Material.SCREEN,
    Material.WIRE,
    Material.WOOD,
)


def wires(
    start: NDArray[np.float64], end: NDArray[np.float64], radii: NDArray[np.float64], sag: float
) -> Mesh:
    """Return wires that hang from points (N, 3) to points (N, 3); `sag` is their dip over their length."""
    share = np.linspace(0, 1, 11)
    dip = 4 * sag * np.linalg.norm(end - start, axis=1)[:, None] * (share * (1 - share))
    line = start[:, None] + share[None, :, None] * (end - start)[:, None]
    line[..., 2] -= dip
    return beams(line[:, :-1].reshape(-1, 3), line[:, 1:].reshape(-1, 3), np.repeat(radii, 10), WIRE, sides=3)


# People and what they ride.


def person(rng: np.random.Generator) -> Mesh:
    """Return a person who walks or stands towards x, some with a bag, a few of them children."""
    height, stride = rng.uniform(1.5, 1.95), rng.uniform(0.0, 0.32)
    if rng.random() < 0.1:
        height *= rng.uniform(0.55, 0.8)
    hip, neck, half = 0.5 * height, 0.84 * height, 0.115 * height
    legs = [beam((x, y, 0), (0, y, hip), 0.045 * height, CLOTH) for x, y in ((stride, 0.1), (-stride, -0.1))]
    swing = rng.uniform(0.3, 1.0) * stride
    arms = [
        beam((x, y, hip), (0, 0.85 * y, neck), 0.03 * height, CLOTH)
        for x, y in ((-swing, half + 0.06), (swing, -half - 0.06))
    ]
    lean = rng.normal(scale=0.04)
    trunk = beam((0, 0, 0.95 * hip), (lean, 0, neck), 0.8 * half, CLOTH, sides=8, tip=1.2)
    head = beam((lean, 0, neck), (lean, 0, height), 0.055 * height, CLOTH, sides=8)
    parts = [*legs, *arms, trunk, head]
    if rng.random() < 0.25:
        parts.append(box((-0.4, -0.15, hip + 0.1), (-0.14, 0.15, neck - 0.02), CLOTH))
    return merge(parts)


def standing(rng: np.random.Generator) -> Mesh:
    """Return a person who looks in any direction."""
    return person(rng).turned(rng.uniform(0, 2 * np.pi))


def people(rng: np.random.Generator) -> Mesh:
    """Return two to five people who stand or walk together; each is an instance of its own."""
    return merge(
        standing(rng).at(*rng.normal(scale=0.6, size=2)).numbered(index)
        for index in range(int(rng.integers(2, 6)))
    )


def ghost(rng: np.random.Generator) -> Mesh:
    """Return a person who moved during the scan: stretched or squeezed, slanted, with gaps, even twice."""
    stretch, slant = np.exp(rng.normal(scale=0.7)), rng.normal(scale=0.5)

    def smeared(points: NDArray[np.float64]) -> NDArray[np.float64]:
        along = stretch * points[:, 0] + slant * points[:, 2]
        return np.column_stack([along, points[:, 1], points[:, 2]])

    body = standing(rng).mapped(smeared)
    copies = [
        body.at(rng.uniform(0.3, 1.5) * index)
        for index in range(int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15])))
    ]
    low, high = np.sort(rng.uniform(0.0, 1.9, 2))
    whole = merge(copies)
    level = whole.corners[..., 2].mean(axis=1)
    tattered = (rng.random(len(level)) < rng.uniform(0.4, 0.95)) & ~(
        (level > low) & (level < high) & (low > 0.5)
    )
    return whole.only(tattered)


def bicycle(rng: np.random.Generator) -> Mesh:
    """Return a parked bicycle."""
    rims = []
    for x in (0.0, 1.05):
        angle = np.linspace(0, 2 * np.pi, 11)
        ring = [(x + 0.34 * np.cos(a), 0.0, 0.35 + 0.34 * np.sin(a)) for a in angle]
        rims.append(polyline(ring, 0.025, WIRE))
    frame = [
        (0, 0, 0.35),
        (0.35, 0, 0.85),
        (0.85, 0, 0.85),
        (1.05, 0, 0.35),
        (0.45, 0, 0.35),
        (0.35, 0, 0.85),
    ]
    bars = polyline([(0.85, -0.28, 1.0), (0.85, 0.28, 1.0)], 0.02, WIRE)
    return merge([*rims, polyline(frame, 0.025, WIRE), bars]).turned(rng.uniform(-0.3, 0.3))


def bicycle_rack(rng: np.random.Generator) -> Mesh:
    """Return a row of hoops along x with bicycles at some of them."""
    parts = []
    for index in range(int(rng.integers(2, 7))):
        x = 0.8 * index
        hoop = [(x, -0.35, 0.0), (x, -0.35, 0.8), (x, 0.35, 0.8), (x, 0.35, 0.0)]
        parts.append(polyline(hoop, 0.025, METAL))
        if rng.random() < 0.5:
            parts.append(bicycle(rng).at(-0.5).turned(np.pi / 2).at(x + 0.1).numbered(index + 1))
    return merge(parts)


def scooter(rng: np.random.Generator) -> Mesh:
    """Return a motor scooter or a motorcycle."""
    wheels = [
        beam((x, -0.06, 0.27), (x, 0.06, 0.27), rng.uniform(0.22, 0.32), METAL, sides=10) for x in (0.0, 1.3)
    ]
    seat = box((-0.2, -0.16, 0.4), (0.6, 0.16, rng.uniform(0.72, 0.85)), METAL)
    shield = quads([[(1.05, -0.2, 0.25), (1.05, 0.2, 0.25), (0.9, 0.2, 1.0), (0.9, -0.2, 1.0)]], METAL)
    bars = polyline([(0.9, -0.33, 1.05), (0.9, 0.33, 1.05)], 0.02, METAL)
    return merge([*wheels, seat, shield, bars, box((0.5, -0.15, 0.25), (1.0, 0.15, 0.33), METAL)])


# Street furniture.


def bench(rng: np.random.Generator) -> Mesh:
    """Return a bench, most of them with a back."""
    length = rng.uniform(1.4, 2.2)
    parts = [box((0, -0.25, 0.42), (length, 0.25, 0.48), WOOD)]
    if rng.random() < 0.75:
        parts.append(box((0, -0.28, 0.55), (length, -0.22, 0.9), WOOD))
    parts += [box((x, -0.2, -0.2), (x + 0.08, 0.2, 0.42), WOOD) for x in (0.1, length - 0.2)]
    return merge(parts)


def bins(rng: np.random.Generator) -> Mesh:
    """Return one to four wheeled bins of 80 to 360 litres (EN 840), or a heap of sacks."""
    parts = []
    for i in range(int(rng.integers(1, 5))):
        if rng.random() < 0.2:
            centres = np.abs(rng.normal(size=(60, 3))) * (0.25, 0.25, 0.2) + (0.75 * i - 0.2, -0.2, 0.2)
            parts.append(leaves(centres, 0.3, rng, METAL).numbered(i))
            continue
        wide, high = rng.uniform(0.45, 0.65), rng.uniform(0.9, 1.15)
        body = beam((0.75 * i, 0, 0.03), (0.75 * i, 0, high), 0.55 * wide, METAL, tip=1.3)
        parts.append(body.numbered(i))
    return merge(parts)


def litter_bin(rng: np.random.Generator) -> Mesh:
    """Return a bin for litter: a drum, or a basket on a post."""
    if rng.random() < 0.6:
        return beam((0, 0, 0), (0, 0, rng.uniform(0.8, 1.2)), rng.uniform(0.2, 0.35), METAL, sides=8)
    basket = beam((0, 0.15, 0.55), (0, 0.15, 1.05), 0.18, METAL, sides=8, tip=1.2)
    return merge([beam((0, 0, -0.2), (0, 0, 1.2), 0.03, METAL), basket])


def dumpster(rng: np.random.Generator) -> Mesh:
    """Return a large container with a slanted lid, 1.5 to 7.6 m3."""
    long, deep, front = rng.uniform(1.4, 2.2), rng.uniform(1.0, 1.7), rng.uniform(0.9, 1.3)
    parts = [box((0, 0, 0.12), (long, deep, front), METAL)]
    low, high = front, front + 0.4
    faces: list[list[Point]] = [
        [(0, 0, low), (long, 0, low), (long, deep, high), (0, deep, high)],
        [(0, deep, low), (long, deep, low), (long, deep, high), (0, deep, high)],
        *([(x, 0, low), (x, deep, low), (x, deep, high), (x, 0, low)] for x in (0.0, long)),
    ]
    return merge([*parts, quads(faces, METAL)])


def bus_shelter(rng: np.random.Generator) -> Mesh:
    """Return a shelter along x, open towards -y: glass walls, a roof, a bench."""
    long, deep, high = rng.uniform(2.6, 4.5), rng.uniform(1.1, 1.6), rng.uniform(2.25, 2.6)
    posts = [
        box((x, y, -0.2), (x + 0.07, y + 0.07, high), METAL)
        for x in (0.0, long / 2, long - 0.07)
        for y in (0.0, deep)
    ]
    del posts[2]  # none in the middle of the front
    glass: list[list[Point]] = [
        [(0, deep, 0.2), (long, deep, 0.2), (long, deep, 2.1), (0, deep, 2.1)],
        [(0, 0.2, 0.2), (0, deep, 0.2), (0, deep, 2.1), (0, 0.2, 2.1)],
        [(long, 0.2, 0.2), (long, deep, 0.2), (long, deep, 2.1), (long, 0.2, 2.1)],
    ]
    roof = box((-0.1, -0.2, high), (long + 0.1, deep + 0.15, high + 0.12), METAL)
    seat = box((0.4, deep - 0.4, 0.42), (long - 0.4, deep - 0.1, 0.48), METAL)
    poster = box((long - 0.1, 0.1, 0.4), (long + 0.03, deep - 0.1, 2.1), METAL)
    return merge([*posts, roof, seat, quads(glass, SCREEN), *([poster] if rng.random() < 0.5 else [])])


def mailbox(rng: np.random.Generator) -> Mesh:
    """Return a collection box on four legs, or the box of a house on a post."""
    if rng.random() < 0.5:
        arc = np.linspace(0, np.pi, 6)
        low = np.column_stack([np.full(6, -0.26), 0.26 * np.cos(arc), 0.95 + 0.3 * np.sin(arc)])
        far = low * (-1, 1, 1)
        top = quads(np.stack([low[:-1], low[1:], far[1:], far[:-1]], axis=1), METAL)
        legs = [
            box((x, w, 0), (x + 0.05, w + 0.05, 0.25), METAL) for x in (-0.26, 0.21) for w in (-0.26, 0.21)
        ]
        return merge([box((-0.26, -0.26, 0.25), (0.26, 0.26, 0.97), METAL), top, *legs])
    high = rng.uniform(0.95, 1.2)
    return merge(
        [
            box((-0.05, -0.05, -0.2), (0.05, 0.05, high), WOOD),
            box((-0.1, -0.25, high), (0.1, 0.25, high + 0.22), METAL),
        ]
    )


def hydrant(rng: np.random.Generator) -> Mesh:
    """Return a fire hydrant."""
    high = rng.uniform(0.6, 0.85)
    caps = [
        beam((0, 0, 0.55 * high), (x, y, 0.55 * high), 0.07, METAL)
        for x, y in ((0.2, 0), (-0.2, 0), (0, 0.2))
    ]
    dome = beam((0, 0, high), (0, 0, high + 0.12), 0.13, METAL, sides=8, tip=0.3)
    return merge([beam((0, 0, 0), (0, 0, high), 0.11, METAL, sides=8), dome, *caps])


def newspaper_boxes(rng: np.random.Generator) -> Mesh:
    """Return one to five boxes side by side, each an instance."""
    return merge(
        box((0.55 * i, -0.22, 0.25), (0.55 * i + 0.48, 0.22, rng.uniform(1.0, 1.3)), METAL).numbered(i)
        for i in range(int(rng.integers(1, 6)))
    )


def parking_meter(rng: np.random.Generator) -> Mesh:
    """Return a parking meter: a thin post with one head or two, 1.2 to 1.5 m high."""
    high = rng.uniform(1.2, 1.5)
    heads = [0.0] if rng.random() < 0.7 else [-0.14, 0.14]
    tops = [beam((x, 0, high - 0.28), (x, 0, high), 0.09, METAL, sides=6, tip=0.8) for x in heads]
    return merge([beam((0, 0, -0.2), (0, 0, high - 0.25), 0.03, METAL), *tops])


def cabinet(rng: np.random.Generator) -> Mesh:
    """Return a cabinet of a telephone or power company."""
    wide, deep, high = rng.uniform(0.5, 1.8), rng.uniform(0.3, 0.8), rng.uniform(0.8, 1.7)
    return box((0, -deep / 2, -0.1), (wide, deep / 2, high), METAL)


def planter(rng: np.random.Generator) -> Mesh:
    """Return a tub with a plant; the plant is vegetation and an instance of its own."""
    wide, high = rng.uniform(0.3, 0.8), rng.uniform(0.4, 0.8)
    count = int(250 * wide)
    centres = rng.normal(size=(count, 3)) * (0.5 * wide, 0.5 * wide, 0.22) + (0, 0, high + 0.3)
    centres[:, 2] = np.maximum(centres[:, 2], high)
    tub = beam((0, 0, -0.1), (0, 0, high), 0.8 * wide, METAL, sides=int(rng.choice([4, 8])), tip=1.2)
    return merge([tub, leaves(centres, 0.1, rng).numbered(1)])


def tables(rng: np.random.Generator) -> Mesh:
    """Return a row of one to three tables with chairs, some under a parasol."""
    parts = []
    for x in 1.9 * np.arange(int(rng.integers(1, 4))):
        parts.append(_table(rng).at(float(x)))
        if rng.random() < 0.3:
            parts.append(_parasol(rng, float(x), 0.0))
    return merge(parts)


def works(rng: np.random.Generator) -> Mesh:
    """Return cones or barriers of road works along x."""
    parts = []
    for i in range(int(rng.integers(2, 7))):
        x = i * 1.6
        if rng.random() < 0.6:
            parts.append(beam((x, 0, 0), (x, 0, rng.uniform(0.5, 1.0)), 0.16, METAL, sides=8, tip=0.2))
        else:
            legs = [
                polyline([(x + d, -0.2, 0), (x + d, 0, 1.0), (x + d, 0.2, 0)], 0.025, METAL) for d in (0, 1.2)
            ]
            parts += [*legs, box((x, -0.02, 0.75), (x + 1.2, 0.02, 1.0), METAL)]
    return merge(parts)


def scaffold(rng: np.random.Generator, length: float, height: float) -> Mesh:
    """Return a scaffold along x, 1 m deep: tubes and decks every 2 m."""
    x, z = np.arange(0, length + 0.1, 2.5), np.arange(2.0, height + 0.1, 2.0)
    tubes = [(px, y, 0.0, px, y, height + 1) for px in x for y in (0.0, 1.0)]
    tubes += [(0.0, 0.0, pz + d, x[-1], 0.0, pz + d) for pz in z for d in (0.0, 0.5, 1.0)]
    ends = np.array(tubes)
    decks = [box((0, 0, pz), (float(x[-1]), 1.0, pz + 0.05), WOOD) for pz in z if rng.random() < 0.8]
    return merge([beams(ends[:, :3], ends[:, 3:], 0.025, METAL), *decks])


def scooters(rng: np.random.Generator) -> Mesh:
    """Return a row of two to seven parked scooters side by side, each an instance."""
    lean = rng.uniform(-0.4, 0.4)
    return merge(
        scooter(rng).at(-0.6).turned(np.pi / 2 + lean).at(0.8 * i).numbered(i)
        for i in range(int(rng.integers(2, 8)))
    )


def panel(rng: np.random.Generator) -> Mesh:
    """Return a panel for posters: a case on a foot, one on a post, or a broad one on two legs."""
    draw, thick = rng.random(), rng.uniform(0.1, 0.25)
    if draw < 0.55:  # as high as a person, lit from inside
        wide, high = rng.uniform(1.1, 1.5), rng.uniform(2.2, 2.9)
        foot = box((-0.3 * wide, -thick / 3, -0.1), (0.3 * wide, thick / 3, 0.5), METAL)
        return merge([foot, box((-wide / 2, -thick / 2, 0.45), (wide / 2, thick / 2, high), METAL)])
    if draw < 0.8:
        wide, low, high = rng.uniform(2.4, 3.8), rng.uniform(2.3, 3.2), rng.uniform(1.8, 2.8)
        mast = beam((0, 0, -0.3), (0, 0, low), rng.uniform(0.12, 0.2), METAL, sides=8)
        return merge([mast, box((-wide / 2, -thick, low), (wide / 2, thick, low + high), METAL)])
    wide, high = rng.uniform(1.5, 3.8), rng.uniform(1.8, 3.0)
    legs = [box((x - 0.04, -0.04, -0.2), (x + 0.04, 0.04, high), METAL) for x in (-wide / 2, wide / 2)]
    return merge([*legs, box((-wide / 2, -0.03, 0.5), (wide / 2, 0.03, high), METAL)])


def skip(rng: np.random.Generator) -> Mesh:
    """Return an open container for rubble with slanted ends, 3 to 6 m long, some with a heap in it."""
    long, wide, high = rng.uniform(3.0, 6.0), rng.uniform(1.6, 2.3), rng.uniform(1.2, 2.2)
    slant, half = rng.uniform(0.2, 0.9), wide / 2
    ends = [(slant, 0.1), (0.0, high), (long, high), (long - slant, 0.1)]
    sides = [[(x, y, z) for x, z in ends] for y in (-half, half)]
    across = [
        [(a[0], -half, a[1]), (a[0], half, a[1]), (b[0], half, b[1]), (b[0], -half, b[1])]
        for a, b in ((ends[0], ends[1]), (ends[2], ends[3]), (ends[3], ends[0]))
    ]
    feet = box((slant + 0.1, -half + 0.2, 0.0), (long - slant - 0.1, half - 0.2, 0.12), METAL)
    parts = [quads([*sides, *across], METAL), feet]
    if rng.random() < 0.6:
        heap = np.array((long / 2, 0.0, 0.75 * high)) + rng.normal(size=(150, 3)) * (
            0.18 * long,
            0.22 * wide,
            0.12,
        )
        parts.append(
            leaves(np.clip(heap, (0.3, -half, 0.5), (long - 0.3, half, high + 0.5)), 0.5, rng, METAL)
        )
    return merge(parts)


def container(rng: np.random.Generator) -> Mesh:
    """Return a shipping container or the cabin of a site, 3 to 12 m long; some stand two high."""
    long, wide, high = rng.choice([3.0, 6.06, 6.06, 12.2]), 2.44, rng.uniform(2.4, 2.9)
    floors = 1 if rng.random() < 0.8 else 2
    parts = [
        box((0, -wide / 2, 0.05 + k * high), (long, wide / 2, (k + 1) * high), METAL) for k in range(floors)
    ]
    pitch = np.arange(0.15, long - 0.1, 0.3)
    ribs = [box((x, side * (wide / 2), 0.2), (x + 0.12, side * (wide / 2 + 0.04), high - 0.1), METAL)
            for x in pitch for side in (-1, 1)]  # fmt: skip
    return merge([*parts, *ribs])


def kiosk(rng: np.random.Generator) -> Mesh:
    """Return a stall with a roof that stands out, open or closed, or a pillar for posters."""
    if rng.random() < 0.25:
        radius, high = rng.uniform(0.5, 0.75), rng.uniform(2.2, 2.85)
        cap = beam((0, 0, high), (0, 0, high + 0.3), 1.15 * radius, METAL, sides=12, tip=0.3)
        return merge([beam((0, 0, -0.1), (0, 0, high), radius, METAL, sides=12), cap])
    long, deep, high = rng.uniform(1.8, 4.0), rng.uniform(1.6, 2.6), rng.uniform(2.3, 2.9)
    counter = rng.uniform(1.0, 1.2)
    walls = [box((-long / 2, -deep / 2, -0.1), (long / 2, deep / 2, counter), WOOD)]
    walls.append(box((-long / 2, deep / 2 - 0.08, counter), (long / 2, deep / 2, high), WOOD))
    walls += [
        box((x - 0.05, -deep / 2, counter), (x + 0.05, deep / 2, high), WOOD) for x in (-long / 2, long / 2)
    ]
    if rng.random() < 0.4:
        walls.append(box((-long / 2, -deep / 2, counter), (long / 2, -deep / 2 + 0.06, high), METAL))
    eaves = rng.uniform(0.1, 0.6)
    roof = box(
        (-long / 2 - 0.1, -deep / 2 - eaves, high), (long / 2 + 0.1, deep / 2 + 0.1, high + 0.15), METAL
    )
    return merge([*walls, roof])


def terrace(rng: np.random.Generator, length: float, deep: float) -> Mesh:
    """Return the tables of a café on 0 to `length` by 0 to `deep` m: chairs, parasols or an awning on posts, tubs."""
    parts = []
    for x in np.arange(0.8, length - 0.5, rng.uniform(1.5, 1.9)):
        for y in np.arange(0.7, deep - 0.4, 1.6):
            if rng.random() < 0.85:
                parts.append(_table(rng).at(float(x), float(y)))
    if rng.random() < 0.4:
        high = rng.uniform(2.3, 2.9)
        posts = [
            beam((x, y, 0), (x, y, high), 0.04, METAL)
            for x in np.linspace(0.1, length - 0.1, 3)
            for y in (0.1, deep)
        ]
        cloth: list[list[Point]] = [
            [(0, -0.1, high), (length, -0.1, high), (length, deep, high + 0.4), (0, deep, high + 0.4)]
        ]
        parts += [*posts, quads(cloth, CLOTH)]
    else:
        for x in np.arange(1.5, length - 0.5, 3.2):
            parts.append(_parasol(rng, float(x), min(deep / 2, 1.3)))
    return merge(parts)


def _table(rng: np.random.Generator) -> Mesh:
    """Return a table with one to four chairs."""
    parts = [
        beam((0, 0, 0.72), (0, 0, 0.76), rng.uniform(0.3, 0.42), WOOD, sides=8),
        beam((0, 0, 0), (0, 0, 0.72), 0.04, METAL),
    ]
    for a in rng.uniform(0, 2 * np.pi, int(rng.integers(1, 5))):
        seat = [
            box((0.45, -0.2, 0.42), (0.85, 0.2, 0.46), WOOD),
            box((0.82, -0.2, 0.46), (0.86, 0.2, 0.85), WOOD),
        ]
        legs = [beam((x, y, 0), (x, y, 0.42), 0.02, METAL) for x in (0.5, 0.82) for y in (-0.17, 0.17)]
        parts.append(merge([*seat, *legs]).turned(a))
    return merge(parts)


def _parasol(rng: np.random.Generator, x: float, y: float) -> Mesh:
    """Return a parasol over (x, y)."""
    high, wide = rng.uniform(2.1, 2.5), rng.uniform(1.1, 1.7)
    cloth = beam((x, y, high), (x, y, high + 0.45), wide, CLOTH, sides=int(rng.choice([4, 8])), tip=0.03)
    return merge([cloth, beam((x, y, 0), (x, y, high + 0.3), 0.03, METAL)])


def tram(rng: np.random.Generator) -> Mesh:
    """Return a tram along x, its middle at the origin: two to five sections with bellows, windows, a pantograph."""
    wide, high, low = rng.uniform(2.3, 2.65), rng.uniform(3.2, 3.6), 0.3
    count, half = int(rng.integers(2, 6)), wide / 2
    lengths = rng.uniform(6.0, 9.5, count)
    x = np.concatenate([[0.0], np.cumsum(lengths)]) - lengths.sum() / 2
    parts = []
    for k in range(count):
        a, b = x[k] + 0.3, x[k + 1] - 0.3
        nose, tail = 0.9 * (k == count - 1), 0.9 * (k == 0)
        parts.append(box((a, -half, low), (b, half, 1.0), METAL))
        parts.append(box((a + tail, -half, 2.4), (b - nose, half, high), METAL))
        ends = [(a + tail if k == 0 else a, a), (b - nose if k == count - 1 else b, b)]
        for top, foot in ends:
            parts.append(
                quads([[(foot, -half, 1.0), (foot, half, 1.0), (top, half, 2.4), (top, -half, 2.4)]], SCREEN)
            )
        for side in (-half, half):
            parts.append(
                quads(
                    [[(a, side, 1.0), (b, side, 1.0), (b - nose, side, 2.4), (a + tail, side, 2.4)]], SCREEN
                )
            )
            at = np.arange(a + tail, b - nose, rng.uniform(1.2, 2.0))
            parts.append(_bars(at, 0.12, 1.0, np.array(2.4), METAL).at(0, side))
        axle = np.array((a + 0.2 * (b - a), b - 0.2 * (b - a)))
        for u in axle:
            parts.append(box((u - 0.9, -0.75, 0.0), (u + 0.9, 0.75, low), METAL))
        if k + 1 < count:
            parts.append(box((b, -half + 0.1, 0.4), (b + 0.6, half - 0.1, high - 0.1), CLOTH))
    top = high + rng.uniform(1.2, 1.8)
    u = (x[0] + x[1]) / 2
    parts.append(polyline([(u, 0, high), (u + 0.8, 0, (high + top) / 2), (u, 0, top)], 0.04, METAL))
    parts.append(polyline([(u, -0.8, top), (u, 0.8, top)], 0.03, METAL))
    return merge(parts)


# Fences, barriers and gates along x from 0 to `length` m.


def guard_rail(rng: np.random.Generator, length: float) -> Mesh:
    """Return a steel rail on posts, one beam or two, that faces -y, or ropes between posts."""
    x = np.linspace(0.0, length, max(2, round(length / rng.choice([1.33, 2.0, 4.0])) + 1))
    high = rng.uniform(0.68, 0.85)
    posts = [box((u - 0.05, 0.0, -0.3), (u + 0.05, 0.12, high), METAL) for u in x]
    if rng.random() < 0.15:
        ropes = [polyline([(u, -0.02, z) for u in x], 0.02, METAL) for z in (high - 0.3, high - 0.15, high)]
        return merge([*posts, *ropes])
    tops = [high] if rng.random() < 0.75 else [high, high + 0.4]
    fold = [(0.0, 0.0), (-0.08, -0.08), (0.0, -0.155), (-0.08, -0.23), (0.0, -0.31)]  # a W in section
    faces = [
        [(a, y0, top + z0), (b, y0, top + z0), (b, y1, top + z1), (a, y1, top + z1)]
        for top in tops
        for (y0, z0), (y1, z1) in pairwise(fold)
        for a, b in pairwise(x)
    ]
    return merge([*posts, quads(faces, METAL)])


def noise_barrier(rng: np.random.Generator, length: float, height: float) -> Mesh:
    """Return panels between posts against noise: wood, metal or glass over wood; `height` m high."""
    at = np.linspace(0.0, length, max(2, round(length / rng.choice([2.0, 4.0, 5.0])) + 1))
    posts = [box((x - 0.08, -0.1, -0.4), (x + 0.08, 0.1, height + 0.05), METAL) for x in at]
    material = WOOD if rng.random() < 0.5 else METAL
    glass = rng.uniform(0.3, 0.8) * height if rng.random() < 0.25 else height
    ribs = np.arange(0.4, glass - 0.1, 0.5)
    parts = []
    for a, b in pairwise(at):
        parts.append(box((a, -0.06, -0.4), (b, 0.06, glass), material))
        parts += [box((a, -0.1, z), (b, 0.1, z + 0.06), material) for z in ribs]
        if glass < height:
            parts.append(quads([[(a, 0, glass), (b, 0, glass), (b, 0, height), (a, 0, height)]], SCREEN))
    return merge([*posts, *parts])


def fence(rng: np.random.Generator, length: float, kind: str | None = None) -> Mesh:
    """Return a fence of one of the `FENCES`; None draws one."""
    return FENCES[kind or str(rng.choice(list(FENCES)))](rng, length)


def _bars(
    x: NDArray[np.float64], wide: float, low: float, high: NDArray[np.float64], material: Material
) -> Mesh:
    """Return flat uprights of `wide` m at `x`."""
    a, b = np.full_like(x, low), np.broadcast_to(high, x.shape)
    zero = np.zeros_like(x)
    left, right = x - wide / 2, x + wide / 2
    corners = [np.column_stack([u, zero, z]) for u, z in ((left, a), (right, a), (right, b), (left, b))]
    return quads(np.stack(corners, axis=1), material)


def _pickets(rng: np.random.Generator, length: float) -> Mesh:
    """Return slats with gaps on two rails."""
    height, gap, wide = rng.uniform(0.7, 1.4), rng.uniform(0.12, 0.3), rng.uniform(0.05, 0.09)
    slats = _bars(np.arange(0.05, length, gap), wide, -0.2, np.array(height), WOOD)
    rails = [box((0, 0.0, z), (length, 0.04, z + 0.06), WOOD) for z in (0.25, height - 0.2)]
    return merge([slats, *rails])


def _boards(rng: np.random.Generator, length: float) -> Mesh:
    """Return boards without gaps, 1.2 to 2 m high."""
    height = rng.uniform(1.2, 2.0)
    x = np.arange(0.07, length, 0.145)
    return _bars(x, 0.142, -0.2, height + rng.normal(scale=0.01, size=len(x)), WOOD)


def _railing(rng: np.random.Generator, length: float) -> Mesh:
    """Return iron bars between two rails, some on a plinth."""
    height, low = rng.uniform(0.8, 1.8), rng.choice([0.0, 0.3])
    bars = _bars(np.arange(0.06, length, rng.uniform(0.1, 0.15)), 0.02, low, np.array(height), METAL)
    rails = [polyline([(0, 0, z), (length, 0, z)], 0.02, METAL) for z in (low + 0.1, height - 0.12)]
    plinth = [box((0, -0.12, -0.3), (length, 0.12, low), Material.BRICK)] if low else []
    return merge([bars, *rails, *plinth])


def _chain_link(rng: np.random.Generator, length: float) -> Mesh:
    """Return wire mesh between posts: one beam in six to ten meets a wire (2.5 to 4 mm wires 50 mm apart)."""
    height = rng.uniform(1.0, 2.4)
    x = np.arange(0, length + 0.1, 2.5)
    posts = beams(
        np.column_stack([x, np.zeros_like(x), np.full_like(x, -0.2)]),
        np.column_stack([x, np.zeros_like(x), np.full_like(x, height)]),
        0.03,
        METAL,
    )
    count = int(140 * length * height * rng.uniform(0.7, 1.3))
    centres = np.column_stack(
        [rng.uniform(0, length, count), np.zeros(count), rng.uniform(0.05, height, count)]
    )
    corners = centres[:, None] + rng.normal(scale=0.02, size=(count, 3, 3)) * (1, 0.05, 1)
    top = polyline([(0, 0, height), (length, 0, height)], 0.025, METAL)
    return merge([posts, top, Mesh.of(corners, METAL)])


def _rails(rng: np.random.Generator, length: float) -> Mesh:
    """Return posts with two or three rails."""
    x = np.arange(0, length + 0.1, rng.uniform(1.6, 2.5))
    height = rng.uniform(0.6, 1.2)
    uprights = [box((u - 0.05, -0.05, -0.2), (u + 0.05, 0.05, height), WOOD) for u in x]
    levels = np.linspace(0.4, 0.95, int(rng.integers(2, 4))) * height
    return merge([*uprights, *(box((0, 0.04, z), (length, 0.08, z + 0.1), WOOD) for z in levels)])


FENCES: dict[str, Callable[[np.random.Generator, float], Mesh]] = {
    "pickets": _pickets,
    "boards": _boards,
    "railing": _railing,
    "chain link": _chain_link,
    "rails": _rails,
}


def gate(rng: np.random.Generator, length: float) -> Mesh:
    """Return two leaves of bars in a frame, one of them ajar."""
    half, height = length / 2, rng.uniform(1.0, 2.0)
    leaf = merge(
        [
            _bars(np.arange(0.1, half, 0.13), 0.02, 0.1, np.array(height), METAL),
            *(polyline([(0, 0, z), (half, 0, z)], 0.025, METAL) for z in (0.12, height)),
        ]
    )
    other = leaf.turned(np.pi + rng.uniform(-0.9, 0.0)).at(length)
    return merge([leaf, other])
