"""The report of a run -> what the first page says about the whole run."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bevseg.config import NAMED, to_table
from bevseg.config.names import DEFAULT_MODEL
from bevseg.core.labels import CLASS_NAMES, COLOURS
from bevseg.report.cloud_section import CloudSection, ScoreTable, score_table
from bevseg.report.numbers import count, duration, percent
from bevseg.report.texts import texts

GUESSED = 0.1
"""Share of the area whose ground is a guess from which on the first page says so."""

MOST_NAMES = 12
"""Names of the clouds of a training that are listed."""

_NUMBER = re.compile(r"[_-]?\d+$")


@dataclass(frozen=True)
class Failed:
    """A cloud that failed: its file, what happened, why, and what to do."""

    source: str
    what: str
    why: str
    do: str


@dataclass(frozen=True)
class Move:
    """Points that went from one class to another."""

    before: str
    after: str
    points: str


@dataclass(frozen=True)
class LearnedClass:
    """A class before and after: name, colour, points, points, difference."""

    name: str
    colour: str
    before: str
    after: str
    change: str


@dataclass(frozen=True)
class Learned:
    """What a model learned from corrections."""

    classes: tuple[LearnedClass, ...]
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class Summary:
    """What the first page says about a run.

    Attributes
    ----------
    version, date
        Of bevseg, and when the run ended.
    numbers
        The most important numbers, each with its unit.
    warnings
        What a reader must know first.
    failures
        Clouds that failed.
    asked
        Title and texts of each line about what was asked.
    stages
        Stage, seconds and points per second.
    scores, scores_note
        Scores of all clouds, and of which; None without truth.
    learned
        What was learned; None if nothing was.
    """

    version: str
    date: str
    numbers: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    failures: tuple[Failed, ...]
    asked: tuple[tuple[str, tuple[str, ...]], ...]
    stages: tuple[tuple[str, str, str], ...]
    scores: ScoreTable | None
    scores_note: str
    learned: Learned | None


def summary(table: Mapping[str, Any], clouds: Sequence[CloudSection]) -> Summary:
    """Return what the first page says.

    Parameters
    ----------
    table
        `report.json`.
    clouds
        What is said about each cloud.
    """
    versions = table.get("versions") or {}
    return Summary(
        str(versions.get("bevseg", "")),
        _date(table.get("date")),
        _numbers(table),
        _warnings(table, clouds),
        tuple(_failed(failure) for failure in table.get("failures") or ()),
        _asked(table, versions),
        _stages(table),
        score_table(table.get("scores"), table.get("oracle")),
        _scores_note(table),
        _learned(table.get("learned")),
    )


def _date(value: Any) -> str:
    """Return a date of ISO 8601 as people write it."""
    return str(value or "").split("+")[0].replace("T", " ")


def _numbers(table: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    words, clouds = texts().summary, table["clouds"].values()
    found = [
        (count(len(clouds)), words.cloud if len(clouds) == 1 else words.clouds),
        (count(sum(facts["points"] for facts in clouds)), words.points),
        (count(sum(facts.get("area_m2") or 0 for facts in clouds)), words.area),
    ]
    seconds = table.get("wall_seconds")
    if seconds is None:  # of an older version, which noted the seconds of the stages alone
        seconds = sum(((table.get("speed") or {}).get("seconds") or {}).values())
    found.append((duration(seconds), words.time))
    if table.get("scores"):
        found.append((percent(table["scores"]["miou"]), words.miou))
    if table.get("failures"):
        found.append((count(len(table["failures"])), words.failed))
    return tuple(found)


def _warnings(table: Mapping[str, Any], clouds: Sequence[CloudSection]) -> tuple[str, ...]:
    """Return what a reader must know first: unlike the training, guessed ground, unusual units, all else."""
    words, unlike, rest = texts().warnings, list[str](), list[str]()
    without_maps = [cloud.name for cloud in clouds if not cloud.has_maps]
    for cloud in clouds:
        facts = table["clouds"][cloud.name]
        for text in cloud.warnings:
            about_training = bool(facts.get("unlike")) and text.startswith(f"{cloud.name}: ")
            (unlike if about_training else rest).append(text)
        if cloud.guessed >= GUESSED:
            rest.append(words.guessed.format(name=cloud.name, share=percent(cloud.guessed, 0)))
        for unit in sorted(set(facts.get("metres_per_unit") or ()) - {1.0}):
            rest.append(words.units.format(name=cloud.name, unit=f"{unit:.6g}"))
        for key, text in (("not_finite", words.not_finite), ("far", words.far)):
            if facts.get(key):
                rest.append(text.format(name=cloud.name, count=count(facts[key])))
    if clouds and len(without_maps) == len(clouds):
        rest.append(words.none_drawn)
    else:
        rest += [words.without_maps.format(name=name) for name in without_maps]
    return tuple(dict.fromkeys(unlike + rest))


def _failed(failure: Mapping[str, Any]) -> Failed:
    parts = (failure.get(key) for key in ("source", "what", "why", "hint"))
    return Failed(*("" if part is None else str(part) for part in parts))


def _asked(table: Mapping[str, Any], versions: Mapping[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    words, model = texts().asked, table.get("model") or {}
    lines = [
        (words.command, (shlex.join(str(part) for part in table.get("command") or ()),)),
        (words.date, (_date(table.get("date")),)),
        (words.model, (str(model.get("name", "")), words.hash.format(hash=str(model.get("sha256", ""))))),
        (words.trained_on, _trained_on(model)),
        (words.settings, _settings(table) or (words.no_settings,)),
        (words.device, (str(table.get("device", "")),)),
        (words.versions, (", ".join(f"{name} {version}" for name, version in versions.items()),)),
    ]
    spoken = _spoken(table)
    if spoken:
        lines.insert(2, (words.person, (spoken,)))
    return tuple((title, tuple(text for text in found if text)) for title, found in lines)


def _spoken(table: Mapping[str, Any]) -> str:
    """Return what a person said about the points; empty if nobody did."""
    said = table.get("corrected") or table.get("learned")
    if not said:
        return ""
    points = said.get("points", said.get("said"))
    return texts().asked.spoken.format(points=count(points), edits=count(said["edits"]))


def _trained_on(model: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a model was trained on, and how good it was there."""
    words, names = texts().asked, [str(name) for name in model.get("trained_on") or ()]
    if not names:
        return (words.unknown,)
    if model.get("name") == DEFAULT_MODEL:
        first = words.shipped.format(clouds=count(len(names)))
    else:
        first = words.on_clouds.format(clouds=count(len(names)), names=_some(names))
    miou = model.get("held_out_miou")
    return (first,) if miou is None else (first, words.held_out.format(miou=percent(miou)))


