"""A labelled cloud, its maps and what was found in it -> what a page says about it."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bevseg.core.labels import CLASS_NAMES, COLOURS, UNDEFINED
from bevseg.core.raster import EXTRAPOLATED, INTERPOLATED, MEASURED
from bevseg.report import layers
from bevseg.report.findings import Findings
from bevseg.report.frame import Frame, frame_of
from bevseg.report.histogram import Histogram, histogram
from bevseg.report.maps_file import Maps
from bevseg.report.marks import Marks, marks_of
from bevseg.report.numbers import count, percent, significant
from bevseg.report.places_shown import PlaceShown, places_shown
from bevseg.report.texts import texts

SURE = 0.7
"""Confidence from which on a cell is called sure."""

KINDS_OF_CLASS = {
    "building": ("buildings", "facades"),
    "car": ("cars",),
    "pole": ("poles",),
    "vegetation": ("trees", "shrubs"),
}
"""Class -> kinds of objects that are made of it."""


@dataclass(frozen=True)
class Key:
    """An entry of a legend: colour, name, and a number behind it."""

    colour: str
    name: str
    number: str = ""
    hatched: bool = False


@dataclass(frozen=True)
class Layer:
    """A picture that is laid over the hillshade: its name, title, note, address of the data, and legend."""

    name: str
    title: str
    note: str
    data: str
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class MapShown:
    """The map of a cloud.

    Attributes
    ----------
    frame
        What the frame shows.
    size
        Width and height of the pictures, m.
    coarse
        Whether a cell is larger than a pixel of the page.
    shade
        Address of the hillshade.
    layers
        What is laid over it.
    marks
        Objects that are drawn on it.
    cell
        Side of a cell, m.
    """

    frame: Frame
    size: tuple[float, float]
    coarse: bool
    shade: str
    layers: tuple[Layer, ...]
    marks: Marks
    cell: str


@dataclass(frozen=True)
class ClassRow:
    """A line of the table of classes."""

    name: str
    colour: str
    points: str
    share: str
    width: float
    area: str
    objects: str


@dataclass(frozen=True)
class CloudSection:
    """What a page says about a cloud.

    Attributes
    ----------
    name, anchor
        Its name, and what its elements are called on the page.
    facts
        Title and text of each line.
    warnings
        What was said about it.
    has_maps
        Whether there are maps of it.
    map, histogram
        None without them.
    classes
        The table of classes.
    scores
        Scores and confusion matrix; None without truth.
    places
        Where to look first; None where nobody looked.
    sure, guessed
        Shares of cells: sure ones, and those whose ground is a guess; None without maps.
    """

    name: str
    anchor: str
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    has_maps: bool
    map: MapShown | None
    histogram: Histogram | None
    classes: tuple[ClassRow, ...]
    scores: ScoreTable | None
    places: tuple[PlaceShown, ...] | None
    sure: float | None
    guessed: float


@dataclass(frozen=True)
class ScoreTable:
    """Scores by class, and the confusion matrix in percent of its rows."""

    rows: tuple[tuple[str, str, str, str, str], ...]
    mean: tuple[str, str]
    accuracy: str
    columns: tuple[str, ...]
    matrix: tuple[tuple[str, tuple[tuple[str, float], ...], str], ...]


def cloud_section(
    name: str,
    facts: Mapping[str, Any],
    maps: Maps | None,
    found: Findings,
    *,
    number: int,
    most_bytes: int,
) -> CloudSection:
    """Return what a page says about a cloud.

    Parameters
    ----------
    name, facts
        Its name, and what the report of the run says about it.
    maps
        What is seen of it; None if nothing was kept.
    found
        Its objects and the places to look at.
    number
        Its number on the page.
    most_bytes
        Size of its pictures at most.
    """
    anchor = f"cloud-{number}"
    shown = None if maps is None else _map_shown(maps, facts, found, most_bytes)
    seen = None if maps is None else maps.confidence[maps.classes != UNDEFINED]
    return CloudSection(
        name,
        anchor,
        _facts(facts),
        tuple(str(text) for text in facts.get("warnings", ())),
        shown is not None,
        shown,
        None if maps is None else histogram(maps.heights),
        _class_rows(facts, maps, found),
        score_table(facts.get("scores"), facts.get("oracle")),
        None if shown is None or found.places is None else places_shown(found.places, shown.frame),
        None if seen is None or not seen.size else float((seen >= SURE * 255).mean()),
        0.0 if maps is None else layers.guessed_share(maps),
    )


def score_table(scores: Mapping[str, Any] | None, oracle: Mapping[str, Any] | None) -> ScoreTable | None:
    """Return scores as a page shows them; None without scores."""
    if not scores:
        return None
    best = oracle or {"iou": {}, "miou": None}
    words = texts()
    rows = tuple(
        (
            words.classes[name],
            percent(scores["iou"][name]),
            percent(best["iou"].get(name)),
            percent(scores["precision"][name]),
            percent(scores["recall"][name]),
        )
        for name in scores["iou"]
    )
    confusion = scores["confusion"]
    columns = tuple(
        words.scores.unassigned if name == "unassigned" else words.classes[name]
        for name in confusion["predicted"]
    )
    matrix = []
    for name, row in zip(confusion["truth"], confusion["counts"], strict=True):
        total = sum(row)
        shares = tuple((percent(each / total), each / total) if total else ("", 0.0) for each in row)
        matrix.append((words.classes[name], shares, count(total)))
    means = (percent(scores["miou"]), percent(best["miou"]))
    return ScoreTable(rows, means, percent(scores["accuracy"]), columns, tuple(matrix))


def _facts(facts: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the lines of facts about a cloud."""
    words = texts().cloud
    # The name alone: a report is handed over, and the folders of this machine are nobody's business.
    lines = [(words.source, Path(str(facts.get("source", ""))).name)]
    bounds = facts.get("bounds_m")
    if bounds:
        (west, east), (south, north), (low, high) = (bounds[axis] for axis in "xyz")
        extent = words.extent_of.format(
            width=count(east - west), height=count(north - south), low=f"{low:,.1f}", high=f"{high:,.1f}"
        )
        lines.append((words.extent, extent))
    lines.append((words.system, _system(facts.get("crs")) or words.no_system))
    ground = facts.get("ground") or {}
    if ground.get("method"):
        method = words.methods[ground["method"]] if ground["method"] in ("flat-zones", "smrf") else ""
        lines.append((words.ground, f"{method or ground['method']}: {ground.get('why', '')}"))
    role = facts.get("role", "unseen")
    if role in ("training", "validation"):
        lines.append((words.role, words.roles[role]))
    return tuple(lines)


