"""What the page asks for -> answers, ready for JSON: points, selections, edits. It knows nothing of HTTP."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from bevseg.core.labels import CLASS_NAMES
from bevseg.core.reasons import REASON_NAMES
from bevseg.errors import UsageError
from bevseg.review.edits import Edit, EditList
from bevseg.viewer.doubtful import DoubtfulPlaces
from bevseg.viewer.overlay import Overlay
from bevseg.viewer.scene import scene_table
from bevseg.viewer.select import Selection, locate, parse_query, select, summary
from bevseg.viewer.shapes import as_index, as_table
from bevseg.viewer.tile_file import NO_TRUTH, Tiles

KEPT_SELECTIONS = 4
"""Selections that an edit can still name; older ones are forgotten."""


class Session:
    """A view of labelled clouds, and the corrections that a person makes.

    Parameters
    ----------
    tiles
        Points of the clouds.
    name
        Title of the page.
    edits
        Where corrections are kept; None if the clouds cannot be corrected. The caller holds the lock.
    """

    def __init__(self, tiles: Tiles, name: str, edits: EditList | None) -> None:
        self.tiles, self._name, self._edits = tiles, name, edits
        self._overlay = Overlay(tiles)
        self._doubtful = DoubtfulPlaces(tiles, self._overlay)
        self._selections: OrderedDict[int, Selection] = OrderedDict()
        self._last_selection = 0
        self._lock = threading.RLock()
        for edit in edits.in_force() if edits is not None else ():
            self._overlay.apply(edit)

    def scene(self) -> dict[str, Any]:
        """Return what the page must know before it draws."""
        with self._lock:
            return scene_table(
                self.tiles, self._name, self._overlay.counts(), editable=self._edits is not None
            )

    def records(self, tile: int, first: int, last: int | None) -> bytes:
        """Return records of a tile as the page reads them, with the classes of the files."""
        return self.tiles.records(tile, first, last).tobytes()

    def classes(self, tile: int, first: int, last: int | None) -> bytes:
        """Return the classes of records of a tile, a byte each, with the edits in force."""
        with self._lock:
            return self._overlay.classes(tile, first, last).tobytes()

    def selected(self, number: int, tile: int, first: int, last: int | None) -> bytes:
        """Return whether a selection holds records of a tile, a byte each, 0 or 1.

        Raises
        ------
        UsageError
            If the selection is not known any more.
        """
        with self._lock:
            selection = self._selection(number)
        count = len(self.tiles.records(tile, first, last))
        return selection.mask(tile, first, count).tobytes()

    def places(self) -> list[dict[str, Any]]:
        """Return the doubtful places, most doubtful first."""
        return self._doubtful.table()  # without the lock: the first look takes some seconds

    def point(self, cloud: str, index: int) -> dict[str, Any]:
        """Return all that is known of a point.

        Raises
        ------
        UsageError
            If there is no such point.
        """
        tile, row = locate(self.tiles, cloud, index)
        record, exact = (read(tile, row, row + 1)[0] for read in (self.tiles.records, self.tiles.exact))
        number = int(exact["cloud"])
        found = self.tiles.clouds[number]
        x, y, z = self.tiles.coordinates(self.tiles.exact(tile, row, row + 1))
        height = self.tiles.heights(tile, x, y, z)
        with self._lock:
            label = int(self._overlay.classes(tile, row, row + 1)[0])
        has = self.tiles.facts["has"]
        truth = int(record["truth"])
        return {
            "cloud": found.name,
            "index": index,
            "tile": tile,
            **{
                name: round(float(exact[name] * found.scale[axis] + found.offset[axis]), 6)
                for axis, name in enumerate("xyz")
            },
            "height": round(float(height[0]), 3),
            "class": CLASS_NAMES[label],
            "file_class": CLASS_NAMES[int(record["label"])],
            "confidence": round(int(record["confidence"]) / 255, 3) if "confidence" in has else None,
            "reason": REASON_NAMES[int(record["reason"])]
            if int(record["reason"]) < len(REASON_NAMES)
            else None,
            "truth": None if truth == NO_TRUTH else CLASS_NAMES[truth],
            "intensity": int(record["intensity"]) if "intensity" in has else None,
            "rgb": [int(record[name]) for name in ("red", "green", "blue")] if "rgb" in has else None,
        }

    def select(self, query: object) -> dict[str, Any]:
        """Choose points by a query in JSON; return their number, their classes, and a number for the selection.

        Raises
        ------
        UsageError
            If it is no query.
        """
        parsed = parse_query(query)
        with self._lock:
            selection = select(self.tiles, self._overlay, parsed)
            self._last_selection += 1
            self._selections[self._last_selection] = selection
            while len(self._selections) > KEPT_SELECTIONS:
                self._selections.popitem(last=False)
            return {**summary(selection), "selection": self._last_selection}

    def edit(self, request: object) -> dict[str, Any]:
        """Give the points of a selection a class, or confirm the classes that they have; saved when this returns.

        Raises
        ------
        UsageError
            If the request is none, or the clouds cannot be corrected.
        OutputWriteError
            If the edit cannot be saved; nothing has changed then.
        """
        table = as_table(request, "edit")
        label = _label_of(table.get("action"), table.get("class"))
        number = as_index(table.get("selection"), "selection")
        with self._lock:
            edits = self._editable()
            selection = self._selection(number)
            edit = edits.add(selection.points, label, selection.how)
            return self._answer(edit, self._overlay.apply(edit))

    def undo(self) -> dict[str, Any]:
        """Undo the last edit in force."""
        with self._lock:
            edits = self._editable()
            edit = edits.undo()
            return self._answer(edit, [] if edit is None else self._overlay.rebuild(edit, edits.in_force()))

    def redo(self) -> dict[str, Any]:
        """Do the edit again that was undone last."""
        with self._lock:
            edits = self._editable()
            edit = edits.redo()
            return self._answer(edit, [] if edit is None else self._overlay.rebuild(edit, edits.in_force()))

    def edits(self) -> list[dict[str, Any]]:
        """Return the edits in force, in their order."""
        with self._lock:
            in_force = [] if self._edits is None else self._edits.in_force()
        return [
            {
                "edit": edit.number,
                "time": edit.time,
                "how": edit.how,
                "class": None if edit.label is None else CLASS_NAMES[edit.label],
                "points": edit.count,
            }
            for edit in in_force
        ]

    def _selection(self, number: int) -> Selection:
        if number not in self._selections:
            raise UsageError("The selection is not known any more", where="selection", hint="choose again")
        return self._selections[number]

    def _editable(self) -> EditList:
        if self._edits is None:
            raise UsageError(
                "These clouds cannot be corrected",
                why="they are no results of a run",
                hint="view the directory that `bevseg run` wrote its results to",
            )
        return self._edits

    def _answer(self, edit: Edit | None, changed: list[int]) -> dict[str, Any]:
        return {
            "edit": None if edit is None else edit.number,
            "points": 0 if edit is None else edit.count,
            "tiles": changed,
            "counts": self._overlay.counts(),
        }


def _label_of(action: object, name: object) -> int | None:
    """Return the train id that an edit sets; None if it confirms."""
    if action == "confirm":
        return None
    if action != "class":
        raise UsageError("Not an action", where="action", why="expected class or confirm")
    if not isinstance(name, str) or name not in CLASS_NAMES:
        raise UsageError("Not a class", where="class", why=f"expected one of {', '.join(CLASS_NAMES)}")
    return CLASS_NAMES.index(name)
