"""Labelled clouds -> blocks that are held out of the training, and a guard band around them.

A block is a square of coordinates (`core.blocks`): it is held out of every cloud that has points there. So a street
that was scanned twice is on one side. Points of the guard band are on neither.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.blocks import Block, Blocks
from bevseg.core.grid import Grid
from bevseg.core.labels import UNDEFINED
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import UsageError
from bevseg.io.crs import names_of_wkt
from bevseg.training.examples import Example
from bevseg.training.holdout import DRAWS, cost_of
from bevseg.training.squares import (
    GUARD,
    RING,
    labelled_squares,
    number_of,
    per_block,
    place_of,
    squares_of_points,
)

TRAINING, BAND, HELD_OUT = range(3)
"""Sides of a point; the guard band is between the other two."""


@dataclass(frozen=True)
class BlockSplit:
    """Which blocks are held out.

    Attributes
    ----------
    layout
        How the plane is cut.
    held_out, training
        The blocks with labelled points, from south to north and from west to east.
    """

    layout: Blocks
    held_out: tuple[Block, ...]
    training: tuple[Block, ...]

    def sides(self, squares: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the side of each square, (S,), by their numbers, (S,)."""
        blocks, per = number_of(np.array(self.held_out)), per_block(self.layout)
        places = place_of(squares)
        around = np.isin(number_of((places[:, None] + RING) // per), blocks)
        own = np.isin(number_of(places // per), blocks)
        return np.where(own, HELD_OUT, np.where(around.any(axis=1), BAND, TRAINING)).astype(np.uint8)

    def to_train(self, examples: Sequence[Example]) -> list[Example]:
        """Return the clouds with those of their points that train; clouds without one are left out."""
        found = []
        for example in examples:
            points, squares = squares_of_points(example.cloud, self.layout.cell)
            numbers, which = np.unique(squares, return_inverse=True)
            kept = points[(self.sides(numbers) == TRAINING)[which]]
            if len(kept):
                found.append(dataclasses.replace(example, cloud=example.cloud.take(kept)))
        return found

    def to_score(self, examples: Sequence[Example]) -> list[Example]:
        """Return each block that is held out of a cloud, with the points around it; those have no labels."""
        found = []
        for example in examples:
            points, squares = squares_of_points(example.cloud, self.layout.cell)
            numbers, which = np.unique(squares, return_inverse=True)
            seen = self.sides(numbers)[which] != TRAINING
            points, places = points[seen], place_of(squares[seen])
            for block in self.held_out:
                part = _block_of(example, block, self.layout, points, places)
                if part is not None:
                    found.append(part)
        return found

    def facts(self, clouds: Sequence[PointCloud], share: float, seed: int) -> dict[str, Any]:
        """Return the split as it stands in the model, ready for JSON: blocks as column and row in the world."""
        return {
            "share": share,
            "seed": seed,
            "cell_m": self.layout.cell,
            "block_cells": self.layout.cells,
            "guard_cells": GUARD,
            "systems": {cloud.name: _system(cloud) for cloud in clouds},
            "held_out": [list(block) for block in self.held_out],
            "training": [list(block) for block in self.training],
        }


def split_by_blocks(examples: Sequence[Example], cell: float, share: float, seed: int) -> BlockSplit:
    """Choose the blocks to hold out.

    Of DRAWS random choices the one is taken that shows the most classes and, among those, takes the least from
    training, as for whole clouds. What the guard band takes counts. Every other choice is of neighbours: their guard
    band is shorter.

    Parameters
    ----------
    examples
        Labelled clouds.
    cell
        Side of a cell, m.
    share
        About how much of the labelled points to hold out, above 0 and below 1.
    seed
        Of the choices.

    Raises
    ------
    UsageError
        If there is one block alone, or no choice leaves a point to train on.
    """
    layout = Blocks.of(cell)
    counted = [labelled_squares(example.cloud, cell) for example in examples]
    squares, which = np.unique(np.concatenate([numbers for numbers, _ in counted]), return_inverse=True)
    points = np.zeros((len(squares), counted[0][1].shape[1]))
    np.add.at(points, which, np.concatenate([counts for _, counts in counted]))
    points = points[:, UNDEFINED + 1 :]
    labelled = points.any(axis=1)
    squares, points = squares[labelled], points[labelled]
    around = number_of((place_of(squares)[:, None] + RING) // per_block(layout))
    own = number_of(place_of(squares) // per_block(layout))
    blocks = np.unique(own)
    if len(blocks) < 2:
        raise _too_few(layout, "all labelled points lie in one block")
    own = np.searchsorted(blocks, own)
    around = np.where(np.isin(around, blocks), np.searchsorted(blocks, around), len(blocks))
    sizes = np.bincount(own, points.sum(axis=1)).astype(np.float64)

    def cost(held: NDArray[np.bool_]) -> tuple[int, float]:
        lost = held[around].any(axis=1)
        if not points[~lost].any():
            return len(sizes), np.inf
        return cost_of(points[held[own]].sum(0), points[lost].sum(0), points.sum(0))

    rng = np.random.default_rng(seed)
    orders = [_order(place_of(blocks), rng, near=bool(draw % 2)) for draw in range(DRAWS)]
    draws = [_drawn(order, sizes, share) for order in orders]
    costs = [cost(held) for held in draws]
    best = min(range(DRAWS), key=costs.__getitem__)
    if costs[best][1] == np.inf:
        raise _too_few(layout, "whichever are held out, the rest lies in the guard band around them")
    chosen = draws[best][:-1]
    named = [Block(*place) for place in place_of(blocks).tolist()]
    held_out = tuple(block for block, held in zip(named, chosen, strict=True) if held)
    return BlockSplit(layout, held_out, tuple(block for block in named if block not in set(held_out)))


def _order(places: NDArray[np.int64], rng: np.random.Generator, *, near: bool) -> NDArray[np.int64]:
    """Return the blocks in a random order; with `near`, from a random one outwards."""
    order = rng.permutation(len(places))
    if near:
        distances = ((places[order] - places[order[0]]) ** 2).sum(axis=1)
        order = order[np.argsort(distances, kind="stable")]
    return order


def _drawn(order: NDArray[np.int64], sizes: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """Return which blocks are held out, and one more entry for what is no block, which is False.

    In their order, each block is taken that brings the points nearer to the share. At least one is taken.
    """
    held, wanted = np.zeros(len(sizes) + 1, bool), share * sizes.sum()
    for block in order:
        if abs(wanted - sizes[block]) < abs(wanted):
            held[block] = True
            wanted -= sizes[block]
    if not held.any():
        held[order[0]] = True
    return held


def _block_of(
    example: Example, block: Block, layout: Blocks, points: NDArray[np.int64], places: NDArray[np.int64]
) -> Example | None:
    """Return a block of a cloud and what lies around it, without the labels of that; None if it has no labels.

    `places` are the columns and rows of the squares of the points.
    """
    per = per_block(layout)
    away = places - np.array(block) * per
    near = ((away >= -1) & (away <= per)).all(axis=1)
    inside = ((away >= 0) & (away < per)).all(axis=1)[near]
    cloud = example.cloud.take(points[near])
    assert cloud.labels is not None  # `prepare_example` has checked it
    labels = np.where(inside, cloud.labels, UNDEFINED).astype(np.uint8)
    if not labels.any():
        return None
    dem = example.dem.cut_to(_common(layout.grid(block, GUARD), example.dem.grid))
    return Example(dataclasses.replace(cloud, labels=labels), dem, scored=layout.grid(block))


def _common(one: Grid, other: Grid) -> Grid:
    """Return the cells of both grids."""
    west, north = max(one.west, other.west), min(one.north, other.north)
    east = min(one.west + one.cols, other.west + other.cols)
    south = max(one.north - one.rows, other.north - other.rows)
    return Grid(one.cell, west, north, north - south, east - west)


def _system(cloud: PointCloud) -> str | None:
    return names_of_wkt(cloud.crs.wkt)["horizontal"] if cloud.crs and cloud.crs.wkt else None


def _too_few(layout: Blocks, why: str) -> UsageError:
    return UsageError(
        "There are too few blocks to hold out some of them",
        where="--val-blocks",
        why=f"{why}; a block has {layout.side:g} m, the guard band {GUARD * layout.cell:g} m",
        hint="label more, hold out whole clouds with --val, or train without --val-blocks",
    )
