"""What a person chose on the page -> all points of it, drawn or not, by their index in their cloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.connected import connected
from bevseg.core.grid import floor_cell
from bevseg.core.labels import CLASS_NAMES
from bevseg.errors import UsageError
from bevseg.review.places import CELL as PLACE_CELL
from bevseg.viewer.overlay import Overlay
from bevseg.viewer.shapes import Piece, Shape, as_index, as_number, as_table, parse_shape
from bevseg.viewer.tile_file import Tiles

MOST = 30_000_000
"""Points of a selection at most."""

PIECE_CELL = 0.2
"""Side of the cells that are connected into a piece, m."""

PIECE_REACH = 150.0
"""A piece ends this far west, south, east and north of the point that was picked, m."""


@dataclass(frozen=True)
class Query:
    """What is asked for.

    Attributes
    ----------
    shape
        What was drawn, or the piece of a point.
    heights
        Lowest and highest height above ground, m; None for all.
    classes
        (6,) bool, which classes are chosen, by train id; with the edits in force.
    confidence
        Least confidence, 0 to 255.
    """

    shape: Shape | Piece
    heights: tuple[float, float] | None
    classes: NDArray[np.bool_]
    confidence: int

    @property
    def how(self) -> str:
        """Word for the list of edits."""
        return type(self.shape).__name__.lower()


@dataclass(frozen=True)
class Selection:
    """Points that were chosen.

    Attributes
    ----------
    how
        How they were chosen, for the list of edits.
    points
        Name of a cloud -> (N,) int64, indices of its points.
    counts
        (6,) number of points by class, with the edits in force.
    rows
        Tile -> which of its records the points are, ascending uint32.
    """

    how: str
    points: Mapping[str, NDArray[np.int64]] = field(repr=False)
    counts: NDArray[np.int64]
    rows: Mapping[int, NDArray[np.uint32]] = field(repr=False)

    def mask(self, tile: int, first: int, count: int) -> NDArray[np.bool_]:
        """Return which of `count` records of a tile are chosen, from the record `first` on."""
        held = np.zeros(count, np.bool_)
        rows = self.rows.get(tile, np.empty(0, np.uint32))
        start, end = np.searchsorted(rows, [first, first + count])
        held[rows[start:end] - np.uint32(first)] = True
        return held


def parse_query(value: object) -> Query:
    """Read a query from JSON; UsageError if it is none."""
    table = as_table(value, "query")
    heights = table.get("heights")
    if heights is not None:
        if not isinstance(heights, list) or len(heights) != 2:
            raise UsageError("Not a range of heights", where="heights", why="expected two numbers, or null")
        heights = (as_number(heights[0], "heights"), as_number(heights[1], "heights"))
    return Query(
        parse_shape(table.get("shape")),
        heights,
        _chosen(table.get("classes")),
        as_index(table.get("confidence", 0), "confidence", 255),
    )


def _chosen(value: object) -> NDArray[np.bool_]:
    if value is None:
        return np.ones(len(CLASS_NAMES), np.bool_)
    if not isinstance(value, list) or len(value) > len(CLASS_NAMES):
        raise UsageError("Not a list of classes", where="classes", why="expected train ids, or null for all")
    chosen = np.zeros(len(CLASS_NAMES), np.bool_)
    chosen[[as_index(each, "classes", len(CLASS_NAMES) - 1) for each in value]] = True
    return chosen


def select(tiles: Tiles, overlay: Overlay, query: Query) -> Selection:
    """Return all points that a query means.

    Raises
    ------
    UsageError
        If the piece of an unknown point is asked for, or there are more than MOST points.
    """
    found: dict[int, list[NDArray[np.int64]]] = {}
    rows_of: dict[int, NDArray[np.uint32]] = {}
    counts, total = np.zeros(len(CLASS_NAMES), np.int64), 0
    held = (
        _of_piece(tiles, overlay, query.shape)
        if isinstance(query.shape, Piece)
        else _of_shape(tiles, query.shape)
    )
    for tile, mask in held:
        mask = _filtered(tiles, overlay, query, tile, mask)
        rows = np.flatnonzero(mask)
        if not len(rows):
            continue
        total += len(rows)
        if total > MOST:
            raise UsageError(
                "Too many points are chosen", why=f"more than {MOST:,}", hint="choose a smaller area"
            )
        rows_of[tile] = rows.astype(np.uint32)
        counts += np.bincount(overlay.classes(tile)[rows], minlength=len(counts))
        cloud, index = tiles.exact(tile)["cloud"][rows], tiles.records(tile)["index"][rows].astype(np.int64)
        for number in np.unique(cloud):
            found.setdefault(int(number), []).append(index[cloud == number])
    points = {tiles.clouds[number].name: np.concatenate(parts) for number, parts in sorted(found.items())}
    return Selection(query.how, points, counts, rows_of)


def _of_shape(tiles: Tiles, shape: Shape) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Yield each tile that meets a shape, and which of its points lie in it."""
    west, south, east, north = shape.box
    low, high = tiles.table["min"], tiles.table["max"]
    meets = (low[:, 0] <= east) & (high[:, 0] >= west) & (low[:, 1] <= north) & (high[:, 1] >= south)
    for tile in np.flatnonzero(meets).tolist():
        yield tile, shape.holds(*tiles.coordinates(tiles.exact(tile)))


