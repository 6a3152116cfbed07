"""Labelled clouds -> pairs that must not be on both sides of a split: the same scene, or scenes side by side.

In one reference system this is known: two clouds touch if points are nearer to each other than the guard band.
Without one, or in two, nobody knows whether equal coordinates are one place: simulated streets all lie about the
origin. There only clouds touch that have a large share of their points in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bevseg.core.grid import in_steps
from bevseg.core.pointcloud import PointCloud
from bevseg.training.squares import GUARD, cells_by_chunk, number_of, occupied, with_neighbours

COMMON = 0.25
"""Share of the points of the smaller cloud from which on two clouds are of one scene. Copies share all points. Scenes
apart share some by chance: a tenth where both have level ground of one height, steps of 1 cm, and 1,000 points/m2."""

SAMPLE = 5_000_000
"""Points of all clouds that are compared at most; which ones depends on their coordinates alone."""

_CHUNK = 1 << 20


class Touch(NamedTuple):
    """Two clouds that touch, by their names, and how that is known."""

    first: str
    second: str
    why: str


def find_touching(clouds: Sequence[PointCloud], cell: float) -> list[Touch]:
    """Return the pairs of clouds that touch.

    Of three or more clouds that have the same points, only neighbours in the sequence are paired: enough to know
    which belong together.

    Parameters
    ----------
    clouds
        With names of their own.
    cell
        Side of a cell, m; the guard band has GUARD of them.
    """
    by_system: dict[str, list[PointCloud]] = {}
    for cloud in clouds:
        by_system.setdefault(cloud.crs.wkt if cloud.crs else "", []).append(cloud)
    if len(by_system) == 1 and "" not in by_system:
        return _near(clouds, cell)
    by_system.pop("", None)
    near = [touch for together in by_system.values() for touch in _near(together, cell)]
    known = {touch[:2] for touch in near}
    return near + [touch for touch in _common(clouds) if touch[:2] not in known]


def groups_of(names: Sequence[str], touching: Sequence[Touch]) -> list[tuple[str, ...]]:
    """Return the names in groups: clouds that touch, also by way of others, are in one."""
    group: dict[str, tuple[str, ...]] = {name: (name,) for name in names}
    for touch in touching:
        if group[touch.first] != group[touch.second]:
            joined = tuple(sorted(group[touch.first] + group[touch.second]))
            group |= dict.fromkeys(joined, joined)
    return sorted(set(group.values()))


def _near(clouds: Sequence[PointCloud], cell: float) -> list[Touch]:
    """Return the pairs of clouds of one system with points nearer than the guard band."""
    squares = [occupied(cloud, cell) for cloud in clouds] if len(clouds) > 1 else []
    why = f"they have points nearer to each other than the guard band of {GUARD * cell:g} m"
    found = []
    for (one, of_one), (other, of_other) in combinations(zip(clouds, squares, strict=False), 2):
        beside = np.intersect1d(with_neighbours(of_one), of_other)
        if len(beside) == 0:
            continue
        # Points in one square are near for certain; those in neighbouring ones are measured.
        if np.isin(beside, of_one).any() or _cells_near(one, other, beside, cell):
            found.append(Touch(one.name, other.name, why))
    return found


def _cells_near(one: PointCloud, other: PointCloud, beside: NDArray[np.int64], cell: float) -> bool:
    """Return whether cells lie within the guard band of each other; `beside` are squares of the other cloud."""
    of_one, of_other = _cells(one, with_neighbours(beside), cell), _cells(other, beside, cell)
    distances, _ = cKDTree(of_one).query(of_other, p=np.inf, distance_upper_bound=GUARD + 1)
    return bool(np.isfinite(distances).any())


def _cells(cloud: PointCloud, squares: NDArray[np.int64], cell: float) -> NDArray[np.int64]:
    """Return the cells in some squares that hold points, (N, 2)."""
    parts = [
        np.unique(cells[np.isin(number_of(cells // GUARD), squares)], axis=0)
        for _, cells in cells_by_chunk(cloud, cell)
    ]
    return np.unique(np.concatenate(parts), axis=0)


def _common(clouds: Sequence[PointCloud]) -> list[Touch]:
    """Return the pairs of clouds with COMMON of their points in common."""
    every = -(-sum(map(len, clouds)) // SAMPLE)
    keys = [_keys(cloud, every) for cloud in clouds]
    owners = np.repeat(np.arange(len(keys)), [len(each) for each in keys])
    together = np.concatenate(keys)
    order = np.argsort(together, kind="stable")
    same = np.flatnonzero(together[order[1:]] == together[order[:-1]])
    pairs = np.column_stack([owners[order[same]], owners[order[same + 1]]])
    found = []
    for (one, other), count in zip(*np.unique(pairs, axis=0, return_counts=True), strict=True):
        smaller = min(one, other, key=lambda i: len(keys[i]))
        share = count / len(keys[smaller])
        if share >= COMMON:
            part = f"{100 * share:.0f} % of the points of {clouds[smaller].name}"
            why = f"{part} have the x, y and z of points of the other"
            found.append(Touch(clouds[one].name, clouds[other].name, why))
    return found


def _keys(cloud: PointCloud, every: int) -> NDArray[np.uint64]:
    """Return a number for each place of a point, in order; of many places, one of `every`."""
    found = [np.empty(0, np.uint64)]
    for start in range(0, len(cloud), _CHUNK):
        part = slice(start, start + _CHUNK)
        key = np.zeros(len(cloud.x[part]), np.uint64)
        for axis, steps in enumerate((cloud.x, cloud.y, cloud.z)):
            at = in_steps(steps[part] * cloud.scale[axis] + cloud.offset[axis]).astype(np.int64)
            key = _mixed(key ^ at.view(np.uint64))
        kept = key % np.uint64(every) == 0
        found.append(key[kept if cloud.used is None else kept & cloud.used[part]])
    keys = np.sort(np.concatenate(found))  # np.unique is ten times slower where most are different
    return keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys


def _mixed(key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the numbers with all bits mixed, each to another one (SplitMix64, Steele et al. 2014)."""
    key = key + np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = key ^ (key >> np.uint64(31))
    return mixed
