"""Classes with the edits in force, tile by tile; the tiles on disk stay as they are."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CLASS_NAMES
from bevseg.errors import InputError
from bevseg.review.edits import Edit
from bevseg.viewer.tile_file import Tiles


class Overlay:
    """Classes of the tiles in which a person has changed some."""

    def __init__(self, tiles: Tiles) -> None:
        self._tiles = tiles
        self._classes: dict[int, NDArray[np.uint8]] = {}
        self._spoken: dict[int, NDArray[np.bool_]] = {}
        self._before: dict[int, NDArray[np.intp]] = {}
        self._numbers = {cloud.name: number for number, cloud in enumerate(tiles.clouds)}

    def classes(self, tile: int, first: int = 0, last: int | None = None) -> NDArray[np.uint8]:
        """Return the classes of some records of a tile, with the edits in force."""
        held = self._classes.get(tile)
        if held is not None:
            return held[first:last]
        return np.ascontiguousarray(self._tiles.records(tile, first, last)["label"])

    def spoken(self, tile: int, first: int = 0, last: int | None = None) -> NDArray[np.bool_]:
        """Return which of some records of a tile an edit in force speaks about."""
        held = self._spoken.get(tile)
        if held is None:
            held = np.zeros(int(self._tiles.table[tile]["points"]), np.bool_)
        return held[first:last]

    def is_spoken(self, tile: int, row: int) -> bool:
        """Return whether an edit in force speaks about a record of a tile."""
        held = self._spoken.get(tile)
        return held is not None and bool(held[row])

    def apply(self, edit: Edit) -> list[int]:
        """Lay an edit over the classes; return the tiles that have points of it.

        Raises
        ------
        InputError
            If it speaks of a point that its cloud does not have.
        """
        return self._lay(edit, None)

    def rebuild(self, edit: Edit, in_force: Iterable[Edit]) -> list[int]:
        """Make the classes anew in the tiles of an edit that is undone; return these tiles.

        Parameters
        ----------
        edit
            The edit that is no longer in force.
        in_force
            The others, in their order.
        """
        changed = {tile for tile, _ in self._rows(edit)}
        for tile in changed:
            self._classes.pop(tile, None)
            self._spoken.pop(tile, None)
        for other in in_force:
            self._lay(other, changed)
        return sorted(changed)

    def _lay(self, edit: Edit, among: set[int] | None) -> list[int]:
        """Lay an edit over the classes of some tiles, None for all; return those that have points of it."""
        touched = []
        for tile, rows in self._rows(edit):
            if among is None or tile in among:
                touched.append(tile)
                if tile not in self._spoken:
                    self._spoken[tile] = self.spoken(tile)
                self._spoken[tile][rows] = True
                if edit.label is not None:
                    self._held(tile)[rows] = edit.label
        return sorted(set(touched))

    def counts(self) -> dict[str, int]:
        """Return the number of points of each class, with the edits in force."""
        total = np.array(self._tiles.facts["counts"], np.int64)
        for tile, classes in self._classes.items():
            total += np.bincount(classes, minlength=len(total)) - self._before[tile]
        return {name: int(points) for name, points in zip(CLASS_NAMES, total, strict=True)}

    def _held(self, tile: int) -> NDArray[np.uint8]:
        if tile not in self._classes:
            self._classes[tile] = self.classes(tile)
            self._before[tile] = np.bincount(self._classes[tile], minlength=len(CLASS_NAMES))
        return self._classes[tile]

    def _rows(self, edit: Edit) -> Iterable[tuple[int, NDArray[np.int64]]]:
        """Yield each tile with points of an edit, and which of its records they are."""
        for name, indices in edit.points.items():
            number = self._numbers[name]
            points = self._tiles.clouds[number].points
            if indices[-1] >= points:
                raise InputError(
                    f"Edit {edit.number} speaks of a point that the cloud does not have",
                    where=name,
                    why=f"its index is {indices[-1]:,}, the cloud has {points:,} points",
                    hint="restore the list of edits from a copy, or remove it to begin anew",
                )
            places = np.sort(self._tiles.places(number, indices))
            places = places[places >= 0]
            tile = self._tiles.tiles_of(places)
            starts = np.flatnonzero(np.diff(tile, prepend=-1))
            for start, end in zip(starts, [*starts[1:], len(tile)], strict=True):
                at = int(tile[start])
                yield at, places[start:end] - int(self._tiles.table[at]["first"])
