"""A study file (TOML) -> the grid of its runs."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pydantic

from bevseg.config.domains import refusal
from bevseg.config.files import read_toml
from bevseg.config.tables import pydantic_faults
from bevseg.errors import CloudNotFoundError, UsageError

T = TypeVar("T")

STRICT = pydantic.ConfigDict(extra="forbid")

PLACES = frozenset({"data"})
"""Settings that say where something lies, and not what it is: no part of what a run is known by."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class TablePlan:
    """One table of a study, and the plot that goes with it."""

    by: list[str]
    """Axes that have a line each; the runs along the others are pooled."""
    name: str = "table"
    """Stem of its files."""
    title: str = ""
    """Above the table; empty: that of the study."""
    score: str = "score"
    """Fact of a run that is averaged, larger being better; empty: none."""
    columns: list[str] = field(default_factory=list)
    """Further facts, with their mean and deviation; texts are printed as they are."""
    clear: float | None = None
    """A run has converged if its score is this much above the fact `collapsed`; None: not counted."""
    where: dict[str, Any] = field(default_factory=dict)
    """Axis -> the only value (or list of values) that enters."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class Published:
    """What a paper prints for the runs at one place of the grid."""

    at: dict[str, Any]
    """Axis -> value."""
    mean: float | None = None
    std: float | None = None
    best: float | None = None
    converged: int | None = None
    """Converged runs; printed by the paper, or decoded from its mean and deviation."""
    of: int | None = None
    """Runs."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class StudyFile:
    """The keys of a study file."""

    title: str
    task: str
    """What a run does: a name of the table TASKS."""
    source: str = ""
    """Where the comparison, and the numbers under `paper`, come from."""
    note: str = ""
    """Printed below the tables."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Settings that hold for every run; each task has its own."""
    axes: dict[str, list[Any]] = field(default_factory=dict)
    """Setting -> the values it takes. The grid is the product. A value may be a table with a `name` and several
    settings; `init` in it names the run to start from, by the axes in which it differs."""
    table: list[TablePlan] = field(default_factory=list)
    paper: list[Published] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """One point of the grid.

    Attributes
    ----------
    key
        From the task and the settings given: the same wherever and whenever the study is read.
    at
        Axis -> the name of its value here.
    given
        Settings, without defaults.
    init
        Key of the run whose weights this one starts from.
    """

    key: str
    at: dict[str, Any]
    given: dict[str, Any]
    init: str | None = None


def read(path: Path) -> StudyFile:
    """Read a study file.

    Raises
    ------
    CloudNotFoundError
        If there is none.
    UsageError
        For what is no TOML, and for keys and values that no study has: one error for all of them.
    """
    if not path.is_file():
        raise CloudNotFoundError("No such study", where=path, hint="name a TOML file")
    study = checked(StudyFile, read_toml(path), str(path))
    for name in [axis for plan in study.table for axis in (*plan.by, *plan.where)]:
        if name not in study.axes:
            raise UsageError(
                f"No axis {name!r}", where=f"{path}: table", why=f"the axes are {', '.join(study.axes)}"
            )
    names = [plan.name for plan in study.table]
    if len(set(names)) < len(names):
        raise UsageError("Two tables have one name", where=path, hint="give each [[table]] its own `name`")
    return study


def checked(kind: type[T], table: Mapping[str, Any], where: str) -> T:
    """Build a group of settings from a table; UsageError names all keys that are unknown, missing or wrong."""
    try:
        return pydantic.TypeAdapter(kind).validate_python(dict(table))
    except pydantic.ValidationError as error:
        inner = {"table": TablePlan, "paper": Published} if kind is StudyFile else {}
        known = {
            name: [one.name for one in dataclasses.fields(its)] for name, its in {"": kind, **inner}.items()
        }
        raise refusal(pydantic_faults(error, known), where) from error


def grid(study: StudyFile, where: str) -> list[Run]:
    """Return the runs of a study, those first that others start from.

    Raises
    ------
    UsageError
        If two axes give the same setting, or `init` names no run of the grid.
    """
    plain: list[Any] = []
    started: list[Any] = []
    for values in itertools.product(*study.axes.values()):
        at = {axis: label(value) for axis, value in zip(study.axes, values, strict=True)}
        given, init = dict(study.settings), None
        seen: set[str] = set()
        for axis, value in zip(study.axes, values, strict=True):
            extra = dict(value) if isinstance(value, dict) else {axis: value}
            extra.pop("name", None)
            init = extra.pop("init", init)
            if seen & set(extra):
                raise UsageError(
                    f"Two axes give the setting {min(seen & set(extra))!r}", where=f"{where}: axes.{axis}"
                )
            seen |= set(extra)
            given |= extra
        (started if init else plain).append((at, given, init))
    runs = [Run(_key(study.task, given, None), at, given) for at, given, _ in plain]
    by_place = {_place(run.at): run for run in runs}
    for at, given, init in started:
        source = by_place.get(_place(at | dict(init)))
        if source is None:
            raise UsageError(
                f"`init` names no run of the grid: {at | dict(init)}",
                where=f"{where}: axes",
                hint="name axes and values of a run that itself starts from nothing",
            )
        runs.append(Run(_key(study.task, given, source.key), at, given, source.key))
    if len({run.key for run in runs}) < len(runs):
        raise UsageError("Two runs of the grid are the same", where=f"{where}: axes", hint="drop a value")
    return runs


def label(value: Any) -> Any:
    """Return how a value of an axis is called in tables."""
    return value.get("name", json.dumps(value)) if isinstance(value, dict) else value


def matches(at: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Say whether a place of the grid has the wanted values (one, or one of a list) on the wanted axes."""
    return all(
        at.get(axis) in (value if isinstance(value, Sequence) and not isinstance(value, str) else [value])
        for axis, value in wanted.items()
    )


def _key(task: str, given: Mapping[str, Any], init: str | None) -> str:
    known = {name: value for name, value in given.items() if name not in PLACES}
    text = json.dumps([task, known, init], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _place(at: Mapping[str, Any]) -> str:
    return json.dumps(at, sort_keys=True)
