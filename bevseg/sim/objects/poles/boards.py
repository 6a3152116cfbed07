"""Boards on two posts and more, low enough to be read on foot: notices, maps, rules of car parks, names, offers.

They are pole with their posts, as signs are. From the side they look like a car: 1 to 3 m wide, and their upper edge
at 1 to 2.5 m. The frame: plates face x, the board lies along y, the origin is on the ground under its middle. Sizes
are chosen; plates over paths hang at 2.1 m or more (MUTCD 2009, 2A.18), all others lower.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, boxes, merge, quads

_DEEP = 0.3
"""Depth of posts in the ground, m."""


def board(rng: np.random.Generator) -> Mesh:
    """Return a random one of the kinds."""
    return KINDS[str(rng.choice(list(KINDS)))](rng)


def _posts(rng: np.random.Generator, places: list[float], high: float, x: float = 0.0) -> Mesh:
    """Return round or square posts at y = `places`."""
    thick = rng.uniform(0.02, 0.06)
    material = Material.TIMBER if rng.random() < 0.35 else Material.STEEL
    if rng.random() < 0.5:
        return merge(beam((x, y, -_DEEP), (x, y, high), thick, material, sides=8) for y in places)
    low = [(x - thick, y - thick, -_DEEP) for y in places]
    return boxes(low, [(x + thick, y + thick, high) for y in places], material)


def _plate(wide: float, low: float, high: float, x: float = 0.0, thick: float = 0.03) -> Mesh:
    """Return a board `wide` m wide, from `low` to `high` m over the ground."""
    return box((x, -wide / 2, low), (x + thick, wide / 2, high), Material.PLATE)


def notice(rng: np.random.Generator) -> Mesh:
    """Return a board or a case between two posts at breast height, some with a small roof or posts that stand out."""
    wide, high, low = rng.uniform(0.6, 2.6), rng.uniform(0.4, 1.4), rng.uniform(0.5, 1.2)
    inset = rng.uniform(0.35, 0.52)
    case = rng.uniform(0.08, 0.2) if rng.random() < 0.3 else 0.03
    over = rng.uniform(0.05, 0.4) if rng.random() < 0.3 else 0.0
    x = 0.0 if inset > 0.47 else 0.06
    parts = [_posts(rng, [-inset * wide, inset * wide], low + high + over)]
    parts.append(_plate(wide, low, low + high, x, case))
    if rng.random() < 0.2:
        top, half, out = low + high + over, wide / 2 + 0.15, rng.uniform(0.2, 0.5)
        roof = [
            [(0, -half, top + 0.2), (0, half, top + 0.2), (side * out, half, top), (side * out, -half, top)]
            for side in (-1, 1)
        ]
        parts.append(quads(roof, Material.TIMBER))
    return merge(parts)


def name(rng: np.random.Generator) -> Mesh:
    """Return the name of a street or a house on a narrow board near the ground."""
    wide, high, low = rng.uniform(0.6, 1.6), rng.uniform(0.18, 0.45), rng.uniform(0.2, 1.0)
    inset = rng.uniform(0.3, 0.5)
    return merge(
        [
            _posts(rng, [-inset * wide, inset * wide], low + high + rng.uniform(0.0, 0.1)),
            _plate(wide, low, low + high, 0.05),
        ]
    )


def rules(rng: np.random.Generator) -> Mesh:
    """Return one upright board, or two above each other, on two posts, as at car parks and stops."""
    wide, low, top = rng.uniform(0.6, 1.6), rng.uniform(0.8, 2.2), rng.uniform(2.3, 3.4)
    inset = rng.uniform(0.25, 0.5)
    parts = [_posts(rng, [-inset * wide, inset * wide], top)]
    if top - low > 1.0 and rng.random() < 0.4:
        middle = rng.uniform(low + 0.4, top - 0.4)
        parts += [_plate(wide, low, middle - 0.05, 0.06), _plate(wide, middle + 0.05, top, 0.06)]
    else:
        parts.append(_plate(wide, max(low, top - 1.8), top, 0.06))
    return merge(parts)


def hoarding(rng: np.random.Generator) -> Mesh:
    """Return a wide board for posters or of a building site on two to four posts, some with struts behind."""
    wide, high, low = rng.uniform(1.8, 4.0), rng.uniform(1.0, 2.4), rng.uniform(0.3, 1.6)
    places = list(np.linspace(-0.42 * wide, 0.42 * wide, int(rng.integers(2, 5))))
    parts = [_posts(rng, places, low + high), _plate(wide, low, low + high, 0.07)]
    if rng.random() < 0.4:
        back = rng.uniform(0.5, 1.0) * (low + 0.5 * high)
        parts += [
            beam((-back, y, -_DEEP), (0, y, low + 0.6 * high), 0.04, Material.TIMBER, sides=4) for y in places
        ]
    return merge(parts)


def corner(rng: np.random.Generator) -> Mesh:
    """Return two boards that meet at an angle on three posts, as those that offer houses."""
    wide, high, low = rng.uniform(0.8, 2.4), rng.uniform(0.6, 1.6), rng.uniform(0.4, 1.5)
    angle = rng.uniform(0.5, 1.2)
    leaf = merge([_posts(rng, [wide / 2], low + high), _plate(wide, low, low + high)]).at(0.0, wide / 2)
    post = _posts(rng, [0.0], low + high)
    return merge([post, leaf.turned(angle), leaf.mirrored(-1).turned(-angle)])


def group(rng: np.random.Generator) -> Mesh:
    """Return two or three boards of one size side by side: maps, rules and timetables."""
    wide, high, low = rng.uniform(0.6, 1.3), rng.uniform(0.6, 1.7), rng.uniform(0.4, 1.1)
    count, gap = int(rng.integers(2, 4)), rng.uniform(0.08, 0.5)
    pitch = wide + gap
    places = pitch * (np.arange(count) - (count - 1) / 2)
    edges = [*(places - wide / 2 - gap / 2), places[-1] + wide / 2 + gap / 2]
    return merge(
        [_posts(rng, edges, low + high), *(_plate(wide, low, low + high).at(0.0, y) for y in places)]
    )


KINDS: dict[str, Callable[[np.random.Generator], Mesh]] = {
    "notice": notice,
    "name": name,
    "rules": rules,
    "hoarding": hoarding,
    "corner": corner,
    "group": group,
}
"""Name -> the function that returns a board. None is wider than 5.2 m."""
