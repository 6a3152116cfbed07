"""A simulated person: looks at a place, knows the truth, and answers with one click.

The person sees one connected piece of one class. If nine of ten of its points are of one true class, the whole piece
gets that class (or is confirmed). Else it is mixed, and the person draws a rectangle: around the largest part that is
labelled wrong, or, where no wrong part is large enough to be seen, around the largest part of one true class. The
rectangle is made smaller, side by side, until nine of ten points in it are of the class that it gets; points of other
classes than that of the piece are not touched. So a person makes mistakes, as people do: up to a tenth of the points
of an answer. What has no true class is set to undefined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.core.connected import connected
from bevseg.core.grid import floor_cell
from bevseg.core.labels import CLASS_NAMES, UNDEFINED
from bevseg.review.places import CELL, FEWEST, Place, find_pieces

PURE = 0.9
"""Share of the points of one class from which on a person takes them for one thing."""


@dataclass(frozen=True)
class Answer:
    """What a person said with one click.

    Attributes
    ----------
    points
        Indices of the points.
    label
        Train id that they get.
    shape
        `piece` or `rectangle`.
    right
        Share of the points whose true class it is, of those that have one.
    """

    points: NDArray[np.int64]
    label: int
    shape: str
    right: float


class Person:
    """Knows the truth of a cloud, and looks at its classes as they stand.

    Parameters
    ----------
    x, y
        (N,) coordinates, m.
    truth, classes
        (N,) true classes, and those that stand there, train ids.
    """

    def __init__(
        self,
        x: NDArray[np.floating],
        y: NDArray[np.floating],
        truth: NDArray[np.uint8],
        classes: NDArray[np.uint8],
    ) -> None:
        self.x, self.y, self.truth, self.classes = x, y, truth, classes
        self._pieces = find_pieces(x, y, classes)

    def answer(self, place: Place) -> Answer:
        """Look at a place and answer."""
        piece = np.flatnonzero(self._pieces == self._pieces[place.index])
        truth = self.truth[piece]
        votes = np.bincount(truth, minlength=len(CLASS_NAMES))
        label = int(np.argmax(votes))
        if votes[label] >= PURE * len(piece):
            return self._said(piece, label, "piece")
        wrong = (truth != place.label) & (truth != UNDEFINED)
        part = self._largest_part(piece[wrong])
        if len(part) < FEWEST:
            part = self._largest_part(piece)
        label = int(self.truth[part[0]])
        return self._said(self._rectangle(piece, part, label), label, "rectangle")

    def _said(self, points: NDArray[np.int64], label: int, shape: str) -> Answer:
        defined = self.truth[points][self.truth[points] != UNDEFINED]
        return Answer(points, label, shape, float(np.mean(defined == label)) if len(defined) else 1.0)

    def _cells(self, points: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        cols, rows = (floor_cell(metres[points], CELL).astype(np.int64) for metres in (self.x, self.y))
        return cols, rows

    def _largest_part(self, points: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of some points that are of one true class and connected: the most that are."""
        if not len(points):
            return points
        parts = connected(*self._cells(points), self.truth[points])
        return points[parts == np.argmax(np.bincount(parts))]

    def _rectangle(self, piece: NDArray[np.int64], part: NDArray[np.int64], label: int) -> NDArray[np.int64]:
        """Return the points of a piece in a rectangle around a part of it, nine of ten of them of a class.

        One row or column of cells after the other is left out: the one at a border that holds least of the class.
        """
        cols, rows = self._cells(part)
        box = [cols.min(), cols.max(), rows.min(), rows.max()]
        cols, rows = self._cells(piece)
        right = self.truth[piece] == label

        def inside(box: Sequence[int]) -> NDArray[np.bool_]:
            return (cols >= box[0]) & (cols <= box[1]) & (rows >= box[2]) & (rows <= box[3])

        while right[kept := inside(box)].mean() < PURE and (box[0] < box[1] or box[2] < box[3]):
            smaller = [
                [side + step * (number == at) for number, side in enumerate(box)]
                for at, step in enumerate((1, -1, 1, -1))
            ]
            ready = [each for each in smaller if each[0] <= each[1] and each[2] <= each[3]]
            lost = [kept & ~inside(each) for each in ready]
            # The side whose loss costs the fewest right points for each wrong one that goes.
            costs = [right[out].sum() / max((~right[out]).sum(), 0.5) for out in lost]
            box = ready[int(np.argmin(costs))]
        return piece[kept]
