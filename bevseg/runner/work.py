"""What the tasks of a run share, and the items that they work on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bevseg.io.find import CloudFile
from bevseg.runner.request import RunRequest
from bevseg.runtime.lock import Lock
from bevseg.survey.block_task import BlockTask
from bevseg.survey.reading import Reading
from bevseg.survey.scratch import Scratch


@dataclass(frozen=True)
class Work:
    """What the tasks of a run share.

    Attributes
    ----------
    request
        The whole run.
    reading
        How clouds are read.
    scratch
        The scratch folder.
    model
        File of the model.
    conditions
        What the results depend on beside the clouds, as `conditions_of` gives it.
    held
        Bytes that a process may use before it reads clouds by batches and holds none.
    lock
        Lock of the directory of the results, held for as long as the run takes; None for a single file.
    """

    request: RunRequest
    reading: Reading
    scratch: Scratch
    model: Path
    conditions: dict[str, Any]
    held: int
    lock: Lock | None = None


@dataclass(frozen=True)
class SurveyWork:
    """What is to be done for the clouds of one reference system.

    Attributes
    ----------
    survey
        File of the survey.
    members
        Name of each of its clouds -> SHA-256 of the file.
    labels
        Name of each cloud -> what stands for all that its labels depend on.
    blocks_of
        Name of each cloud that is to be written -> its blocks.
    squares, blocks
        Squares of blocks whose ground is wanted, and blocks whose labels are.
    needs
        Block -> squares that it depends on.
    far
        Name of a cloud -> number of its points that lie far away from all others, and of all its points.
    points
        Number of points of all its clouds.
    system
        The reference system, for people.
    overlap
        Names of clouds without a reference system that lie in one place.
    """

    survey: Path
    members: dict[str, str]
    labels: dict[str, str]
    blocks_of: dict[str, list[tuple[int, int]]]
    squares: list[BlockTask]
    blocks: list[BlockTask]
    needs: dict[tuple[int, int], list[tuple[int, int]]]
    far: dict[str, tuple[int, int]]
    points: int
    system: str
    overlap: list[str]


@dataclass(frozen=True)
class CloudTask:
    """A cloud whose blocks are labelled.

    Attributes
    ----------
    file
        The cloud.
    survey
        File of its survey.
    number
        Its number there.
    facts
        What the report says of its labels and is known already.
    replace
        Whether its outputs may be replaced.
    warnings
        What the report says about it and was said already.
    """

    file: CloudFile
    survey: Path
    number: int
    facts: dict[str, Any]
    replace: bool
    warnings: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """Name of the cloud."""
        return self.file.stem

    @property
    def path(self) -> Path:
        """File of the cloud."""
        return self.file.path
