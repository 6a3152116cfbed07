"""One survey, several runs with `--part`: which clouds each reads first, and which blocks it labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from bevseg.io.find import CloudFile
from bevseg.runner.work import SurveyWork


def rotated(clouds: Sequence[CloudFile], part: tuple[int, int] | None) -> Sequence[CloudFile]:
    """Return the clouds in the order in which a part of a run reads them.

    Each part begins with other clouds. When it comes to those of another part, that one has laid them down already.

    Parameters
    ----------
    clouds
        All clouds.
    part
        Number of the part, from 1, and how many there are; None for a run without parts.
    """
    if part is None:
        return clouds
    number, count = part
    first = len(clouds) * (number - 1) // count
    return [*clouds[first:], *clouds[:first]]


def parted(surveys: Sequence[SurveyWork], part: tuple[int, int]) -> list[SurveyWork]:
    """Return surveys with the squares and blocks that a part of a run works on: about as many points in each part.

    Parameters
    ----------
    surveys
        The surveys of a run, with all squares and blocks that are wanted.
    part
        Number of the part, from 1, and how many there are.
    """
    number, count = part
    total = sum(task.points for survey in surveys for task in survey.blocks)
    found, before = [], 0
    for survey in surveys:
        blocks = []
        for task in survey.blocks:
            if (2 * before + task.points) * count // (2 * total) == number - 1:  # by the middle of its points
                blocks.append(task)
            before += task.points
        needed = {square for task in blocks for square in survey.needs[task.block]}
        squares = [task for task in survey.squares if task.block in needed]
        found.append(dataclasses.replace(survey, squares=squares, blocks=blocks))
    return found
