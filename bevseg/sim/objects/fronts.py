"""Long buildings whose front is not flat: eaves, ledges, storeys that step back or stand out, sloped glass, columns.

Offices, schools and laboratories from about 1930 on, in the frame of a block. From the road the undersides of what
stands out are seen as level stripes before the wall; sizes are chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beams, boxes, merge, quads
from bevseg.sim.objects import facades, stairs
from bevseg.sim.objects.blocks import Block
from bevseg.sim.objects.facades import Rhythm
from bevseg.sim.objects.roofs import Roof


def _block(rng: np.random.Generator, length: float, storeys: int) -> Block:
    """Draw a bar with a level roof."""
    return Block(
        length, rng.uniform(12.0, 24.0), storeys, rng.uniform(3.2, 4.6), Rhythm.draw(rng, public=True), Roof.FLAT,
        door=length / 2,
    )  # fmt: skip


def _stone(rng: np.random.Generator) -> Material:
    return (Material.STONE, Material.BRICK, Material.SIDING)[int(rng.choice(3, p=[0.5, 0.3, 0.2]))]


def eaves(
    rng: np.random.Generator, length: float, height: float, out: float, material: Material = Material.STONE
) -> Mesh:
    """Return a slab that stands `out` m out of a wall at `height` m, level or rising outward, some on brackets."""
    thick, rise = rng.uniform(0.15, 0.7), rng.choice([0.0, rng.uniform(-0.15, 0.45)]) * out
    a, b, edge = -rng.uniform(0.0, 0.3), length + rng.uniform(0.0, 0.3), height + rise
    under = [(a, 0, height), (b, 0, height), (b, -out, edge), (a, -out, edge)]
    over = [(x, y, z + thick) for x, y, z in under]
    sides = [[under[k - 1], under[k], over[k], over[k - 1]] for k in range(4)]
    parts = [quads([under, over, *sides], material)]
    if rng.random() < 0.6:
        at = np.arange(0.1, length - 0.3, rng.uniform(0.5, 3.5))
        wide, tall, far = rng.uniform(0.08, 0.4), rng.uniform(0.1, 0.7), out * rng.uniform(0.5, 1.0)
        one = np.ones(len(at))
        low = np.column_stack([at, -far * one, (height - tall) * one])
        high = np.column_stack([at + wide, 0 * one, (height + max(0.0, rise * far / out)) * one])
        parts.append(boxes(low, high, material))
    return merge(parts)


def deep_eaves(rng: np.random.Generator, length: float, storeys: int, raised: float) -> Mesh:
    """Return a bar whose roof stands far over its walls; on some there is one more storey over that."""
    main = _block(rng, length, storeys)
    stone, out = _stone(rng), rng.uniform(0.7, 2.6)
    parts = [main.mesh(rng), eaves(rng, length, main.eaves - rng.uniform(0.0, 0.3), out, stone)]
    if rng.random() < 0.5:
        back = rng.choice([0.0, rng.uniform(0.3, 2.5)])
        top = replace(main, depth=main.depth - back, storeys=1, storey=rng.uniform(2.6, 3.8), door=None)
        attic = top.mesh(rng).at(0, back, main.eaves)
        parts.append(attic.above(main.eaves - 0.2))
        parts.append(eaves(rng, length, main.eaves + top.eaves, rng.uniform(0.3, 1.6), stone).at(0, back))
    parts.append(_steps(rng, length, raised))
    return merge(parts)


def ledges(rng: np.random.Generator, length: float, storeys: int, raised: float) -> Mesh:
    """Return a bar with deep level slabs or blades at every storey or every half of one, some with upright fins."""
    main, out = _block(rng, length, storeys), rng.uniform(0.3, 1.5)
    apart = main.storey * float(rng.choice([1.0, 0.5]))
    lowest = rng.uniform(2.4, 3.2) if rng.random() < 0.5 else main.storey
    at = np.arange(lowest, main.eaves + 0.1, apart)
    stone, thick = _stone(rng), rng.uniform(0.06, 0.5)
    parts = [main.mesh(rng), facades.bands(length - 2 * out, at, out, thick, stone).at(out)]
    if rng.random() < 0.35:
        one, wall = np.ones(len(at)), rng.uniform(0.3, 1.1)
        low = np.column_stack([0 * one, -out * one, at])
        parts.append(boxes(low, low + np.array((length, rng.uniform(0.06, 0.2), wall)), stone))
    if rng.random() < 0.35:
        pitch = rng.uniform(1.2, 5.0)
        parts.append(facades.pilasters(length, pitch, rng.uniform(0.1, 0.4), out, lowest, main.eaves, stone))
    parts.append(_steps(rng, length, raised))
    return merge(parts)


def stepped(rng: np.random.Generator, length: float, storeys: int, raised: float) -> Mesh:
    """Return storeys that each step back behind, or stand out over, the one below."""
    main, high = _block(rng, length, 1), max(storeys, 2)
    back = rng.uniform(0.5, 3.0) if rng.random() < 0.65 else -rng.uniform(0.3, 1.2)
    stone, edge, far = _stone(rng), rng.uniform(0.1, 1.1), 10.0 + max(0.0, back * (high - 1))
    parts = []
    for storey in range(high):
        y, z = back * storey, main.storey * storey
        floor = replace(main, depth=far - y, door=main.door if not storey else None)
        one = floor.mesh(rng)
        if storey:
            one = one.above(-0.2)
        parts.append(one.at(0, y, z))
        out = max(0.0, -back)
        low, top = (0, y - 0.15, z - 0.3 if storey else z), (length, y, z + edge)
        if storey and back > 0:  # a parapet before the terrace
            parts.append(boxes([(0, y - back, z)], [(length, y - back + 0.2, z + edge)], stone))
        elif storey:
            parts.append(boxes([low], [(length, y + out, z)], stone))
            parts.append(boxes([(0, y - 0.15, z)], [top], stone))
    parts.append(
        eaves(rng, length, main.storey * high, rng.uniform(0.3, 1.8), stone).at(0, back * (high - 1))
    )
    parts.append(_steps(rng, length, raised))
    return merge(parts)


def overhung(rng: np.random.Generator, length: float, storeys: int, _raised: float) -> Mesh:
    """Return upper storeys on columns far before the ground storey, the ceiling between them with beams."""
    deep = rng.uniform(2.0, 6.0)
    main = replace(_block(rng, length, max(storeys, 2)), ground=rng.uniform(3.4, 6.0), recess=deep)
    ground = main.ground or main.storey
    parts = [main.mesh(rng)]
    at = np.arange(0.2, length - 0.5, rng.uniform(0.9, 4.0))
    one, tall = np.ones(len(at)), rng.uniform(0.15, 0.6)
    low = np.column_stack([at, 0 * one, (ground - tall) * one])
    parts.append(boxes(low, low + np.array((rng.uniform(0.1, 0.4), deep, tall)), Material.STONE))
    if rng.random() < 0.5:
        out = rng.uniform(0.3, 1.5)
        top = facades.bands(length - 2 * out, main.eaves, out, rng.uniform(0.3, 1.0), Material.STONE)
        parts.append(top.at(out))
    return merge(parts)


def glazed(rng: np.random.Generator, length: float, storeys: int, _raised: float) -> Mesh:
    """Return a bar with a front of glass that leans back, between ribs and rails."""
    main = _block(rng, length, storeys)
    foot = rng.uniform(0.4, 2.5) if rng.random() < 0.6 else 0.0
    high = main.eaves if foot == 0.0 else max(main.eaves * rng.uniform(0.5, 1.0), foot + 2.0)
    out = (high - foot) / np.tan(np.radians(rng.uniform(45, 80)))
    columns_ = np.linspace(0, length, max(2, round(length / rng.uniform(1.2, 3.5))) + 1)
    rows = np.linspace(0, 1, max(2, round((high - foot) / rng.uniform(1.0, 2.4))) + 1)

    def on(x: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack(np.broadcast_arrays(x, -out * (1 - share), foot + (high - foot) * share), axis=-1)

    a, b = np.meshgrid(columns_, rows, indexing="ij")
    knots = on(a, b)
    panes = np.stack([knots[:-1, :-1], knots[1:, :-1], knots[1:, 1:], knots[:-1, 1:]], axis=2).reshape(
        -1, 4, 3
    )
    panes = panes[rng.random(len(panes)) > rng.uniform(0.0, 0.2)]
    bar, zero, full = rng.uniform(0.03, 0.1), np.zeros(1), np.ones(1)
    ribs = beams(on(columns_, zero), on(columns_, full), bar, Material.SIDING, sides=4)
    rails = beams(on(zero, rows), on(zero + length, rows), bar, Material.SIDING, sides=4)
    cheeks = [[(x, -out, foot), (x, 0, foot), (x, 0, high)] for x in (0.0, length)]
    parts = [main.mesh(rng), quads(panes, Material.PANE), ribs, rails, Mesh.of(cheeks, Material.SIDING)]
    parts.append(boxes([(0, -out - 0.1, -facades.PLINTH)], [(length, 0, max(foot, 0.05))], Material.STONE))
    return merge(parts)


def colonnade(rng: np.random.Generator, length: float, storeys: int, raised: float) -> Mesh:
    """Return a bar behind a row of columns that carry a slab, over one storey or all of them."""
    main = _block(rng, length, storeys)
    thick, out, stone = rng.uniform(0.3, 0.7), rng.uniform(0.5, 2.5), _stone(rng)
    high = main.eaves if rng.random() < 0.5 else main.storey
    at = np.linspace(thick, length - thick, max(3, round(length / rng.uniform(2.0, 5.5)) + 1))
    round_ = bool(rng.random() < 0.5)
    parts = [main.mesh(rng), _steps(rng, length, raised)]
    parts.append(facades.columns(at, -out, -facades.PLINTH, high, thick, stone, round_=round_))
    over = rng.uniform(0.3, 0.9)
    parts.append(boxes([(0, -out - 0.7 * thick, high)], [(length, 0, high + over)], stone))
    return merge(parts)


def _steps(rng: np.random.Generator, length: float, raised: float) -> Mesh:
    """Return steps up to the door in the middle."""
    return stairs.flight(rng, min(length / 4, rng.uniform(2.0, 8.0)), max(raised, 0.15)).at(length / 2)


KINDS: dict[str, Callable[[np.random.Generator, float, int, float], Mesh]] = {
    "deep eaves": deep_eaves,
    "ledges": ledges,
    "stepped": stepped,
    "overhung": overhung,
    "glazed": glazed,
    "colonnade": colonnade,
}
"""Name -> function of the length, the number of storeys and the height of the floor over the ground, m."""
ON_THE_PAVEMENT = ("deep eaves", "overhung")
"""Fronts with room to walk below."""


def front(
    rng: np.random.Generator, length: float, storeys: int, raised: float, *, near: bool = False
) -> Mesh:
    """Return a building with such a front; `near` ones stand at the pavement."""
    kind = str(rng.choice(ON_THE_PAVEMENT if near else list(KINDS)))
    return KINDS[kind](rng, length, max(storeys, 2) if near else storeys, raised)