def _some(names: Sequence[str]) -> str:
    """Return names; of many, what they begin with and how many there are of each."""
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    groups = Counter(_NUMBER.sub("", name) or name for name in names)
    listed = [f"{name} ({number})" for name, number in groups.most_common(MOST_NAMES)]
    return ", ".join([*listed, "…"] if len(groups) > MOST_NAMES else listed)


def _settings(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the settings and options that differ from the defaults."""
    defaults = to_table(NAMED["default"])
    found = [
        f"{group}.{name} = {value}"
        for group, values in (table.get("settings") or {}).items()
        for name, value in values.items()
        if defaults.get(group, {}).get(name) != value
    ]
    looks = table.get("looks") or {}
    usual: dict[str, Any] = {"scales": [1.0], "turns": 1, "crf": False}
    found += [
        f"--{name} {value}" for name, value in looks.items() if _plain(value) != _plain(usual.get(name))
    ]
    return tuple(found)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _stages(table: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    speed = table.get("speed") or {}
    rates = speed.get("points_per_second") or {}
    names = texts().stages
    return tuple(
        (names.get(stage, stage), f"{spent:,.1f}", count(rates.get(stage)))
        for stage, spent in (speed.get("seconds") or {}).items()
    )


def _scores_note(table: Mapping[str, Any]) -> str:
    words = texts().scores
    note = words.all if table.get("scored_unseen") else words.seen
    return note.format(count=count(len(table.get("scored") or ())))


def _learned(table: Mapping[str, Any] | None) -> Learned | None:
    """Return classes won and lost."""
    if not table:
        return None
    names, before, after = texts().classes, table.get("before") or {}, table.get("after") or {}
    classes = tuple(
        LearnedClass(
            names[name],
            colour,
            count(before.get(name, 0)),
            count(after.get(name, 0)),
            _signed(after.get(name, 0) - before.get(name, 0)),
        )
        for name, colour in zip(CLASS_NAMES, COLOURS, strict=True)
        if before.get(name) or after.get(name)
    )
    changed = sorted((table.get("changed") or {}).items(), key=lambda item: -item[1])
    moves = []
    for pair, points in changed:
        one, _, other = pair.partition("->")
        if one in CLASS_NAMES and other in CLASS_NAMES and points:
            moves.append(Move(names[one], names[other], count(points)))
    return Learned(classes, tuple(moves))


def _signed(value: int) -> str:
    return f"{value:+,}".replace("-", "\u2212") if value else "0"
