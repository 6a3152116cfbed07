"""The study file (TOML): what it may hold, and what is wrong with it."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, TypeVar

import pydantic

from bevseg.config.domains import Fault, refusal, shown, shown_key, wrong_value
from bevseg.config.files import read_toml
from bevseg.config.tables import pydantic_faults
from bevseg.errors import CloudNotFoundError, UsageError

T = TypeVar("T")

STRICT = pydantic.ConfigDict(extra="forbid")

PLAIN = "a finite number, a text, true or false"
"""What a setting of a run may be, beside lists and tables of such."""

SOURCES = ("init", "teacher")
"""Keys of a value of an axis that name another run: the run to start from, and the run whose network teaches."""

_TABLE_NAME = re.compile(r"[\w-]+")

PLACES = frozenset({"data"})
"""Settings that are paths of data. They are no part of the key of a run, and no record holds them."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class TablePlan:
    """One table of a study, and its plot."""

    by: list[str]
    """Axes whose values have a line each. The runs along the other axes are pooled."""
    name: str = "table"
    """File name of table and plot, without suffix."""
    title: str = ""
    """Title above the table; empty: the title of the study."""
    score: str = "score"
    """Fact of a run that is averaged; larger is better; empty: none."""
    columns: list[str] = field(default_factory=list)
    """Further facts, with their mean and standard deviation; texts are printed unchanged."""
    clear: float | None = None
    """A run has converged if its score exceeds the fact `collapsed` by more than this; None: not counted."""
    where: dict[str, Any] = field(default_factory=dict)
    """Axis -> the value, or list of values, that the table includes."""
    against: dict[str, Any] = field(default_factory=dict)
    """Axis -> the value that all others are compared with: a run, and that which differs from it on these axes alone,
    are a pair. The table has the differences of the score over all pairs, and in how many of them it is larger."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class Published:
    """The numbers of a paper for the runs at one place of the grid."""

    at: dict[str, Any]
    """Axis -> value."""
    mean: float | None = None
    std: float | None = None
    best: float | None = None
    converged: int | None = None
    """Number of converged runs; printed in the paper, or computed from its mean and standard deviation."""
    of: int | None = None
    """Number of runs."""
    facts: dict[str, float] = field(default_factory=dict)
    """Further facts of the tables -> their means."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class StudyFile:
    """The keys of a study file."""

    title: str
    task: str
    """Name of a task in the table TASKS."""
    source: str = ""
    """Source of the comparison and of the numbers under `paper`."""
    note: str = ""
    """Printed below the tables."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Settings of every run; each task has its own."""
    axes: dict[str, list[Any]] = field(default_factory=dict)
    """Setting -> its values. The grid is the product. A value may be a table with a `name` and several settings.
    Its keys `init` and `teacher` name the run to start from and the run that teaches, by the axes that differ."""
    table: list[TablePlan] = field(default_factory=list)
    paper: list[Published] = field(default_factory=list)


def read_study(path: Path) -> StudyFile:
    """Read a study file.

    Raises
    ------
    CloudNotFoundError
        If the file does not exist.
    UsageError
        If the file is not TOML, or if keys or values are wrong. One error names them all.
    """
    if not path.is_file():
        raise CloudNotFoundError("No such study", where=path, hint="name a TOML file")
    study = build_settings(StudyFile, read_toml(path), str(path))
    faults = _wrong_values(study)
    if faults:
        raise refusal(faults, path)
    for name in [axis for plan in study.table for axis in plan.by]:
        if name not in study.axes:
            raise _no_axis(study, name, f"{path}: table.by")
    for plan in study.table:
        _ensure_values(study, plan.where, f"{path}: table.where")
        _ensure_values(study, plan.against, f"{path}: table.against")
    for entry in study.paper:
        _ensure_values(study, entry.at, f"{path}: paper.at")
    columns = [column for plan in study.table for column in plan.columns]
    for fact in [fact for entry in study.paper for fact in entry.facts]:
        if fact not in columns:
            raise UsageError(
                f"No column {shown(fact)}",
                where=f"{path}: paper.facts",
                why=f"the columns are {', '.join(columns)}" if columns else "no table has columns",
                hint="name a column of a table",
            )
    for plan in study.table:
        if not _TABLE_NAME.fullmatch(plan.name) or plan.name in (study.task, "settings", "runs"):
            raise UsageError(
                f"No table can have the name {shown(plan.name)}",
                where=f"{path}: table.name",
                why="it is the name of files in the output folder, and not that of other files there",
                hint="choose another one, of letters, digits, _ and -",
            )
    names = [plan.name for plan in study.table]
    if len(set(names)) < len(names):
        raise UsageError(
            "Two tables have the same name", where=path, hint="give each [[table]] its own `name`"
        )
    return study


