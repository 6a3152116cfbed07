"""A block of a survey as an item of work. No numba is imported: the process that talks to the user uses it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

Place = tuple[Path, tuple[int, int]]
"""File of a survey, and a block in it."""


@dataclass(frozen=True)
class BlockTask:
    """A block, or the south-west block of a square, of a survey.

    Attributes
    ----------
    block
        Its column and row.
    survey
        File of the survey.
    points
        Number of its points: the measure of progress.
    """

    block: tuple[int, int]
    survey: Path
    points: int

    @property
    def stem(self) -> str:
        """What the block is called."""
        return "block {},{}".format(*self.block)

    @property
    def place(self) -> Place:
        """Where it lies."""
        return self.survey, self.block

    @property
    def path(self) -> Path:
        """What stands for its file in messages."""
        return Path(self.stem)
