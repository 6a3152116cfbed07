"""The grid of the runs of a study: their settings, their keys, and which run needs which."""

from __future__ import annotations

import graphlib
import hashlib
import itertools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bevseg.config.domains import shown
from bevseg.errors import UsageError
from bevseg.study.plan import PLACES, SOURCES, StudyFile, label

MOST_RUNS = 100_000
"""Runs of a grid at most. Real studies have some hundred."""


@dataclass(frozen=True)
class Run:
    """One point of the grid.

    Attributes
    ----------
    key
        Hash of the task and the given settings. It does not depend on the machine or the folder.
    at
        Axis -> the name of its value.
    given
        Settings of the study file, without defaults.
    sources
        `init` and `teacher`, where given -> the key of that run. It is trained first.
    """

    key: str
    at: dict[str, Any]
    given: dict[str, Any]
    sources: dict[str, str] = field(default_factory=dict)


def grid(study: StudyFile, where: str) -> list[Run]:
    """Return the runs of a study in the order of the grid, but a run comes after the runs that it needs.

    Raises
    ------
    UsageError
        If there are more than MOST_RUNS runs, two axes set the same setting, `init` or `teacher` names no run of the
        grid, or runs need each other.
    """
    count = math.prod(len(values) for values in study.axes.values())
    if count > MOST_RUNS:
        raise UsageError(
            "The grid of the study is too large",
            where=f"{where}: axes",
            why=f"{shown(count)} runs, the product of the numbers of values; {MOST_RUNS:,} at most",
            hint="remove values, or make several studies of it",
        )
    points = {_place(point.at): point for point in _points(study, where)}
    if len(points) < count:
        raise _twice(where)
    needs = {place: _needs(point, points, where) for place, point in points.items()}
    try:
        order = list(graphlib.TopologicalSorter({p: n.values() for p, n in needs.items()}).static_order())
    except graphlib.CycleError as error:
        raise UsageError(
            "Runs need each other",
            where=f"{where}: axes",
            why=" needs ".join(reversed(error.args[1])),
            hint="let `init` or `teacher` name another run",
        ) from error
    runs: dict[str, Run] = {}
    for place in order:
        at, given, _ = points[place]
        sources = {source: runs[needed].key for source, needed in needs[place].items()}
        runs[place] = Run(_key(study.task, given, sources), at, given, sources)
    if len({run.key for run in runs.values()}) < len(runs):
        raise _twice(where)
    return list(runs.values())


class _Point(NamedTuple):
    """A point of the grid: place, settings, and `init` and `teacher` as the study file names them."""

    at: dict[str, Any]
    given: dict[str, Any]
    sources: dict[str, dict[str, Any]]


def _points(study: StudyFile, where: str) -> Iterator[_Point]:
    for values in itertools.product(*study.axes.values()):
        point = _Point({}, dict(study.settings), {})
        from_axes: set[str] = set()
        for axis, value in zip(study.axes, values, strict=True):
            point.at[axis] = label(value)
            extra = dict(value) if isinstance(value, dict) else {axis: value}
            extra.pop("name", None)
            point.sources.update({source: extra.pop(source) for source in SOURCES if source in extra})
            if from_axes & set(extra):
                raise UsageError(
                    f"Two axes set {shown(min(from_axes & set(extra)))}",
                    where=f"{where}: axes.{axis}",
                    why="a setting of a run comes from one axis, by its name or as a key of its values",
                    hint="remove one of the two",
                )
            from_axes |= set(extra)
            point.given.update(extra)
        yield point


def _needs(point: _Point, points: Mapping[str, _Point], where: str) -> dict[str, str]:
    """Return `init` and `teacher`, where given -> the place of that run."""
    needed = {source: _place(point.at | wanted) for source, wanted in point.sources.items()}
    for source, place in needed.items():
        if place not in points:
            raise UsageError(
                f"`{source}` names no run of the grid: {point.at | point.sources[source]}",
                where=f"{where}: axes",
                hint="name axes and values of a run of the grid",
            )
    return needed


def _twice(where: str) -> UsageError:
    return UsageError("Two runs of the grid are the same", where=f"{where}: axes", hint="remove a value")


def _key(task: str, given: Mapping[str, Any], sources: Mapping[str, str]) -> str:
    known = {name: value for name, value in given.items() if name not in PLACES}
    text = json.dumps([task, known, sources], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _place(at: Mapping[str, Any]) -> str:
    return json.dumps(at, sort_keys=True)