def _ensure_values(study: StudyFile, at: Mapping[str, Any], where: str) -> None:
    """Raise UsageError for an axis, or a value of one, that the study does not have."""
    for axis, wanted in at.items():
        if axis not in study.axes:
            raise _no_axis(study, axis, where)
        known = [label(choice) for choice in study.axes[axis]]
        for value in wanted if isinstance(wanted, list) else [wanted]:
            if value not in known:
                raise UsageError(
                    f"No value {shown(value)} of the axis {shown(axis)}",
                    where=where,
                    hint=f"name one of: {', '.join(map(str, known))}",
                )


def _no_axis(study: StudyFile, axis: str, where: str) -> UsageError:
    return UsageError(
        f"No axis {shown(axis)}",
        where=where,
        why=f"the axes are {', '.join(shown_key(axis) for axis in study.axes)}"
        if study.axes
        else "the study has no axes",
        hint="name an axis of the study, or add it under [axes]",
    )


def _wrong_values(study: StudyFile) -> list[Fault]:
    """Return what is wrong with the values of settings and axes, which may be of any kind that JSON has."""
    faults = []
    places: dict[str, Mapping[str, Any]] = {"settings": study.settings}
    places |= {f"table.{number}.where": table.where for number, table in enumerate(study.table)}
    places |= {f"table.{number}.against": table.against for number, table in enumerate(study.table)}
    places |= {f"paper.{number}.at": entry.at for number, entry in enumerate(study.paper)}
    for place, values in places.items():
        for key, value in values.items():
            if not _is_plain(value):
                faults.append(wrong_value(f"{place}.{shown_key(key)}", value, f"{PLAIN}, or a list of such"))
    for key, choices in study.axes.items():
        axis = f"axes.{shown_key(key)}"
        if not choices:
            faults.append(wrong_value(axis, choices, "one value at least"))
        for number, value in enumerate(choices):
            if isinstance(value, list) or not _is_plain(value):
                faults.append(wrong_value(f"{axis}.{number}", value, f"{PLAIN}, or a table of such"))
            elif isinstance(value, dict):
                faults += _wrong_special_keys(value, f"{axis}.{number}")
    return faults


def _wrong_special_keys(value: Mapping[str, Any], key: str) -> list[Fault]:
    """Return what is wrong with `name`, `init` and `teacher` of a value that is a table."""
    faults = []
    if isinstance(value.get("name", ""), dict | list):
        faults.append(wrong_value(f"{key}.name", value["name"], PLAIN))
    faults += [
        wrong_value(f"{key}.{source}", value[source], "a table of axes and values")
        for source in SOURCES
        if not isinstance(value.get(source, {}), dict)
    ]
    return faults


def _is_plain(value: Any) -> bool:
    """Return whether JSON can hold a value; TOML also has dates and times, and numbers that are not finite."""
    if isinstance(value, dict | list):
        return all(_is_plain(inner) for inner in (value.values() if isinstance(value, dict) else value))
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | bool | int)


def build_settings(kind: type[T], table: Mapping[str, Any], where: str) -> T:
    """Build a group of settings from a table; UsageError names all unknown, missing and wrong keys."""
    try:
        return pydantic.TypeAdapter(kind).validate_python(dict(table))
    except pydantic.ValidationError as error:
        inner = {"table": TablePlan, "paper": Published} if kind is StudyFile else {}
        known = {
            name: [key.name for key in dataclasses.fields(group)]
            for name, group in {"": kind, **inner}.items()
        }
        raise refusal(pydantic_faults(error, known), where) from error


def label(value: Any) -> Any:
    """Return the name of a value of an axis, for tables."""
    return value.get("name", json.dumps(value)) if isinstance(value, dict) else value


def matches(at: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether a place of the grid has the wanted values (one, or one of a list) on the wanted axes."""
    return all(
        at.get(axis) in (value if isinstance(value, Sequence) and not isinstance(value, str) else [value])
        for axis, value in wanted.items()
    )
