"""Houses that people live in, alone, in rows or as flats, and the garages and gateways that belong to them.

Each is put together from blocks, in their frame.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, boxes, leaves, merge, quads
from bevseg.sim.objects import facades, stairs
from bevseg.sim.objects.blocks import Block
from bevseg.sim.objects.facades import PLINTH, Rhythm, sheet
from bevseg.sim.objects.roofs import PITCHED, Roof


def detached(rng: np.random.Generator, width: float, storeys: int, raised: float) -> Mesh:
    """Return a house of its own: main block, perhaps a wing, a porch or steps, bays, a climbing plant."""
    rhythm, storey = Rhythm.draw(rng), rng.uniform(2.6, 3.1)
    depth = rng.uniform(7.0, 13.0)
    roof = PITCHED[int(rng.choice(4, p=[0.3, 0.3, 0.3, 0.1]))]
    door = rng.uniform(0.15, 0.85) * width
    main = Block(width, depth, storeys, storey, rhythm, roof, door=door)
    parts = [main.mesh(rng)]
    if rng.random() < 0.4 and width > 6:  # a wing that stands out to the front
        wide, out = width * rng.uniform(0.35, 0.55), rng.uniform(0.8, 3.0)
        x = 0.0 if door > width / 2 else width - wide
        wing = Block(
            wide, out + 2.0, max(1, storeys - int(rng.random() < 0.4)), storey, rhythm, Roof.FRONT_GABLE
        )
        parts.append(wing.mesh(rng).at(x, -out))
        free = (wide, width) if x == 0.0 else (0.0, width - wide)
    else:
        free = (0.0, width)
    parts.append(_entrance(rng, free, door, raised, storey))
    if rng.random() < 0.3:
        wide = rng.uniform(1.8, 3.2)
        x = rng.uniform(wide / 2, width - wide / 2)
        bay = facades.bay(rng, wide, rng.uniform(0.5, 1.1), int(rng.integers(1, storeys + 1)), storey, rhythm)
        parts.append(bay.at(x))
    if rng.random() < 0.25:
        side = facades.bay(rng, rng.uniform(1.8, 3.0), rng.uniform(0.5, 1.0), min(2, storeys), storey, rhythm)
        parts.append(
            side.turned(rng.choice([-1, 1]) * np.pi / 2).at(0 if rng.random() < 0.5 else width, depth / 2)
        )
    if storeys > 1 and rng.random() < 0.2:
        parts.append(_balcony(rng, width, storey, raised))
    if rng.random() < 0.1:
        parts.append(_climber(rng, width, storey * storeys))
    return merge(parts)


def _balcony(rng: np.random.Generator, width: float, storey: float, raised: float) -> Mesh:
    """Return a balcony on posts before the first floor."""
    wide, out, thick = rng.uniform(0.3, 1.0) * width, rng.uniform(1.0, 2.4), rng.uniform(0.1, 0.35)
    x = rng.uniform(0, width - wide)
    at = np.linspace(x + thick, x + wide - thick, max(2, round(wide / rng.uniform(2.0, 4.0)) + 1))
    posts = facades.columns(at, thick - out, -raised - 1.0, storey, thick, Material.SIDING, round_=False)
    slab = boxes([(x, -out, storey - 0.2)], [(x + wide, 0, storey)], Material.SIDING)
    rail = boxes(
        [(x, -out, storey)], [(x + wide, 0.06 - out, storey + rng.uniform(0.8, 1.1))], Material.SIDING
    )
    return merge([posts, slab, rail])


def _entrance(
    rng: np.random.Generator, free: tuple[float, float], door: float, raised: float, storey: float
) -> Mesh:
    """Return a porch, a stoop with a small roof or plain steps before the door at x = `door`."""
    low, high = free
    door = float(np.clip(door, low + 0.8, max(low + 0.8, high - 0.8)))
    draw = rng.random()
    if draw < 0.6 and high - low > 2.4:
        wide = (high - low) if rng.random() < 0.5 else rng.uniform(2.2, high - low)
        x = np.clip(door, low + wide / 2, high - wide / 2)
        return stairs.porch(rng, wide, rng.uniform(1.5, 3.0), min(storey, rng.uniform(2.4, 2.9)), raised).at(
            x
        )
    out, half = rng.uniform(0.9, 1.5), rng.uniform(0.6, 0.9)
    parts = [boxes([(-half, -out, -raised - 2.0)], [(half, 0, 0)], Material.STONE)]
    if raised > 0.1:
        parts.append(stairs.flight(rng, 2 * half, raised).at(0, -out))
    if draw < 0.8:
        parts.append(boxes([(-half - 0.2, -out, 2.4)], [(half + 0.2, 0, 2.55)], Material.ROOF))
        if rng.random() < 0.5:
            at = [0.1 - half, half - 0.1]
            parts.append(facades.columns(at, 0.1 - out, 0, 2.4, rng.uniform(0.1, 0.25), Material.SIDING))
    return merge(parts).at(door)


def terraced(
    rng: np.random.Generator, width: float, storeys: int, raised: float, *, shop: bool = False
) -> Mesh:
    """Return a house of a row."""
    rhythm, storey = Rhythm.draw(rng), rng.uniform(2.7, 3.3)
    depth = rng.uniform(7.0, 12.0)
    roof = (Roof.GABLE, Roof.FLAT, Roof.MANSARD, Roof.FRONT_GABLE)[
        int(rng.choice(4, p=[0.6, 0.2, 0.12, 0.08]))
    ]
    door = rng.choice([0.15, 0.85]) * width
    recess = rng.uniform(1.2, 2.5) if storeys > 1 and rng.random() < 0.08 else 0.0
    main = Block(width, depth, storeys, storey, rhythm, roof, shop=shop, door=door, recess=recess)
    parts = [main.mesh(rng)]
    if shop:
        if not recess and rng.random() < 0.6:
            parts.append(facades.awning(rng, width, rng.uniform(2.3, 2.7)))
    elif not recess and rng.random() < 0.5:
        parts.append(_entrance(rng, (0.0, width), door, raised, storey))
    elif not recess and rng.random() < 0.5:
        away = width - door
        bay = facades.bay(
            rng, min(2.6, width * 0.5), rng.uniform(0.4, 0.9), int(rng.integers(1, 3)), storey, rhythm
        )
        parts.append(bay.at(float(np.clip(away, 1.4, width - 1.4))))
    if storeys > 1 and rng.random() < 0.3:
        parts.append(facades.balconies(rng, width, storey * np.arange(1, storeys), everywhere=False))
    if rng.random() < 0.1:
        parts.append(_climber(rng, width, main.eaves))
    return merge(parts)


def flats(rng: np.random.Generator, width: float, storeys: int, raised: float) -> Mesh:
    """Return a block of flats, some on pillars or with a front of glass, with balconies or bays, and an entrance."""
    rhythm, storey = Rhythm.draw(rng), rng.uniform(2.7, 3.2)
    roof = Roof.FLAT if rng.random() < 0.8 else Roof.HIP
    draw = rng.random()
    pillared, rhythm = storeys > 1 and draw < 0.18, replace(rhythm, curtain=draw > 0.9)
    depth = rng.uniform(9.0, 16.0)
    main = Block(width, depth, storeys, storey, rhythm, roof, door=width / 2, pillared=pillared)
    parts = [main.mesh(rng)]
    heights = storey * np.arange(1, storeys)
    draw = rng.random()
    if draw < 0.55 and storeys > 1:
        parts.append(facades.balconies(rng, width, heights, everywhere=bool(rng.random() < 0.8)))
    elif draw < 0.75 and not pillared:
        for x in np.arange(2.5, width - 2, rng.uniform(4.5, 8)):
            parts.append(
                facades.bay(rng, rng.uniform(1.8, 3.0), rng.uniform(0.4, 1.0), storeys, storey, rhythm).at(x)
            )
    if not pillared:
        parts.append(_entrance(rng, (width / 2 - 2, width / 2 + 2), width / 2, raised, storey))
    return merge(parts)


def passage(rng: np.random.Generator, width: float, storeys: int) -> Mesh:
    """Return a gateway below the upper storeys of a row, to a yard with a building at its end; some have a gate."""
    rhythm, storey, high = Rhythm.draw(rng), rng.uniform(2.7, 3.3), rng.uniform(2.8, 4.2)
    depth = rng.uniform(7.0, 12.0)
    parts = [sheet(0, depth, -PLINTH, high, rhythm.material).turned(np.pi / 2).at(x) for x in (0.0, width)]
    parts.append(
        quads([[(0, 0, high), (width, 0, high), (width, depth, high), (0, depth, high)]], rhythm.material)
    )
    if storeys > 1:
        upper = Block(
            width, depth, storeys - 1, storey, rhythm, Roof.GABLE if rng.random() < 0.6 else Roof.FLAT
        )
        parts.append(upper.mesh(rng).above(-0.2).at(0, 0, high))
    else:
        parts.append(boxes([(0, 0, high)], [(width, 0.4, high + rng.uniform(0.3, 0.8))], rhythm.material))
    if rng.random() < 0.4:  # one leaf of the gate is shut
        bars = np.arange(0.1, width * rng.uniform(0.4, 0.9), 0.14)
        one = np.ones(len(bars))
        parts.append(
            boxes(
                np.column_stack([bars, 0.3 * one, 0.05 * one]),
                np.column_stack([bars + 0.03, 0.33 * one, 0.75 * high * one]),
                Material.METAL,
            )
        )
    far = replace(rhythm, blind=0.2)
    back = Block(width + 4.0, 5.0, int(rng.integers(1, 3)), storey, far, Roof.FLAT, door=width / 2 + 2)
    parts.append(back.mesh(rng).at(-2.0, depth + rng.uniform(4.0, 12.0)))
    return merge(parts)


def garage(rng: np.random.Generator, width: float) -> Mesh:
    """Return a garage or a shed: one low storey with a gate."""
    rhythm = replace(Rhythm.draw(rng), width=0.8, sill=0.0, head=2.1, open=0.05, blind=0.1, pitch=3.0)
    roof = (Roof.FLAT, Roof.SHED, Roof.FRONT_GABLE, Roof.GABLE)[int(rng.integers(4))]
    return Block(width, rng.uniform(4.5, 7.0), 1, rng.uniform(2.3, 2.9), rhythm, roof, door=width / 2).mesh(
        rng
    )


def _climber(rng: np.random.Generator, width: float, height: float) -> Mesh:
    """Return a climbing plant on the front wall, as an instance of its own."""
    wide, tall = rng.uniform(0.3, 0.7) * width, rng.uniform(0.4, 0.9) * height
    share = rng.random((int(150 * wide * tall), 2))
    share = share[share[:, 1] < 1 - 0.6 * np.abs(2 * share[:, 0] - 1)]
    x = rng.uniform(0, width - wide) + wide * share[:, 0]
    where = np.column_stack([x, -np.abs(rng.normal(scale=0.12, size=len(x))), tall * share[:, 1]])
    return leaves(where, 0.13, rng).numbered(1)
