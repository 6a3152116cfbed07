"""Houses: façades with windows, doors, bays, balconies and awnings; roofs; rooms behind open windows.

The frame of a house: x along the street from 0 to its width, y from the front (0) away from the street, z from the
floor of the ground storey.
"""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, box, leaves, merge, quads

_PLINTH = -2.5
"""How far walls reach below the ground floor, m: streets slope, houses do not."""


def house(
    rng: np.random.Generator, width: float, storeys: int, *, flat: bool = False, shop: bool = False
) -> Mesh:
    """Return a house of `width` m with a number of storeys; `flat` roofs belong to blocks of flats."""
    storey = rng.uniform(2.7, 3.2)
    depth = rng.uniform(7.0, 11.0)
    height = storey * storeys
    parts = [_front(rng, width, storeys, storey, shop=shop), _shell(width, depth, height, storeys, storey)]
    parts.append(_flat_roof(width, depth, height) if flat else _gable(rng, width, depth, height))
    if rng.random() < (0.8 if flat else 0.2):
        parts += _balconies(rng, width, storeys, storey, everywhere=flat)
    if not shop and not flat and rng.random() < 0.3:
        parts.append(_bay(rng, width, storey))
    if shop or rng.random() < 0.08:
        parts.append(_awning(rng, width))
    if not flat and rng.random() < 0.12:
        parts.append(_climber(rng, width, height))
    return merge(parts)


def _front(rng: np.random.Generator, width: float, storeys: int, storey: float, *, shop: bool) -> Mesh:
    """Front wall: panels of one window or door each."""
    bays = max(1, round(width / rng.uniform(1.9, 2.8)))
    edges = np.linspace(0, width, bays + 1)
    door = int(rng.integers(bays))
    window = rng.uniform(0.5, 0.8)
    sill, head = rng.uniform(0.4, 1.0), rng.uniform(2.1, 2.45)
    depth = rng.uniform(0.08, 0.3)
    parts = [_wall(0, width, _PLINTH, 0)]
    for floor in range(storeys):
        for bay in range(bays):
            left, right = edges[bay], edges[bay + 1]
            middle, half = (left + right) / 2, (right - left) * window / 2
            low, material = floor * storey + sill, Material.PANE
            if floor == 0 and bay == door:
                low, half, material = 0.0, 0.5, Material.BRICK
            elif floor == 0 and shop:
                low, half = 0.3, (right - left) * 0.45
            is_open = material is Material.PANE and rng.random() < 0.2
            opening = (middle - half, middle + half, low, floor * storey + head)
            panel = (left, right, floor * storey, (floor + 1) * storey)
            parts.append(_panel(panel, opening, depth, None if is_open else material))
    return merge(parts)


def _wall(left: float, right: float, low: float, high: float, y: float = 0.0) -> Mesh:
    return quads([[(left, y, low), (right, y, low), (right, y, high), (left, y, high)]], Material.BRICK)


def _panel(
    panel: tuple[float, float, float, float],
    opening: tuple[float, float, float, float],
    depth: float,
    filling: Material | None,
) -> Mesh:
    """Wall round an opening, its reveal, and what fills it at `depth` m; both given as (left, right, low, high)."""
    left, right, low, high = panel
    a, b, c, d = opening
    round_it = [
        _wall(left, a, low, high),
        _wall(b, right, low, high),
        _wall(a, b, low, c),
        _wall(a, b, d, high),
    ]
    rim = [(a, c), (b, c), (b, d), (a, d)]
    reveal = [
        [(x0, 0, z0), (x1, 0, z1), (x1, depth, z1), (x0, depth, z0)]
        for (x0, z0), (x1, z1) in zip(rim, rim[1:] + rim[:1], strict=True)
    ]
    parts = [*round_it, quads(reveal, Material.BRICK)]
    if filling is not None:
        parts.append(quads([[(x, depth, z) for x, z in rim]], filling))
    return merge(parts)


def _shell(width: float, depth: float, height: float, storeys: int, storey: float) -> Mesh:
    """Side and back walls, and the rooms that an open window shows."""
    sides = [[(x, 0, _PLINTH), (x, depth, _PLINTH), (x, depth, height), (x, 0, height)] for x in (0.0, width)]
    back = [(0, depth, _PLINTH), (width, depth, _PLINTH), (width, depth, height), (0, depth, height)]
    room = min(4.0, depth / 2)
    floors = [
        [(0, 0.35, z), (width, 0.35, z), (width, room, z), (0, room, z)]
        for z in storey * np.arange(storeys + 1) + 0.05
    ]
    partition = [(0, room, 0), (width, room, 0), (width, room, height), (0, room, height)]
    return merge([quads([*sides, back], Material.BRICK), quads([*floors, partition], Material.ROOM)])


