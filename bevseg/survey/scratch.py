"""The scratch folder of a run: points, ground and labels of blocks, which the next run takes if this one is ended."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

from bevseg.errors import NoRoomError

BYTES_PER_POINT = 21
"""Scratch for a point: its coordinates, index and class, and its labels."""

BYTES_OF_PROBABILITIES = 5
"""Scratch for a point, beside these, where the probabilities of all classes are asked for."""

BYTES_PER_CELL = 20
"""Scratch for a cell: its DEM, and what the pictures show."""

LAYOUT = 2
"""Version of the files of labels: those of an older one are not taken."""

_KINDS = (".points", ".ground", ".labels", ".survey")


def bytes_per_point(*, probabilities: bool) -> int:
    """Return the bytes of scratch for a point, with or without the probabilities of all classes."""
    return BYTES_PER_POINT + (BYTES_OF_PROBABILITIES if probabilities else 0)


@dataclass(frozen=True)
class Scratch:
    """A folder of scratch files. Each has the name of what it is made of, and appears when it is complete.

    Attributes
    ----------
    folder
        The folder.
    """

    folder: Path

    def points(self, key: str) -> Path:
        """Return the file of the points of a cloud."""
        return self.folder / f"{key}.points"

    def ground(self, key: str) -> Path:
        """Return the file of the ground of a square of blocks."""
        return self.folder / f"{key}.ground"

    def labels(self, key: str) -> Path:
        """Return the file of the labels of a block."""
        return self.folder / f"{key}.{LAYOUT}.labels"

    def survey(self, key: str) -> Path:
        """Return the file of a survey."""
        return self.folder / f"{key}.survey"

    def ensure_room(self, points: int, *, probabilities: bool) -> None:
        """Raise NoRoomError if the files of that many points, and perhaps of all probabilities, will not fit."""
        place = self.folder
        while not place.exists():
            place = place.parent
        free, needed = shutil.disk_usage(place).free, points * bytes_per_point(probabilities=probabilities)
        if needed > free:
            raise NoRoomError(
                "There is no room for the scratch files",
                where=self.folder,
                why=f"{points:,} points need about {needed / 2**20:,.0f} MiB, {free / 2**20:,.0f} MiB are free",
                hint="free some space, or name a folder on another disk with --scratch",
            )

    def forget_before_restart(self) -> None:
        """Remove files that are older than the last start of this machine: a power loss can have spoilt them.

        So no task has to wait until its file is on the disk.
        """
        started = psutil.boot_time()
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if path.suffix in _KINDS and path.stat().st_mtime < started:
                path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the files, and the folder if nothing else is in it."""
        for kind in _KINDS:
            for path in self.folder.glob(f"*{kind}"):
                path.unlink(missing_ok=True)
        for path in self.folder.glob(".bevseg-*"):
            path.unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()
