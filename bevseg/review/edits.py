"""Corrections of labelled clouds: a list on disk that only grows, and what it says about each point.

A line of JSON is an edit, or says that one is undone or done again:

    {"edit": 1, "time": "2026-12-01T10:15:00+00:00", "how": "rectangle", "class": "car",
     "clouds": {"street_09": {"sha256": "5f...", "points": [[1200, 35], [1302, 1]]}}}
    {"undo": 1, "time": "2026-12-01T10:15:20+00:00"}

`points` holds runs of indices in the file: the first, and how many. The class null confirms the classes that stand
there. The labelled files are never touched.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bevseg.config.files import parse_json
from bevseg.core.labels import CLASS_NAMES
from bevseg.errors import InputError, OutputWriteError, UsageError
from bevseg.runtime.atomic import wait_for_disk, write_error, write_text

EDITS = "edits.jsonl"
"""Name of the list, in the directory of the labelled clouds."""

LARGEST = 1 << 30
"""Bytes of a list at most: some hundred thousand edits."""

FARTHEST = 1 << 40
"""No file has so many points."""

_HINT = "restore the file from a copy, or remove it to begin anew"


@dataclass(frozen=True)
class Edit:
    """What a person said about some points.

    Attributes
    ----------
    number
        From 1, in the order of the edits.
    time
        UTC, ISO 8601.
    how
        How the points were chosen, such as `rectangle` or `piece`.
    label
        Train id that they get, 0 for undefined; None: their classes are confirmed as right.
    points
        Name of a cloud -> (N,) int64, indices of its points, ascending.
    """

    number: int
    time: str
    how: str
    label: int | None
    points: Mapping[str, NDArray[np.int64]] = field(repr=False)

    @property
    def count(self) -> int:
        """Number of points."""
        return sum(len(indices) for indices in self.points.values())


@dataclass(frozen=True)
class Said:
    """What a person said about the points of a cloud.

    Attributes
    ----------
    classes
        (N,) uint8 train ids, with the edits in force.
    mask
        (N,) bool, the points that an edit in force speaks about.
    """

    classes: NDArray[np.uint8]
    mask: NDArray[np.bool_]


class EditList:
    """The edits of the labelled clouds in a directory.

    `open` reads them. Each change is on the disk when the method returns. One process at a time may change a list:
    the caller holds the lock of the directory.
    """

    def __init__(self, path: Path, hashes: Mapping[str, str]) -> None:
        self._path, self._hashes = path, dict(hashes)
        self._edits: dict[int, Edit] = {}
        self._undone: list[int] = []  # can be done again; the last one first
        self._gone: set[int] = set()  # undone
        self._end = self._size = 0  # behind the last whole line, and of the file

    @classmethod
    def open(cls, folder: Path, hashes: Mapping[str, str]) -> Self:
        """Read the edits in a directory; there need not be any.

        Parameters
        ----------
        folder
            Directory of the labelled clouds.
        hashes
            Name of each labelled cloud -> SHA-256 of its file.

        Raises
        ------
        InputError
            If a line is damaged, or speaks of a cloud that is missing or has changed since. The last line may be
            incomplete: the process that wrote it was ended, and the edit does not count.
        """
        found = cls(folder / EDITS, hashes)
        found._read()
        return found

    @property
    def path(self) -> Path:
        """The file; it is missing before the first edit."""
        return self._path

    def in_force(self) -> list[Edit]:
        """Return the edits that are not undone, in their order."""
        return [edit for number, edit in self._edits.items() if number not in self._gone]

    def add(self, points: Mapping[str, NDArray[np.integer]], label: int | None, how: str) -> Edit:
        """Add an edit; what was undone before can no longer be done again.

        Parameters
        ----------
        points
            Name of a cloud -> indices of its points, in any order.
        label
            Train id that the points get, 0 for undefined; None confirms their classes.
        how
            How they were chosen.

        Raises
        ------
        UsageError
            If there are no points, for an unknown cloud or class, or for indices that are none.
        OutputWriteError
            If the list cannot be written, or if another process has changed it; it is then as it was.
        """
        chosen = {name: _ascending(each) for name, each in points.items() if len(each)}
        if not chosen:
            raise UsageError("No points are chosen", hint="choose some points first")
        if label is not None and not 0 <= label < len(CLASS_NAMES):
            raise UsageError(f"No class {label}", why=f"train ids go from 0 to {len(CLASS_NAMES) - 1}")
        for name, indices in chosen.items():
            if name not in self._hashes:
                raise UsageError(f"No cloud {name!r}", where=self._path.parent)
            if indices.dtype.kind not in "iu" or not 0 <= indices[0] <= indices[-1] < FARTHEST:
                raise UsageError(f"No indices: {indices[0]} to {indices[-1]}", where=name)
        whole = {name: indices.astype(np.int64) for name, indices in chosen.items()}
        edit = Edit(max(self._edits, default=0) + 1, _now(), how, label, whole)
        self._append(_table(edit, self._hashes))
        self._edits[edit.number] = edit
        self._undone.clear()
        return edit

    def carry_over(self, folder: Path, hashes: Mapping[str, str]) -> Self:
        """Write the edits in force beside other labelled files of the same points, and return their list.

        They keep their numbers and times. The new files have the classes that were said, so an edit that confirms
        classes holds there as well.

        Parameters
        ----------
        folder
            Directory of the other files; a list that stands there is replaced.
        hashes
            Name of each cloud -> SHA-256 of its file there.

        Raises
        ------
        OutputWriteError
            If the list cannot be written.
        """
        lines = [json.dumps(_table(edit, hashes), ensure_ascii=True) for edit in self.in_force()]
        write_text("".join(f"{line}\n" for line in lines), folder / EDITS)
        return self.open(folder, hashes)

    def undo(self) -> Edit | None:
        """Undo the last edit in force and return it; None if there is none."""
        last = next((number for number in reversed(self._edits) if number not in self._gone), None)
        if last is None:
            return None
        self._append({"undo": last, "time": _now()})
        return self._take_back(last)

    def redo(self) -> Edit | None:
        """Do the edit again that was undone last, and return it; None if there is none."""
        if not self._undone:
            return None
        self._append({"redo": self._undone[-1], "time": _now()})
        return self._do_again(self._undone[-1])

    def said(self, name: str, classes: NDArray[np.uint8]) -> Said:
        """Return what the edits in force say about the points of a cloud.

        Parameters
        ----------
        name
            Of the cloud.
        classes
            (N,) train ids of its points in the labelled file.

        Raises
        ------
        InputError
            If an edit speaks of a point that the cloud does not have.
        """
        found, mask = classes.copy(), np.zeros(len(classes), np.bool_)
        for edit in self.in_force():
            indices = edit.points.get(name)
            if indices is None:
                continue
            if indices[-1] >= len(classes):
                raise InputError(
                    f"Edit {edit.number} speaks of a point that the cloud does not have",
                    where=f"{self._path}, {name}",
                    why=f"its index is {indices[-1]:,}, the cloud has {len(classes):,} points",
                    hint=_HINT,
                )
            if edit.label is not None:
                found[indices] = edit.label
            mask[indices] = True
        return Said(found, mask)

    def _take_back(self, number: int) -> Edit:
        self._gone.add(number)
        self._undone.append(number)
        return self._edits[number]

    def _do_again(self, number: int) -> Edit:
        self._undone.remove(number)
        self._gone.remove(number)
        return self._edits[number]

    def _read(self) -> None:
        if not self._path.exists():
            return
        content = self._path.read_bytes()
        self._size = len(content)
        self._end = content.rfind(b"\n") + 1  # what follows was cut off
        for number, line in enumerate(content[: self._end].split(b"\n")[:-1], 1):
            where = f"{self._path}, line {number}"
            text = line.decode("utf-8", "replace")
            table = parse_json(text, where, hint=_HINT, most_bytes=LARGEST)
            try:
                self._replay(table, where)
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                if isinstance(error, UsageError):
                    raise
                raise InputError(
                    "Not a line of a list of edits", where=where, why=repr(error), hint=_HINT
                ) from error

    def _replay(self, table: Mapping[str, Any], where: str) -> None:
        if "undo" in table:
            if table["undo"] not in self._edits or table["undo"] in self._gone:
                raise ValueError(f"there is no edit {table['undo']!r} to undo")
            self._take_back(table["undo"])
        elif "redo" in table:
            self._do_again(table["redo"])
        else:
            edit = self._edit(table, where)
            if edit.number <= max(self._edits, default=0):
                raise ValueError(f"edit {edit.number} comes twice")
            self._edits[edit.number] = edit
            self._undone.clear()

    def _edit(self, table: Mapping[str, Any], where: str) -> Edit:
        points = {}
        for name, part in table["clouds"].items():
            if self._hashes.get(name) != part["sha256"]:
                raise InputError(
                    f"The cloud {name!r} was corrected and has changed since"
                    if name in self._hashes
                    else f"The cloud {name!r} was corrected and is missing",
                    where=where,
                    why="points are known by their place in the file",
                    hint=f"put the labelled file back, or move {self._path.name} away",
                )
            points[name] = _indices(part["points"])
        label = None if table["class"] is None else CLASS_NAMES.index(table["class"])
        return Edit(int(table["edit"]), str(table["time"]), str(table["how"]), label, points)

    def _append(self, table: Mapping[str, Any]) -> None:
        """Append a line, in one write; a line that was cut off before gives way."""
        line = json.dumps(table, ensure_ascii=True, allow_nan=False).encode() + b"\n"
        flags = os.O_WRONLY | getattr(os, "O_BINARY", 0) | (0 if self._size else os.O_CREAT)
        try:
            handle = os.open(self._path, flags, 0o666)
            try:
                self._ensure_unchanged(os.fstat(handle).st_size)
                self._write(handle, line)
            finally:
                os.close(handle)
        except OSError as error:
            raise write_error(self._path, error) from error
        self._end = self._size = self._end + len(line)

    def _ensure_unchanged(self, size: int) -> None:
        """Raise OutputWriteError if somebody else has written: what follows the lines read would be lost."""
        if size != self._size:
            raise OutputWriteError(
                "The list of edits was changed by another program",
                where=self._path,
                why=f"it has {size:,} bytes; it had {self._size:,} when this program read or wrote it last",
                hint="close what else is open on these results, and start again",
            )

    def _write(self, handle: int, line: bytes) -> None:
        """Write a line behind the last whole one, and wait until it is on the disk; nothing of it stays otherwise."""
        try:
            os.ftruncate(handle, self._end)
            os.lseek(handle, self._end, os.SEEK_SET)
            if os.write(handle, line) < len(line):  # how a disk that becomes full answers first
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            wait_for_disk(handle)
        except OSError:
            os.ftruncate(handle, self._end)
            self._size = self._end
            raise


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _table(edit: Edit, hashes: Mapping[str, str]) -> dict[str, Any]:
    clouds = {
        name: {"sha256": hashes[name], "points": _runs(indices)} for name, indices in edit.points.items()
    }
    label = None if edit.label is None else CLASS_NAMES[edit.label]
    return {"edit": edit.number, "time": edit.time, "how": edit.how, "class": label, "clouds": clouds}


def _ascending(indices: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return the indices sorted, each once. `np.unique` takes ten times as long for millions of them (NumPy 2.3)."""
    ordered = np.sort(indices)
    is_new = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    return ordered[is_new]


def _runs(indices: NDArray[np.int64]) -> list[list[int]]:
    """Return (first, count) of each run of ascending indices."""
    starts = np.flatnonzero(np.diff(indices, prepend=indices[0] - 2) != 1)
    counts = np.diff(starts, append=len(indices))
    return np.column_stack([indices[starts], counts]).tolist()


def _indices(runs: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    """Return the ascending indices of some runs; ValueError for runs that are none."""
    table = np.array(list(runs))
    if table.ndim != 2 or table.shape[1] != 2 or table.dtype != np.int64 or len(table) == 0:
        raise ValueError("runs are pairs of whole numbers")
    firsts, counts = table.T
    if (
        firsts[0] < 0
        or counts.min() < 1
        or table.max() >= FARTHEST
        or (firsts[1:] < (firsts + counts)[:-1]).any()
    ):
        raise ValueError("runs are not ascending")
    if int(counts.sum()) > 1 << 32:
        raise ValueError("more points than a file holds")
    places = np.repeat(firsts - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    return places + np.arange(len(places))