def _filtered(
    tiles: Tiles, overlay: Overlay, query: Query, tile: int, mask: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return which of the points are also of a chosen class, height and confidence."""
    if not mask.any():
        return mask
    mask = mask & query.classes[overlay.classes(tile)]
    if query.confidence:
        mask &= tiles.records(tile)["confidence"] >= query.confidence
    if query.heights is not None:
        above = tiles.heights(tile, *tiles.coordinates(tiles.exact(tile)))
        mask &= (above >= query.heights[0]) & (above <= query.heights[1])
    return mask


def locate(tiles: Tiles, cloud: str, index: int) -> tuple[int, int]:
    """Return the tile of a point, and which of its records the point is.

    Raises
    ------
    UsageError
        If there is no such cloud or point, or the point is in no tile.
    """
    number = next((i for i, each in enumerate(tiles.clouds) if each.name == cloud), None)
    if number is None:
        raise UsageError("No such cloud", where="cloud", why=f"{cloud!r} is not in this view")
    if index >= tiles.clouds[number].points:
        raise UsageError(
            "No such point", where="index", why=f"the cloud has {tiles.clouds[number].points:,} points"
        )
    place = int(tiles.places(number, np.array([index]))[0])
    if place < 0:
        raise UsageError(
            "The point is not drawn", where="index", why="it has no coordinates, or is far from all others"
        )
    tile = int(tiles.tiles_of(np.array([place]))[0])
    return tile, place - int(tiles.table[tile]["first"])


def _of_piece(tiles: Tiles, overlay: Overlay, piece: Piece) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Yield the tiles of the connected piece of a point, and which of their points belong to it.

    Cells of the class of the point are connected, over tiles and clouds alike. The next tiles are read as long as the
    piece reaches their edge.
    """
    start, row = locate(tiles, piece.cloud, piece.index)
    label = overlay.classes(start, row, row + 1)[0]
    side = PIECE_CELL if piece.within is None else PLACE_CELL
    seed = _cells(tiles, start, side, np.array([row]))[0]
    low, high = _reach(tiles, seed, piece.within)
    reached = {start}
    cells: dict[int, NDArray[np.int64]] = {}
    while True:
        for tile in reached - set(cells):
            rows = np.flatnonzero(overlay.classes(tile) == label)
            near = _cells(tiles, tile, side, rows)
            near = near[((near >= low) & (near <= high)).all(axis=1)]
            cells[tile] = np.unique(near, axis=0)
        together = np.concatenate(list(cells.values()))
        number = connected(together[:, 0], together[:, 1])
        own = together[number == number[(together == seed).all(axis=1)][0]]
        grown = reached | set(_tiles_beside(tiles, own, side))
        if grown == reached:
            break
        reached = grown
    members = _coded(own)
    for tile in sorted(reached):
        coded = _coded(_cells(tiles, tile, side))
        yield tile, np.isin(coded, members) & (overlay.classes(tile) == label)


def _reach(
    tiles: Tiles, seed: NDArray[np.int64], within: tuple[float, float, float, float] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and the last column and row of the cells that a piece can have."""
    if within is None:
        reach = round(PIECE_REACH / PIECE_CELL)
        return seed - reach, seed + reach
    ends = np.array(within).reshape(2, 2) + tiles.origin[:2]
    low, high = np.rint(ends / PLACE_CELL).astype(np.int64)  # they lie on edges of cells
    return low, high - 1


def _cells(tiles: Tiles, tile: int, side: float, rows: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Return column and row of the cells of some points of a tile, (N, 2); None for all points."""
    exact = tiles.exact(tile)
    x, y, _ = tiles.coordinates(exact if rows is None else exact[rows])
    world = (x + tiles.origin[0], y + tiles.origin[1])
    return np.stack([floor_cell(value, side).astype(np.int64) for value in world], axis=1)


def _coded(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    return cells[:, 0] * (1 << 32) + cells[:, 1]


def _tiles_beside(tiles: Tiles, cells: NDArray[np.int64], side: float) -> NDArray[np.int64]:
    """Return the tiles whose box some cells touch."""
    low = tiles.table["min"][:, :2] + tiles.origin[:2] - 2 * side
    high = tiles.table["max"][:, :2] + tiles.origin[:2] + 2 * side
    middle = (cells + 0.5) * side
    west, south = middle.min(axis=0)
    east, north = middle.max(axis=0)
    near = np.flatnonzero(
        (low[:, 0] <= east) & (high[:, 0] >= west) & (low[:, 1] <= north) & (high[:, 1] >= south)
    )
    touched = [tile for tile in near if ((middle >= low[tile]) & (middle <= high[tile])).all(axis=1).any()]
    return np.array(touched, np.int64)


def summary(selection: Selection) -> dict[str, Any]:
    """Return number of points, counts by class, and the tiles that hold them, ready for JSON."""
    counts = {name: int(points) for name, points in zip(CLASS_NAMES, selection.counts, strict=True)}
    return {"points": int(selection.counts.sum()), "counts": counts, "tiles": sorted(selection.rows)}
