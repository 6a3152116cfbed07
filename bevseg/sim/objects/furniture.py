"""Street furniture: benches, shelters, boxes, cabinets, meters, tubs, panels. No class names them."""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, Point, beam, box, leaves, merge, quads

METAL, SCREEN, WOOD = Material.METAL, Material.SCREEN, Material.WOOD


def bench(rng: np.random.Generator) -> Mesh:
    """Return a bench, most of them with a back."""
    length = rng.uniform(1.4, 2.2)
    parts = [box((0, -0.25, 0.42), (length, 0.25, 0.48), WOOD)]
    if rng.random() < 0.75:
        parts.append(box((0, -0.28, 0.55), (length, -0.22, 0.9), WOOD))
    parts += [box((x, -0.2, -0.2), (x + 0.08, 0.2, 0.42), WOOD) for x in (0.1, length - 0.2)]
    return merge(parts)


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