def _flat_roof(width: float, depth: float, height: float) -> Mesh:
    return box((0, 0, height), (width, depth, height + 0.5), Material.ROOF)


def _gable(rng: np.random.Generator, width: float, depth: float, height: float) -> Mesh:
    """Ridge along the street with eaves, perhaps a dormer and a chimney."""
    rise, eave, ridge = rng.uniform(2.0, 4.5), rng.uniform(0.1, 0.5), depth / 2
    drop = eave * rise / ridge
    slopes = [
        [
            (0, y, height - drop),
            (width, y, height - drop),
            (width, ridge, height + rise),
            (0, ridge, height + rise),
        ]
        for y in (-eave, depth + eave)
    ]
    gables = [[(x, 0, height), (x, depth, height), (x, ridge, height + rise)] for x in (0.0, width)]
    parts = [quads(slopes, Material.ROOF), Mesh.of(gables, Material.BRICK)]
    if width > 4 and rng.random() < 0.4:
        x = rng.uniform(0.8, width - 2.8)
        parts.append(box((x, 0.6, height), (x + 2.0, ridge, height + 1.9), Material.BRICK))
    if rng.random() < 0.5:
        parts.append(box((0.2, ridge - 0.4, height), (0.9, ridge + 0.4, height + rise + 0.9), Material.BRICK))
    return merge(parts)


def _balconies(
    rng: np.random.Generator, width: float, storeys: int, storey: float, *, everywhere: bool
) -> list[Mesh]:
    """Slabs with a closed or barred railing over the ground floor."""
    out, closed = rng.uniform(0.8, 1.5), rng.random() < 0.5
    span = min(width, rng.uniform(2.5, 4.0))
    starts = np.arange(0.3, width - span + 0.01, span + 1.5) if everywhere else [rng.uniform(0, width - span)]
    parts = []
    for floor in range(1, storeys):
        for x in starts:
            z = floor * storey
            parts.append(box((x, -out, z - 0.15), (x + span, 0, z), Material.BRICK))
            if closed:
                parts.append(box((x, -out, z), (x + span, -out + 0.05, z + 1.0), Material.BRICK))
            else:
                parts += [
                    box((b, -out, z), (b + 0.03, -out + 0.03, z + 1.0), Material.BRICK)
                    for b in np.arange(x, x + span, 0.15)
                ]
                parts.append(box((x, -out, z + 0.97), (x + span, -out + 0.05, z + 1.03), Material.BRICK))
    return parts


def _bay(rng: np.random.Generator, width: float, storey: float) -> Mesh:
    """Return a bay window on the ground floor."""
    wide, out = min(width - 0.4, rng.uniform(1.8, 2.8)), rng.uniform(0.4, 0.9)
    x = rng.uniform(0.2, width - wide - 0.2) if width - wide > 0.4 else 0.2
    front = _panel((0, wide, _PLINTH, storey), (0.2, wide - 0.2, 0.8, storey - 0.5), 0.08, Material.PANE)
    cheeks = [[(a, 0, _PLINTH), (a, out, _PLINTH), (a, out, storey), (a, 0, storey)] for a in (0.0, wide)]
    lid = [(0, 0, storey), (wide, 0, storey), (wide, out, storey), (0, out, storey)]
    return merge([front, quads([*cheeks, lid], Material.BRICK)]).at(x, -out)


def _awning(rng: np.random.Generator, width: float) -> Mesh:
    """Return a sloping awning over the pavement."""
    out, wall, edge = rng.uniform(0.9, 1.8), rng.uniform(2.7, 3.0), rng.uniform(2.3, 2.6)
    a, b = 0.2, width - 0.2
    cloth = [(a, 0, wall), (b, 0, wall), (b, -out, edge), (a, -out, edge)]
    hem = [(a, -out, edge), (b, -out, edge), (b, -out, edge - 0.2), (a, -out, edge - 0.2)]
    return quads([cloth, hem], Material.ROOF)


def _climber(rng: np.random.Generator, width: float, height: float) -> Mesh:
    """Return a climbing plant on the front wall."""
    wide, tall = rng.uniform(0.3, 0.7) * width, rng.uniform(0.4, 0.9) * height
    share = rng.random((int(150 * wide * tall), 2))
    share = share[share[:, 1] < 1 - 0.6 * np.abs(2 * share[:, 0] - 1)]
    x = rng.uniform(0, width - wide) + wide * share[:, 0]
    return leaves(
        np.column_stack([x, -np.abs(rng.normal(scale=0.12, size=len(x))), tall * share[:, 1]]), 0.13, rng
    )
