"""Triangles with a material and an instance each, and the basic solids of a street.

A part is built in its own frame (x along it, y across it, z up, in m) and then placed in the frame of the street.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bevseg.sim.materials import Material

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Mesh:
    """Loose triangles.

    Attributes
    ----------
    corners
        (M, 3, 3) float64: triangle, corner, coordinate, m.
    materials
        (M,) uint8, ids of `Material`.
    instances
        (M,) int32, number of the instance of the triangle. In a street 0 is the ground; in a part that is not placed
        yet, the instances of the part are numbered from 0.
    """

    corners: NDArray[np.float64]
    materials: NDArray[np.uint8]
    instances: NDArray[np.int32]

    @classmethod
    def of(cls, corners: ArrayLike, material: Material) -> Self:
        """Return triangles (M, 3, 3) of one material; triangles without an area are never hit."""
        triangles = np.asarray(corners, np.float64).reshape(-1, 3, 3)
        count = len(triangles)
        return cls(triangles, np.full(count, material, np.uint8), np.zeros(count, np.int32))

    def mapped(self, position: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Self:
        """Return the mesh with every corner moved by `position`, which maps (N, 3) to (N, 3)."""
        return replace(self, corners=position(self.corners.reshape(-1, 3)).reshape(-1, 3, 3))

    def turned(self, angle: float) -> Self:
        """Return the mesh turned about the z axis by `angle`, rad, from x towards y."""
        cos, sin = np.cos(angle), np.sin(angle)
        return replace(
            self, corners=self.corners @ np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
        )

    def at(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Self:
        """Return the mesh shifted by (x, y, z), m."""
        return replace(self, corners=self.corners + np.array((x, y, z)))

    def mirrored(self, side: int) -> Self:
        """Return the mesh with y times `side`, which is 1 or -1."""
        return replace(self, corners=self.corners * (1, side, 1))

    def numbered(self, first: int) -> Self:
        """Return the mesh with `first` added to the numbers of its instances."""
        return replace(self, instances=self.instances + np.int32(first))

    def only(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Select triangles by a mask (M,) or indices."""
        return replace(
            self,
            corners=self.corners[which],
            materials=self.materials[which],
            instances=self.instances[which],
        )

    def above(self, z: float) -> Self:
        """Return the triangles that lie above `z`, m, with all their corners."""
        return self.only(self.corners[..., 2].min(axis=1) > z)


def merge(parts: Iterable[Mesh]) -> Mesh:
    """Return all triangles of `parts` as one mesh."""
    listed = list(parts)
    if not listed:
        return Mesh(np.empty((0, 3, 3)), np.empty(0, np.uint8), np.empty(0, np.int32))
    return Mesh(
        np.concatenate([part.corners for part in listed]),
        np.concatenate([part.materials for part in listed]),
        np.concatenate([part.instances for part in listed]),
    )


def quads(corners: ArrayLike, material: Material) -> Mesh:
    """Return quadrilaterals (Q, 4, 3), corners in turn, as two triangles each."""
    four = np.asarray(corners, np.float64).reshape(-1, 4, 3)
    return Mesh.of(np.concatenate([four[:, [0, 1, 2]], four[:, [0, 2, 3]]]), material)


def box(low: Point, high: Point, material: Material) -> Mesh:
    """Return the six faces between two opposite corners."""
    (a, b, c), (d, e, f) = low, high
    bottom = [(a, b, c), (d, b, c), (d, e, c), (a, e, c)]
    top = [(x, y, f) for x, y, _ in bottom]
    sides = [[bottom[i], bottom[i - 1], top[i - 1], top[i]] for i in range(4)]
    return quads([bottom, top, *sides], material)


def boxes(lows: ArrayLike, highs: ArrayLike, material: Material) -> Mesh:
    """Return one box between each of `lows` and each of `highs`, both (N, 3), m."""
    a, b = np.asarray(lows, np.float64).reshape(-1, 3), np.asarray(highs, np.float64).reshape(-1, 3)
    corner = np.array([(i, j, k) for i, j, k in np.ndindex(2, 2, 2)])
    eight = np.where(corner[None] == 1, b[:, None], a[:, None])
    return quads(eight[:, _FACES], material)


_FACES = np.array([(0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5)])