def _system(wkt: str | None) -> str | None:
    """Return the name of a reference system: the first text of its WKT."""
    parts = (wkt or "").split('"')
    return parts[1] if len(parts) > 2 else None


def _class_rows(facts: Mapping[str, Any], maps: Maps | None, found: Findings) -> tuple[ClassRow, ...]:
    """Return the lines of the table of classes: those that occur."""
    counts = facts.get("classes") or {}
    total = max(sum(counts.values()), 1)
    numbers = None if found.objects is None else found.objects.counts()
    seen = None if maps is None else np.bincount(maps.classes.ravel(), minlength=len(CLASS_NAMES))
    rows = []
    for label, name in enumerate(CLASS_NAMES):
        points = counts.get(name, 0)
        if points == 0:
            continue
        area = None if seen is None or maps is None or label == UNDEFINED else seen[label] * maps.side**2
        rows.append(
            ClassRow(
                texts().classes[name],
                COLOURS[label],
                count(points),
                percent(points / total),
                points / total,
                count(area),
                _objects(name, numbers),
            )
        )
    return tuple(rows)


def _objects(name: str, counts: Mapping[str, int] | None) -> str:
    """Return how many objects of a class there are, in words."""
    if counts is None:
        return ""
    words, parts = texts().table, []
    for kind in KINDS_OF_CLASS.get(name, ()):
        number = counts.get(kind, 0)
        if number:
            parts.append(words[kind].one if number == 1 else words[kind].many.format(count=count(number)))
    return ", ".join(parts)


