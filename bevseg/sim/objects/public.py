"""Public buildings: institutes, fronts on the pavement of a town centre, halls and parking decks.

Each is put together from blocks, in their frame.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from bevseg.sim.distributions import Span
from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, boxes, merge
from bevseg.sim.objects import facades, stairs
from bevseg.sim.objects.blocks import Block
from bevseg.sim.objects.facades import PLINTH, Rhythm, sheet
from bevseg.sim.objects.roofs import Roof


def institute(rng: np.random.Generator, length: float, storeys: int, raised: float) -> Mesh:
    """Return a long public building: a bar, an L or a U, or one with jogs; porticoes, rotundas, arcades."""
    if length > 30 and rng.random() < 0.3:
        return _jogged(rng, length, storeys, raised)
    rhythm, storey = Rhythm.draw(rng, public=True), rng.uniform(3.4, 4.6)
    depth = rng.uniform(12.0, 18.0) if rng.random() < 0.65 else rng.uniform(18.0, 36.0)
    ground = storey * rng.uniform(1.0, 1.3)
    roof = (Roof.FLAT, Roof.HIP, Roof.GABLE, Roof.MANSARD)[int(rng.choice(4, p=[0.6, 0.2, 0.1, 0.1]))]
    recess = rng.uniform(2.0, 4.0) if rng.random() < 0.25 else 0.0
    main = Block(length, depth, storeys, storey, rhythm, roof, door=length / 2, ground=ground, recess=recess)
    parts = [main.mesh(rng)]
    if rng.random() < 0.6:
        heights = ground + storey * np.arange(0, storeys)
        parts.append(
            facades.bands(
                length,
                rng.choice(heights, int(rng.integers(1, storeys + 1)), replace=False),
                rng.uniform(0.05, 0.35),
                rng.uniform(0.15, 0.4),
                Material.STONE,
            )
        )
    if rng.random() < 0.5:
        low = -raised if not recess else ground
        parts.append(_pilasters(rng, main, low, wide=(0.3, 0.9), out=(0.08, 0.4)))
    parts += _dressing(rng, main, -raised)
    for x, wide in _wings(rng, length):
        out = rng.uniform(2.0, 9.0)
        wing = replace(main, width=wide, depth=out + 2.0, door=None, recess=0.0, roof=Roof.FLAT)
        parts.append(wing.mesh(rng).at(x, -out))
    if not recess:
        parts.append(_entrance(rng, main, raised).at(length / 2))
    if length > 14 and rng.random() < 0.12:
        wide = rng.uniform(4, 7)
        tower = Block(wide, wide, storeys + 2, storey, rhythm, Roof.HIP)
        parts.append(tower.mesh(rng).at(rng.uniform(0, length - wide), -0.5))
    return merge(parts)


def _entrance(rng: np.random.Generator, of: Block, raised: float) -> Mesh:
    """Return a rotunda, a portico or plain steps before the door of a block, its middle at x = 0."""
    ground, wide = of.ground or of.storey, min(of.width / 3, rng.uniform(4.0, 14.0))
    if rng.random() < 0.2:
        radius = min(rng.uniform(3.5, 9.0), of.width / 3)
        return stairs.rotunda(rng, radius, min(of.eaves, ground + rng.uniform(0, 2.5)), raised)
    if rng.random() < 0.5:
        high = min(of.eaves, ground + of.storey * int(rng.integers(0, 2))) - 0.2
        return stairs.portico(rng, wide, rng.uniform(2.0, 4.0), high, raised)
    return stairs.flight(rng, wide * 0.6, max(raised, 0.15))


def _pilasters(rng: np.random.Generator, of: Block, low: float, *, wide: Span, out: Span) -> Mesh:
    """Return pilasters from `low` to the eaves, one for every window or for every other; sizes are drawn, m."""
    pitch = of.rhythm.pitch * rng.integers(1, 3)
    return facades.pilasters(
        of.width, pitch, rng.uniform(*wide), rng.uniform(*out), low, of.eaves, of.rhythm.material
    )


def _dressing(rng: np.random.Generator, of: Block, low: float) -> list[Mesh]:
    """Return further parts of a big front: a base that stands out, a cornice, a storey set back."""
    parts = []
    if rng.random() < 0.4:
        out, top = (
            rng.uniform(0.06, 0.35),
            rng.uniform(0.4, 1.4) if rng.random() < 0.6 else (of.ground or of.storey),
        )
        if not of.recess and not of.shop and top < of.rhythm.sill + 0.1:
            parts.append(boxes([(-out, -out, low - 1.5)], [(of.width + out, 0, top)], Material.STONE))
    if rng.random() < 0.4:
        at = of.eaves - rng.uniform(0.0, 0.9)
        parts.append(
            facades.bands(of.width, at, rng.uniform(0.3, 1.1), rng.uniform(0.25, 0.8), Material.STONE)
        )
    if of.roof is Roof.FLAT and rng.random() < 0.3:
        back = rng.uniform(0.8, 4.0)
        upper = replace(
            of, width=of.width - 2 * back, depth=of.depth - 2 * back, storeys=int(rng.integers(1, 3)), door=None,
            recess=0.0, shop=False, ground=None,
        )  # fmt: skip
        if upper.width > 5:
            parts.append(upper.mesh(rng).above(-0.2).at(back, back, of.eaves))
    return parts


def _jogged(rng: np.random.Generator, length: float, storeys: int, raised: float) -> Mesh:
    """Return two or three public buildings end to end, each with its front further out or in than the last."""
    count = int(rng.integers(2, 4))
    ends = np.concatenate([[0.0], np.sort(rng.uniform(0.25, 0.75, count - 1)), [1.0]]) * length
    parts = []
    for a, b in pairwise(ends):
        if b - a > 6:
            high = max(1, storeys + int(rng.integers(-1, 2)))
            parts.append(institute(rng, min(b - a, 30.0), high, raised).at(a, rng.uniform(0.0, 5.0)))
    return merge(parts)


def _wings(rng: np.random.Generator, length: float) -> list[tuple[float, float]]:
    """Draw where wings stand out to the front: none, one end or both; x and width, m."""
    wide = length * rng.uniform(0.12, 0.25)
    draw = rng.random()
    if draw < 0.5 or length < 24:
        return []
    if draw < 0.75:
        return [(0.0, wide)] if rng.random() < 0.5 else [(length - wide, wide)]
    return [(0.0, wide), (length - wide, wide)]


def downtown(rng: np.random.Generator, length: float, storeys: int) -> Mesh:
    """Return a front on the pavement: shop windows, an arcade or columns below, a regular grid of windows above."""
    rhythm, storey = Rhythm.draw(rng, public=True), rng.uniform(3.2, 4.2)
    ground = rng.uniform(3.6, 5.2)
    recess = rng.uniform(1.5, 4.0) if rng.random() < 0.3 else 0.0
    main = Block(
        length, rng.uniform(12, 20), storeys, storey, rhythm, Roof.FLAT,
        shop=bool(rng.random() < 0.7), door=rng.uniform(1, length - 1), ground=ground, recess=recess,
    )  # fmt: skip
    parts = [main.mesh(rng)]
    if not recess and rng.random() < 0.5:
        count = max(1, round(length / rng.uniform(5, 9)))
        for k in range(count):
            if rng.random() < 0.6:
                parts.append(
                    facades.awning(rng, length / count, rng.uniform(2.4, 3.0)).at(k * length / count)
                )
    if rng.random() < 0.5:
        parts.append(
            facades.bands(length, ground, rng.uniform(0.1, 0.6), rng.uniform(0.2, 0.6), Material.STONE)
        )
    parts += _dressing(rng, main, 0.0)
    if rng.random() < 0.5:
        low = ground if recess else 0.0
        parts.append(_pilasters(rng, main, low, wide=(0.4, 1.0), out=(0.1, 0.5)))
    return merge(parts)


def hall(rng: np.random.Generator, length: float) -> Mesh:
    """Return a supermarket, a workshop or a parking deck: low, long, with few windows or with open floors."""
    if rng.random() < 0.35:
        return deck(rng, length)
    rhythm = replace(Rhythm.draw(rng, public=True), blind=0.6, pitch=rng.uniform(4, 7))
    roof = (Roof.FLAT, Roof.GABLE)[int(rng.random() < 0.3)]
    return Block(length, rng.uniform(14, 24), 1, rng.uniform(4.0, 7.5), rhythm, roof, door=length / 3).mesh(
        rng
    )


def deck(rng: np.random.Generator, length: float) -> Mesh:
    """Return open floors on columns: a parking deck, or a building that is not finished."""
    depth, storeys, storey = rng.uniform(14, 24), int(rng.integers(2, 5)), rng.uniform(2.8, 3.4)
    floors = storey * np.arange(storeys + 1)
    zero = np.zeros(len(floors))
    parts = [
        boxes(
            np.column_stack([zero, zero, floors - 0.3]),
            np.column_stack([zero + length, zero + depth, floors]),
            Material.STONE,
        ),
        sheet(0, length, -PLINTH, -0.3, Material.STONE),
        sheet(0, length, 0, floors[-1], Material.BRICK, y=depth),
    ]
    at = np.linspace(0.4, length - 0.4, max(2, round(length / rng.uniform(4, 7))))
    for y in (0.4, depth / 2):
        parts.append(
            facades.columns(at, y, 0, floors[-1], rng.uniform(0.35, 0.6), Material.STONE, round_=False)
        )
    if rng.random() < 0.6:
        parts.append(
            boxes(
                np.column_stack([zero, zero, floors]),
                np.column_stack([zero + length, zero + 0.2, floors + 1.0]),
                Material.STONE,
            )
        )
    return merge(parts)
