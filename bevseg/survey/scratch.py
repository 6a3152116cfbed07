"""The scratch folder of a run: points, ground and labels of blocks, which the next run takes if this one is ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BYTES_PER_POINT = 21
"""Scratch for a point: its coordinates, index and class, and its labels."""

BYTES_PER_CELL = 17
"""Scratch for a cell: its DEM, and what the pictures show."""


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
        return self.folder / f"{key}.labels"

    def survey(self, key: str) -> Path:
        """Return the file of a survey."""
        return self.folder / f"{key}.survey"

    def remove(self) -> None:
        """Remove the files, and the folder if nothing else is in it."""
        for kind in ("points", "ground", "labels", "survey"):
            for path in self.folder.glob(f"*.{kind}"):
                path.unlink(missing_ok=True)
        for path in self.folder.glob(".bevseg-*"):
            path.unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()
