"""Walls along gardens and plots: retaining walls, low walls with piers and corners, plain high ones.

Walls are given by a path in street coordinates and stand on the exact ground of either side of it. Heights of 0.3 to
4 m are chosen; walls over about 1.2 m (4 feet) need an engineer in most of the USA, which makes them rarer.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beams, boxes, leaves, merge, quads

Array = NDArray[np.float64]
Height = Callable[[ArrayLike, ArrayLike], Array]

DEEP = 0.5
"""Depth of walls in the ground, m."""
_BESIDE = 0.05
"""Distance from the face of a wall at which the height of the ground is taken, m."""


def _sampled(path: Array, pitch: float = 1.0) -> Array:
    """Return points at most `pitch` m apart along a path (N, 2), with all its corners."""
    points = [path[:1]]
    for a, b in pairwise(path):
        count = max(1, int(np.ceil(np.hypot(*(b - a)) / pitch)))
        points.append(a + (b - a) * (np.arange(1, count + 1) / count)[:, None])
    return np.concatenate(points)


def _normals(points: Array) -> Array:
    """Return the unit normal to the left of a path at each of its points, longer at corners so that faces meet."""
    steps = np.diff(points, axis=0)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    left = np.column_stack([-steps[:, 1], steps[:, 0]])
    before, after = np.concatenate([left[:1], left]), np.concatenate([left, left[-1:]])
    both = before + after
    return both / np.maximum(np.sum(both * before, axis=1, keepdims=True), 0.3)


def wall(
    height: Height,
    path: ArrayLike,
    thick: float,
    *,
    over: float = 0.0,
    tall: float | None = None,
    stepped: float = 0.0,
    longer: float = 0.0,
    material: Material = Material.STONE,
) -> Mesh:
    """Return a wall along a path.

    Parameters
    ----------
    height
        The ground at street coordinates, m.
    path
        (N, 2) street coordinates of its middle line.
    thick
        Thickness, m.
    over
        How far it stands over the higher ground beside it, m.
    tall
        Its height over the lower ground instead; for walls that stand free.
    stepped
        Length over which its top is level, m; 0 lets it follow the ground.
    longer
        How far it goes on past both ends of the path as it is there, m.
    material
        What it is made of.
    """
    points = _sampled(np.asarray(path, np.float64))
    normals = _normals(points)
    beside = [points + way * (thick / 2 + _BESIDE) * normals for way in (1, -1)]
    grounds = np.stack([height(*side.T) for side in beside])
    low, high = grounds.min(axis=0), grounds.max(axis=0)
    top = high + over if tall is None else np.maximum(low + tall, high + 0.05)
    foot = low - DEEP
    for end, inner in ((0, 1), (-1, -2)):
        step = points[end] - points[inner]
        points[end] += longer * step / np.hypot(*step)
    left, right = (points + way * (thick / 2) * normals for way in (1, -1))
    if not stepped:
        return _body(left, right, foot, top, material)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    parts = []
    for k in range(int(along[-1] // stepped) + 1):
        inside = np.flatnonzero((along >= k * stepped - 1e-9) & (along <= (k + 1) * stepped + 1e-9))
        if len(inside) and inside[-1] + 1 < len(along):
            inside = np.append(inside, inside[-1] + 1)
        if len(inside) > 1:
            level = np.full(len(inside), top[inside].max())
            parts.append(_body(left[inside], right[inside], foot[inside], level, material))
    return merge(parts)


def _body(left: Array, right: Array, foot: Array, top: Array, material: Material) -> Mesh:
    """Return both faces, the top and the ends of a wall."""
    a, b = np.column_stack([left, foot]), np.column_stack([left, top])
    c, d = np.column_stack([right, top]), np.column_stack([right, foot])
    strips = [np.stack([p[:-1], p[1:], q[1:], q[:-1]], axis=1) for p, q in ((a, b), (b, c), (c, d))]
    ends = np.stack([np.stack([p[k] for p in (a, b, c, d)]) for k in (0, -1)])
    return quads(np.concatenate([*strips, ends]), material)


def piers(
    height: Height, places: ArrayLike, wide: float, tall: float, material: Material = Material.STONE
) -> Mesh:
    """Return square piers with a cap at places (N, 2) in street coordinates, `tall` m over the ground."""
    at = np.asarray(places, np.float64).reshape(-1, 2)
    z = height(*at.T)
    half = np.array((wide / 2, wide / 2))
    shaft = boxes(np.column_stack([at - half, z - DEEP]), np.column_stack([at + half, z + tall]), material)
    cap = boxes(
        np.column_stack([at - 1.2 * half, z + tall]),
        np.column_stack([at + 1.2 * half, z + tall + 0.1]),
        material,
    )
    return merge([shaft, cap])


def garden(rng: np.random.Generator, height: Height, path: ArrayLike, *, high: bool = False) -> Mesh:
    """Return a low wall along a path, with piers at its corners and ends, level steps, or a top that slopes along.

    `high` ones hide what is behind them.
    """
    line = np.asarray(path, np.float64)
    tall = rng.uniform(1.6, 2.8) if high else rng.uniform(0.3, 1.5)
    thick = rng.uniform(0.18, 0.45)
    material = Material.STONE if rng.random() < 0.6 else Material.BRICK
    stepped = rng.uniform(1.5, 4.0) if rng.random() < 0.4 else 0.0
    parts = [wall(height, line, thick, tall=tall, stepped=stepped, material=material)]
    if rng.random() < 0.5:
        parts.append(
            piers(height, line, thick + rng.uniform(0.08, 0.3), tall + rng.uniform(0.1, 0.5), material)
        )
    if rng.random() < 0.25:
        between = _sampled(line, rng.uniform(2.0, 4.0))
        parts.append(piers(height, between, thick + 0.12, tall + rng.uniform(0.05, 0.4), material))
    return merge(parts)


LINES = ("straight", "bent", "curved")
"""Courses of a low wall in plan."""


def line(rng: np.random.Generator, long: float, course: str | None = None) -> Array:
    """Return the path (N, 2) of a low wall of about `long` m from the origin along x, turned at most to +y.

    `course` is one of `LINES`; None draws one.
    """
    if course is None:
        course = str(rng.choice(LINES, p=[0.5, 0.25, 0.25]))
    if course == "straight":
        return np.array([(0.0, 0.0), (long, 0.0)])
    if course == "bent":
        first, angle = rng.uniform(0.4, 0.8) * long, rng.choice([np.pi / 2, rng.uniform(0.3, 1.4)])
        rest = min(long - first, 6.0)
        return np.array([(0.0, 0.0), (first, 0.0), (first + rest * np.cos(angle), rest * np.sin(angle))])
    turn = rng.uniform(0.4, 1.6)
    angle = np.linspace(0.0, turn, max(4, int(long / 1.5)))
    arc = long / turn * np.column_stack([np.sin(angle), 1 - np.cos(angle)])
    return np.asarray(arc * (1.0, min(1.0, 7.0 / arc[-1, 1])))


def low(rng: np.random.Generator, height: Height, path: ArrayLike) -> Mesh:
    """Return a free wall of 0.4 to 1.2 m along a path; some carry a railing, which is an instance of its own."""
    tall, thick = rng.uniform(0.4, 1.2), rng.uniform(0.2, 0.6)
    material = (Material.STONE, Material.BRICK, Material.SIDING)[int(rng.choice(3, p=[0.6, 0.3, 0.1]))]
    stepped = rng.uniform(2.0, 5.0) if rng.random() < 0.3 else 0.0
    parts = [wall(height, path, thick, tall=tall, stepped=stepped, material=material)]
    if rng.random() < 0.2:
        parts.append(
            _railing(rng, height, np.asarray(path, np.float64), tall, rng.uniform(0.4, 0.9)).numbered(1)
        )
    return merge(parts)


def _railing(rng: np.random.Generator, height: Height, path: Array, foot: float, bar: float) -> Mesh:
    """Return posts and two rails on a wall that is `foot` m high, `bar` m over it."""
    points = _sampled(path, rng.uniform(1.0, 2.5))
    on = np.column_stack([points, height(*points.T) + foot - 0.1])
    parts = [beams(on, on + np.array((0, 0, bar + 0.1)), 0.02, Material.METAL)]
    for share in (0.5, 1.0):
        rail = on + np.array((0, 0, 0.1 + share * bar))
        parts.append(beams(rail[:-1], rail[1:], 0.02, Material.METAL))
    return merge(parts)


def plain(rng: np.random.Generator, height: Height, path: ArrayLike, tall: float) -> Mesh:
    """Return a straight-faced, closed wall along a path, `tall` m over the ground.

    Its top follows the ground or is level in steps. Some have a coping, pillars that stand out of the face, or a face
    of rubble. Some carry a railing (instance 1) or have plants that grow over the top (instance 2).
    """
    line, thick = np.asarray(path, np.float64), rng.uniform(0.12, 0.4)
    material = (Material.STONE, Material.BRICK, Material.SIDING)[int(rng.choice(3, p=[0.4, 0.3, 0.3]))]
    stepped = rng.uniform(2.0, 8.0) if rng.random() < 0.35 else 0.0
    face = _rubble(rng, line) if rng.random() < 0.2 else line
    parts = [wall(height, face, thick, tall=tall, stepped=stepped, material=material)]
    if not stepped and rng.random() < 0.35:
        parts.append(_coping(height, line, thick + rng.uniform(0.06, 0.16), tall, material))
    if rng.random() < 0.35:
        wide, over = thick + rng.uniform(0.06, 0.3), rng.uniform(0.0, 0.3)
        parts.append(piers(height, _sampled(line, rng.uniform(2.5, 6.0)), wide, tall + over, material))
    draw = rng.random()
    if draw < 0.2 and tall < 2.3:
        parts.append(_railing(rng, height, line, tall, rng.uniform(0.4, 1.3)).numbered(1))
    elif draw < 0.45:
        parts.append(_overgrowth(rng, height, line, thick, tall).numbered(2))
    return merge(parts)


def crowned(rng: np.random.Generator, height: Height, path: ArrayLike, tall: float) -> Mesh:
    """Return a wall along a path, `tall` m over the ground, with a crown that leans out, a small roof or a canopy."""
    line, thick = np.asarray(path, np.float64), rng.uniform(0.12, 0.4)
    material = (Material.STONE, Material.BRICK, Material.SIDING)[int(rng.choice(3, p=[0.4, 0.3, 0.3]))]
    body = wall(height, line, thick, tall=tall, material=material)
    return merge([body, _crown(rng, height, line, thick, tall)])


def _crown(rng: np.random.Generator, height: Height, path: Array, thick: float, tall: float) -> Mesh:
    """Return what ends a wall at its top: a crown that leans to one side, a small roof of two slopes, or a canopy.

    It leans to the right of the path, where the road is, only if it is higher than people are.
    """
    points = _sampled(path)
    left, ground, draw = _normals(points), height(*points.T), rng.random()
    way = -1.0 if tall > _OVER_HEADS and rng.random() < 0.5 else 1.0
    material = Material.ROOF if rng.random() < 0.5 else Material.STONE
    if draw < 0.3:  # (across, up) of the outline over the top of the wall
        half, rise = thick / 2 + rng.uniform(0.08, 0.35), rng.uniform(0.08, 0.35)
        lines = [(-half, 0.0), (0.0, rise), (half, 0.0)]
    elif draw < 0.75:
        out, rise = rng.uniform(0.25, 1.1), rng.uniform(-0.1, 0.9)
        lines = [(0.0, -0.1), (way * out, rise), (way * out, rise + 0.06), (0.0, 0.0)]
    else:
        out, rise = rng.uniform(0.9, 2.4), rng.uniform(-0.4, 0.3)
        lines = [(0.0, -0.1), (out, rise), (out, rise + 0.1), (0.0, 0.0)]
    at = np.array(lines)
    grid = np.stack(
        [np.column_stack([points + across * left, ground + tall + up]) for across, up in at], axis=1
    )
    faces = quads(np.stack([grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]], axis=2), material)
    if draw < 0.75 or tall + rise < 1.8:
        return faces
    feet = _sampled(path, rng.uniform(2.0, 4.5))
    aside = (out - 0.1) * _normals(feet)
    z = height(*(feet + aside).T)
    tops = height(*feet.T) + tall + rise
    on = feet + aside
    posts = beams(np.column_stack([on, z - 0.2]), np.column_stack([on, tops]), 0.06, Material.STONE)
    return merge([faces, posts])


_OVER_HEADS = 2.2
"""Walls that are higher than this may lean over a pavement, m."""


def _rubble(rng: np.random.Generator, path: Array) -> Array:
    """Return a path whose points lie some centimetres beside the straight line."""
    points = _sampled(path, 0.7)
    points[1:-1] += rng.normal(scale=0.025, size=points[1:-1].shape)
    return points


def _coping(height: Height, path: Array, wide: float, tall: float, material: Material) -> Mesh:
    """Return a slab on a wall that is `tall` m high."""
    points = _sampled(path)
    aside = wide / 2 * _normals(points)
    beside = [height(*(points + way * aside).T) for way in (1, -1)]
    foot = np.maximum(np.minimum(*beside) + tall, np.maximum(*beside) + 0.05)
    return _body(points + aside, points - aside, foot, foot + 0.08, material)


def _overgrowth(rng: np.random.Generator, height: Height, path: Array, thick: float, tall: float) -> Mesh:
    """Return plants that stand behind a wall (to the left of its path) and hang over its top, in places."""
    points = _sampled(path, 0.5)
    share, phase = rng.uniform(0.3, 1.0), rng.uniform(0, 6, 2)
    along = 0.5 * np.arange(len(points))
    dense = 0.5 + 0.3 * np.sin(0.7 * along + phase[0]) + 0.2 * np.sin(1.9 * along + phase[1])
    count = (30 * np.clip(dense + share - 0.6, 0, 1)).astype(int)
    left = np.repeat(_normals(points), count, axis=0)  # of each segment: the path may have corners
    points = np.repeat(points, count, axis=0)
    if not len(points):
        return merge([])
    ground = height(*points.T)
    away = rng.normal(0.3, 0.35, len(points)) - 0.1
    up = np.where(
        np.abs(away) < thick,
        rng.exponential(0.25, len(points)),
        np.where(away < 0, -rng.exponential(0.35, len(points)), rng.normal(0.0, 0.35, len(points))),
    )
    z = np.maximum(tall + up, 0.1)
    centres = np.column_stack(
        [points + away[:, None] * left + rng.normal(scale=0.25, size=points.shape), ground + z]
    )
    return leaves(centres, rng.uniform(0.09, 0.15), rng)
