"""Clouds that are laid down -> surveys: clouds of one reference system, with the names of all that is made of them.

A name says what a result is made of. So a result that is there already need not be made again, and one of other
clouds, other settings or another model has another name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.bev.slices import limits_above
from bevseg.config import to_table
from bevseg.core.blocks import Block, Blocks
from bevseg.core.far_points import cells_within, far_cells
from bevseg.core.pointcloud import Crs
from bevseg.ground.find_ground import SQUARE, WIDE, square_of
from bevseg.survey.point_file import PointFile
from bevseg.survey.reading import Labelling, key_of
from bevseg.survey.survey import Survey

FEW_BLOCKS = 64
"""Blocks whose DEM is kept whole, for the pictures: up to 200 MiB of scratch at cells of 0.2 m."""


def group(clouds: Mapping[str, PointFile], *, apart: bool) -> list[list[str]]:
    """Return the names of the clouds that belong together: those of one reference system, unless all are apart."""
    groups: dict[Any, list[str]] = {}
    for name, cloud in clouds.items():
        alone = apart or cloud.facts["own_place"]
        groups.setdefault(name if alone else crs_of(cloud), []).append(name)
    return list(groups.values())


def crs_of(cloud: PointFile) -> Crs | None:
    """Return the reference system of a cloud."""
    return None if cloud.facts["crs"] is None else Crs(**cloud.facts["crs"])


def plan(clouds: Sequence[PointFile], layout: Blocks, labelling: Labelling) -> tuple[Survey, list[Block]]:
    """Return the survey of some clouds, and the blocks whose points lie far away from all others and take no part."""
    table = np.concatenate(
        [np.insert(cloud.table[:, [1, 2, 0, 3, 4]], 2, number, axis=1) for number, cloud in enumerate(clouds)]
        or [np.empty((0, 6), np.int64)]
    )
    far = _far_blocks(clouds, table, layout)
    if far:
        table = table[[Block(*block) not in far for block in table[:, :2].tolist()]]
    keys = [cloud.facts["key"] for cloud in clouds]
    # The labels of a block lie in the order of its clouds. So that is one of contents: names do not tell another one.
    rank = np.argsort(np.argsort(np.array(keys, np.str_), kind="stable"))
    table = table[np.lexsort((table[:, 4], rank[table[:, 2]], *_order(table[:, :2])))]
    table = np.column_stack([table, _places(table)])
    heights = Counter[int]()
    for cloud in clouds:
        heights.update(dict(zip(*cloud.facts["heights"], strict=True)))
    limits = limits_above(labelling.settings.slices, heights)
    whole = labelling.whole_dem or len(_blocks(table)) <= FEW_BLOCKS
    ground_keys, label_keys = _keys(table, keys, layout, labelling, limits.level, whole=whole)
    survey = Survey(
        tuple(cloud.path for cloud in clouds),
        tuple(cloud.facts["stored"] if cloud.facts["labelled"] else None for cloud in clouds),
        crs_of(clouds[0]) if clouds else None,
        layout,
        limits,
        table,
        ground_keys,
        label_keys,
        whole,
    )
    return survey, sorted(far)


def _order(blocks: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return sort keys, the last first: squares from south-west to north-east, and the blocks within each."""
    square = blocks // SQUARE
    return [blocks[:, 0], blocks[:, 1], square[:, 0], square[:, 1]]


def _places(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of the first point of each segment among the points of its block."""
    if len(table) == 0:
        return np.empty(0, np.int64)
    before = np.cumsum(table[:, 5]) - table[:, 5]
    starts = np.flatnonzero(np.r_[True, np.any(np.diff(table[:, :2], axis=0) != 0, axis=1)])
    lengths = np.diff(np.r_[starts, len(table)])
    return before - np.repeat(before[starts], lengths)


def _far_blocks(clouds: Sequence[PointFile], table: NDArray[np.int64], layout: Blocks) -> set[Block]:
    """Return the blocks whose points lie far away from all others."""
    counts = Counter[int]()
    bounds = [cloud.facts["bounds"] for cloud in clouds if cloud.facts["bounds"] is not None]
    if not bounds:
        return set()
    for cloud in clouds:
        counts.update(dict(zip(*cloud.facts["cells"], strict=True)))
    cells, ends = np.array(sorted(counts), np.int64), np.array(bounds)
    numbers = np.array([counts[cell] for cell in cells.tolist()], np.int64)
    x, y = ((float(ends[:, axis, 0].min()), float(ends[:, axis, 1].max())) for axis in (0, 1))
    far = far_cells(cells, numbers, (x, y))
    if len(far) == 0:
        return set()
    near = set(cells.tolist()) - set(far.tolist())
    return {block for block in _blocks(table) if near.isdisjoint(cells_within(*_sides(block, layout)))}


def _sides(block: Block, layout: Blocks) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ranges of x and y of a block, m."""
    west, south = block.col * layout.side, block.row * layout.side
    return (west, west + layout.side), (south, south + layout.side)


def _blocks(table: NDArray[np.int64]) -> list[Block]:
    """Return the blocks of a table, in its order."""
    return list(dict.fromkeys(map(Block._make, table[:, :2].tolist())))


def _keys(
    table: NDArray[np.int64],
    clouds: Sequence[str],
    layout: Blocks,
    labelling: Labelling,
    level: float,
    *,
    whole: bool,
) -> tuple[dict[Block, str], dict[Block, str]]:
    """Return the names of the ground of each square of blocks, and of the labels of each block."""
    here: dict[Block, set[int]] = {}
    for col, row, cloud, *_ in table.tolist():
        here.setdefault(Block(col, row), set()).add(cloud)
    # Two clouds of one content are twice as many points.
    points = {block: key_of(sorted(clouds[cloud] for cloud in held)) for block, held in here.items()}

    def near(block: Block, reach: float, count: int = 1) -> list[tuple[int, int, str]]:
        """Return what lies around a square of blocks, counted from it."""
        around = [each for each in layout.within(block, reach, count) if each in points]
        return sorted((each.col - block.col, each.row - block.row, points[each]) for each in around)

    settings = labelling.settings
    ground = {
        square: key_of(
            "ground",
            to_table(settings)["ground"],
            settings.slices.ground_band,
            list(layout),
            whole,
            square,
            near(square, WIDE, SQUARE),
        )
        for square in dict.fromkeys(square_of(block) for block in points)
    }
    looks = (dict(labelling.looks), labelling.probabilities)
    own = key_of(labelling.model, *looks, None if np.isnan(level) else level)
    labels = {}
    for block in points:
        around = [each for each in layout.within(block, labelling.reach) if each in points]
        grounds = sorted({ground[square_of(each)] for each in around})
        labels[block] = key_of("labels", own, block, near(block, labelling.reach), grounds)
    return ground, labels