def _map_shown(maps: Maps, facts: Mapping[str, Any], found: Findings, most_bytes: int) -> MapShown:
    area = (maps.classes != UNDEFINED).sum()
    shares = {
        source: float(((maps.source == source) & (maps.classes != UNDEFINED)).sum() / max(area, 1))
        for source in (MEASURED, INTERPOLATED, EXTRAPOLATED)
    }
    thin, drawn = layers.fitting(maps, most_bytes)
    frame = frame_of(thin.left, thin.top, thin.classes != UNDEFINED, thin.side)
    words = texts().map
    pictures = (
        ("labels", words.labels, words.labels_note, drawn.labels, _label_keys(facts)),
        ("ground", words.ground, words.ground_note, drawn.ground, _ground_keys(shares)),
        ("confidence", words.confidence, words.confidence_note, drawn.confidence, _confidence_keys(maps)),
        ("errors", words.errors, words.errors_note, drawn.errors, _error_keys(drawn.kinds, maps)),
    )
    shown = [
        Layer(name, title, note, _address(picture), keys)
        for name, title, note, picture, keys in pictures
        if picture is not None
    ]
    rows, cols = thin.shape
    return MapShown(
        frame,
        (cols * thin.side, rows * thin.side),
        thin.side > frame.unit,
        _address(drawn.shade),
        tuple(shown),
        marks_of(found.objects, frame),
        significant(thin.side),
    )


def _address(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")


def _label_keys(facts: Mapping[str, Any]) -> tuple[Key, ...]:
    """Return the legend of the labels: the classes that occur, with their share of the points."""
    counts = facts.get("classes") or {}
    total = max(sum(counts.values()), 1)
    return tuple(
        Key(colour, texts().classes[name], f"{percent(counts[name] / total)}\u2009%")
        for name, colour in zip(CLASS_NAMES[1:], COLOURS[1:], strict=True)
        if counts.get(name)
    )


def _ground_keys(shares: Mapping[int, float]) -> tuple[Key, ...]:
    words = texts().map
    kinds = {
        MEASURED: ("#dededa", words.measured),
        INTERPOLATED: (layers.BETWEEN, words.interpolated),
        EXTRAPOLATED: (layers.GUESSED_LINE, words.guessed),
    }
    return tuple(
        Key(colour, name, f"{percent(shares[source])}\u2009%", hatched=source == EXTRAPOLATED)
        for source, (colour, name) in kinds.items()
    )


def _confidence_keys(maps: Maps) -> tuple[Key, ...]:
    """Return the legend of the confidences, with the share of the cells in each class."""
    words, edges = texts().map, [round(100 * edge) for edge in layers.CONFIDENCES]
    names = [
        words.confidence_below.format(most=edges[0]),
        *(words.confidence_between.format(least=low, most=high) for low, high in itertools.pairwise(edges)),
        words.confidence_above.format(least=edges[-1]),
    ]
    values = maps.confidence[maps.classes != UNDEFINED]
    places = np.searchsorted(np.array(layers.CONFIDENCES) * 255, values, side="right")
    counts = np.bincount(places, minlength=len(names))
    return tuple(
        Key(colour, name, f"{percent(number / max(values.size, 1))}\u2009%")
        for colour, name, number in zip(layers.CONFIDENCE_COLOURS, names, counts.tolist(), strict=True)
    )


def _error_keys(kinds: Sequence[layers.ErrorKind], maps: Maps) -> tuple[Key, ...]:
    """Return the legend of the errors: right, the most frequent kinds, all others."""
    words, names = texts(), [texts().classes[name] for name in CLASS_NAMES]
    known = max(int((maps.truth != UNDEFINED).sum()), 1)
    wrong = sum(kind.cells for kind in kinds)
    keys = [Key(layers.RIGHT, words.map.right, f"{percent((known - wrong) / known)}\u2009%")]
    own = kinds[: len(layers.ERROR_COLOURS)]
    keys += [
        Key(
            kind.colour,
            words.map.error.format(truth=names[kind.truth], label=names[kind.label]),
            f"{percent(kind.cells / known, 2)}\u2009%",
        )
        for kind in own
    ]
    rest = wrong - sum(kind.cells for kind in own)
    if rest:
        keys.append(Key(layers.OTHER_ERROR, words.map.other_error, f"{percent(rest / known, 2)}\u2009%"))
    return tuple(keys)