def beam(
    start: Point, end: Point, radius: float, material: Material, *, sides: int = 6, tip: float = 1.0
) -> Mesh:
    """Return a closed round bar between two points; `tip` is the radius at its end over `radius`."""
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    x, y, z = (b - a) / np.linalg.norm(b - a)
    across = np.array((0.0, z, -y) if abs(x) < 0.9 else (-z, 0.0, x))
    p, q, r = across = across / np.linalg.norm(across)
    third = np.array((y * r - z * q, z * p - x * r, x * q - y * p))
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    ring = radius * (np.outer(np.cos(angle), across) + np.outer(np.sin(angle), third))
    foot, head = a + ring, b + tip * ring
    wall = quads(np.stack([foot[:-1], foot[1:], head[1:], head[:-1]], axis=1), material)
    lids = [
        Mesh.of(np.stack([edge[:-1], edge[1:], np.broadcast_to(centre, (sides, 3))], axis=1), material)
        for edge, centre in ((foot, a), (head, b))
    ]
    return merge([wall, *lids])


def beams(
    starts: ArrayLike,
    ends: ArrayLike,
    radii: ArrayLike,
    material: Material,
    *,
    sides: int = 4,
    tips: ArrayLike | None = None,
) -> Mesh:
    """Return many round bars without lids at once; see `beam`.

    Parameters
    ----------
    starts, ends
        (N, 3), m; bars without length are left out.
    radii, tips
        (N,) or one number: radius at the start and at the end, m; None for `tips` repeats `radii`.
    material, sides
        Of all of them.
    """
    a, b = np.asarray(starts, np.float64).reshape(-1, 3), np.asarray(ends, np.float64).reshape(-1, 3)
    foot = np.broadcast_to(np.asarray(radii, np.float64), len(a))
    head = foot if tips is None else np.broadcast_to(np.asarray(tips, np.float64), len(a))
    long = np.linalg.norm(b - a, axis=1)
    some = long > 1e-9
    a, b, foot, head = a[some], b[some], foot[some], head[some]
    along = (b - a) / long[some, None]
    aside = np.where(np.abs(along[:, :1]) < 0.9, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    across = np.cross(along, aside)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    third = np.cross(along, across)
    angle = np.linspace(0, 2 * np.pi, sides + 1)[:, None]
    ring = np.cos(angle) * across[:, None] + np.sin(angle) * third[:, None]  # N x (sides + 1) x 3
    low, high = a[:, None] + foot[:, None, None] * ring, b[:, None] + head[:, None, None] * ring
    return quads(np.stack([low[:, :-1], low[:, 1:], high[:, 1:], high[:, :-1]], axis=2), material)


def uprights(
    x: NDArray[np.float64], wide: float, low: float, high: NDArray[np.float64], material: Material
) -> Mesh:
    """Return flat uprights across x, `wide` m wide, at `x` (N,), from `low` to `high` m; `high` is (N,) or one."""
    a, b = np.full_like(x, low), np.broadcast_to(high, x.shape)
    zero = np.zeros_like(x)
    left, right = x - wide / 2, x + wide / 2
    corners = [np.column_stack([u, zero, z]) for u, z in ((left, a), (right, a), (right, b), (left, b))]
    return quads(np.stack(corners, axis=1), material)


def leaves(
    centres: NDArray[np.float64], size: float, rng: np.random.Generator, material: Material = Material.LEAF
) -> Mesh:
    """Return one triangle of about `size` m, turned any way, at each of `centres` (N, 3)."""
    corners = rng.normal(scale=size / 2, size=(len(centres), 3, 3))
    return Mesh.of(centres[:, None, :] + corners - corners.mean(axis=1, keepdims=True), material)


def surface(
    x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64], materials: NDArray[np.uint8]
) -> Mesh:
    """Return the heights `z` (len(x), len(y)) as a surface; `materials` (len(x) - 1, len(y) - 1) per patch."""
    grid = np.stack([*np.meshgrid(x, y, indexing="ij"), z], axis=2)
    south_west, south_east, north_west, north_east = (
        grid[:-1, :-1],
        grid[1:, :-1],
        grid[:-1, 1:],
        grid[1:, 1:],
    )
    first = np.stack([south_west, south_east, north_east], axis=2)
    second = np.stack([south_west, north_east, north_west], axis=2)
    corners = np.stack([first, second], axis=2).reshape(-1, 3, 3)
    return Mesh(corners, np.repeat(materials.astype(np.uint8).ravel(), 2), np.zeros(len(corners), np.int32))


def polyline(points: Sequence[Point], radius: float, material: Material) -> Mesh:
    """Return thin bars from point to point, for arms, rails and wires."""
    return beams(points[:-1], points[1:], radius, material)
