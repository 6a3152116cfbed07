"""Cells of buildings -> straight pieces of wall.

A wall is a line of cells that hold points over some height. The Hough transform finds the direction and place with
most of them. The longest run of cells along this line is a façade; then the next one is looked for in what is left.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bevseg.core.grid import STEPS
from bevseg.objects.cells import Cells
from bevseg.objects.ground_heights import GroundHeights
from bevseg.objects.objects import Facade
from bevseg.objects.pieces import groups, pieces_of

REACH = 4
"""Cells by which cells of walls grow to be one piece: the widest gap within a façade is twice as wide."""

LEAST_EXTENT = 1.0
"""Height (m) over which a cell of a wall holds points at least: roofs and balconies hold fewer."""

LEAST_LENGTH = 2.0
"""Length (m) of a façade at least."""

GAP = 1.6
"""Gap (m) within a façade at most: that of a double door or a window whose panes give no returns."""

NEAR = 0.25
"""Distance (m) of a cell from the line of its wall at most: the depth of windows and the error of a registration."""

TURN = 90
"""Directions that are looked at, in half a turn: two degrees are 0.2 m over 6 m, a cell."""


def find_facades(cells: Cells, ground: GroundHeights) -> list[Facade]:
    """Return the straight pieces of wall among the cells of buildings.

    Parameters
    ----------
    cells
        Cells of the class building.
    ground
        Height of the ground.
    """
    walls = cells.only((cells.high - cells.low) >= LEAST_EXTENT * STEPS)
    facades = []
    for piece in groups(pieces_of(walls, REACH)):
        own = walls.only(piece)
        facades += [_facade(own.only(run), ground) for run in _runs(own)]
    return facades


def _runs(cells: Cells) -> Iterator[NDArray[np.intp]]:
    """Yield the cells of each straight run of a piece, the best supported line first."""
    least = LEAST_LENGTH / cells.side / 2  # half of the cells along it
    if len(cells) < least:
        return
    middle = np.array([(cells.cols.min() + cells.cols.max()) / 2, (cells.rows.min() + cells.rows.max()) / 2])
    places = np.stack([cells.x, cells.y], axis=1) - (middle + 0.5) * cells.side
    votes = _Votes(places, cells.side)
    left = np.ones(len(cells), bool)
    while True:
        best = votes.best()
        if best is None or best[0] < least:
            return
        near = np.abs(votes.distances(best) - votes.distance(best)) <= NEAR
        along = places @ votes.direction(best)
        run = _longest_run(np.flatnonzero(near & left), along)
        if run is None:
            votes.forget(best)
            continue
        # A corner belongs to both of its walls; the first one has taken its cells.
        start, end = along[run[0]], along[run[-1]]
        corners = near & ~left & ((along < start) | (along > end))
        corners &= (along > start - 2 * NEAR) & (along < end + 2 * NEAR)
        yield np.concatenate([run, np.flatnonzero(corners)])
        left[run] = False
        votes.take(run)


class _Votes:
    """The votes of cells for lines: one for each direction, at the distance of the line from the middle."""

    def __init__(self, places: NDArray[np.float64], side: float) -> None:
        angles = np.pi * np.arange(TURN) / TURN
        self._axes = np.stack([np.cos(angles), np.sin(angles)])
        self._normals = np.stack([-self._axes[1], self._axes[0]])
        self._places, self._side = places, side
        self._half = int(np.ceil(np.linalg.norm(places, axis=1).max() / side)) + 1
        self._bins = np.rint(places @ self._normals / side).astype(np.int64) + self._half
        self._width = 2 * self._half + 1
        flat = self._bins + np.arange(TURN) * self._width
        self._table = np.bincount(flat.ravel(), minlength=TURN * self._width)

    def best(self) -> tuple[int, int, int] | None:
        """Return votes, direction and distance of the line with most votes."""
        at = int(self._table.argmax())
        return int(self._table[at]), at // self._width, at % self._width

    def distances(self, line: tuple[int, int, int]) -> NDArray[np.float64]:
        """Return the distance (N,) of each cell from the middle across the direction of a line, m."""
        found: NDArray[np.float64] = self._places @ self._normals[:, line[1]]
        return found

    def distance(self, line: tuple[int, int, int]) -> float:
        """Return the distance of a line from the middle, m."""
        return (line[2] - self._half) * self._side

    def direction(self, line: tuple[int, int, int]) -> NDArray[np.float64]:
        """Return the direction of a line."""
        return self._axes[:, line[1]]

    def take(self, cells: NDArray[np.intp]) -> None:
        """Take back the votes of cells that have found their wall."""
        flat = self._bins[cells] + np.arange(TURN) * self._width
        np.subtract.at(self._table, flat.ravel(), 1)

    def forget(self, line: tuple[int, int, int]) -> None:
        """Leave out a line: it has no run."""
        self._table[line[1] * self._width + line[2]] = 0


def _longest_run(near: NDArray[np.intp], along: NDArray[np.float64]) -> NDArray[np.intp] | None:
    """Return the cells of the longest run along a line, in their order; None if it is too short."""
    if not len(near):
        return None
    near = near[np.argsort(along[near], kind="stable")]
    runs = np.split(near, np.flatnonzero(np.diff(along[near]) > GAP) + 1)
    longest = max(runs, key=lambda run: along[run[-1]] - along[run[0]])
    return None if along[longest[-1]] - along[longest[0]] < LEAST_LENGTH else longest


def _facade(cells: Cells, ground: GroundHeights) -> Facade:
    """Return the line through the cells of a wall that is nearest to them, as far as they reach."""
    places = np.stack([cells.x, cells.y], axis=1)
    middle = places.mean(axis=0)
    _, _, axes = np.linalg.svd(places - middle, full_matrices=False)
    axis = axes[0] if (axes[0] > 0).argmax() == 0 else -axes[0]
    along = (places - middle) @ axis
    start, end = (middle + axis * side for side in (along.min(), along.max()))
    under = float(ground.under(middle[:1], middle[1:])[0])
    known = not np.isnan(under)
    height = float(cells.highest.max()) - (under if known else float(cells.lowest.min()))
    return Facade(
        (float(start[0]), float(start[1])),
        (float(end[0]), float(end[1])),
        float(along.max() - along.min()),
        height,
        under if known else None,
        int(cells.points.sum()),
        cells.mean_confidence(),
    )
