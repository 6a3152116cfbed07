"""The results of a run -> report.html, and a page for each cloud where there are many."""

from __future__ import annotations

import base64
import hashlib
import logging
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import bevseg
from bevseg.core.labels import CLASS_NAMES, COLOURS
from bevseg.errors import BevsegError
from bevseg.printable import utf8, utf8_values
from bevseg.report import frame
from bevseg.report.cloud_section import SURE, CloudSection, cloud_section
from bevseg.report.findings import Findings
from bevseg.report.maps_file import Maps, maps_path, read_maps
from bevseg.report.numbers import count, percent, significant
from bevseg.report.page_names import FOLDER, GENERATOR, PAGE, VIEWER, file_of
from bevseg.report.summary import Summary, summary
from bevseg.report.texts import texts
from bevseg.review.run_outputs import RunCloud, RunOutputs
from bevseg.runtime.atomic import write_text

log = logging.getLogger(__name__)

MOST_CLOUDS = 10
"""Clouds of which one page tells; of more, each has a page of its own."""

MOST_BYTES = 3_000_000
"""Bytes of all pictures of a page, before they are written as text."""


@dataclass(frozen=True)
class IndexRow:
    """A line of the list of clouds."""

    name: str
    href: str
    points: str
    area: str
    density: str
    classes: tuple[tuple[str, str], ...]
    shares: tuple[str, ...]
    sure: str
    miou: str


@dataclass(frozen=True)
class Viewer:
    """How to see the points in 3-D: the address of a page, empty if there is none, and a command."""

    page: str
    command: str


def write_report(
    run: RunOutputs,
    find: Callable[[RunCloud], Findings],
    see: Callable[[RunCloud], Maps | None] = lambda cloud: None,
) -> list[Path]:
    """Write the report of a run; an older one is replaced.

    Parameters
    ----------
    run
        The results, in a directory.
    find
        Looks for objects and places in a cloud.
    see
        Gives maps of a cloud of which none are kept; None: there are none.

    Returns
    -------
    list of Path
        The page of the run.
    """
    out = run.folder
    assert out is not None, "a report is about the results of a run"
    one_page = len(run.clouds) <= MOST_CLOUDS
    share = MOST_BYTES // max(len(run.clouds), 1) if one_page else MOST_BYTES
    sections = []
    table = utf8_values(run.table)
    whole = summary(table, [])
    for number, cloud in enumerate(run.clouds, 1):
        facts, maps = table["clouds"][utf8(cloud.name)], _maps(out, cloud, see)
        found = Findings() if maps is None else _found(cloud, find)
        section = cloud_section(utf8(cloud.name), facts, maps, found, number=number, most_bytes=share)
        if not one_page and section.map is not None:
            path = out / FOLDER / file_of(cloud.name, ".html")
            up = "../" * (len(Path(cloud.name).parts)) + PAGE
            write_text(_page(whole, [section], _viewer(out, up), up=up, of=len(run.clouds)), path)
            section = replace(section, map=None, histogram=None, places=None)  # it is written
        sections.append(section)
    whole = summary(table, sections)
    index = [
        _row(cloud.name, section, table["clouds"][section.name], one_page=one_page)
        for cloud, section in zip(run.clouds, sections, strict=True)
    ]
    shown = sections if one_page else []
    write_text(_page(whole, shown, _viewer(out, ""), index=index), out / PAGE)
    return [out / PAGE]


def _found(cloud: RunCloud, find: Callable[[RunCloud], Findings]) -> Findings:
    """Return what is found in a cloud; nothing if it cannot be read: the report says the rest."""
    try:
        return find(cloud)
    except BevsegError as error:
        log.warning("%s: objects and places are not in the report: %s", cloud.name, error.what)
        return Findings()


def _maps(out: Path, cloud: RunCloud, see: Callable[[RunCloud], Maps | None]) -> Maps | None:
    """Return the maps of a cloud: those that the run kept, or others; None if it cannot be read, either."""
    path = maps_path(out, cloud.name)
    try:
        return read_maps(path) if path.is_file() else see(cloud)
    except BevsegError as error:
        log.warning("%s: the report has no maps of it: %s (%s)", cloud.name, error.what, error.why)
        return None


def _viewer(out: Path, up: str) -> Viewer:
    page = up.removesuffix(PAGE) + VIEWER if (out / VIEWER).is_file() else ""
    return Viewer(page, shlex.join(["bevseg", "view", utf8(str(out))]))


def _row(name: str, section: CloudSection, facts: Mapping[str, Any], *, one_page: bool) -> IndexRow:
    """Return the line of a cloud in the list."""
    counts = facts.get("classes") or {}
    total = max(sum(counts.values()), 1)
    href = f"#{section.anchor}"
    if not one_page:
        page = Path(FOLDER, file_of(name, ".html")).as_posix()
        href = quote(page.encode(errors="surrogateescape")) if section.has_maps else ""
    scores = facts.get("scores")
    return IndexRow(
        section.name,
        href,
        count(facts["points"]),
        count(facts.get("area_m2")),
        significant(facts.get("points_per_m2")),
        tuple((texts().classes[name], colour) for name, colour in zip(CLASS_NAMES, COLOURS, strict=True))[1:],
        tuple(percent(counts.get(name, 0) / total) for name in CLASS_NAMES[1:]),
        percent(section.sure, 0),
        percent(scores["miou"] if scores else None),
    )


def _page(
    run: Summary,
    clouds: Sequence[CloudSection],
    viewer: Viewer,
    *,
    index: Sequence[IndexRow] = (),
    up: str = "",
    of: int = 0,
) -> str:
    """Return a page: that of the run, or with `up` that of a cloud."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_file),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = (_stripped(_file(name)) for name in ("style.css", "script.js"))
    policy = {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": _hash(style),
        "script-src": _hash(script),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    text = environment.get_template("page.html").render(
        t=texts(),
        edges=_edges(),
        policy="; ".join(f"{key} {value}" for key, value in policy.items()),
        generator=f"{GENERATOR} {bevseg.__version__}",
        title=clouds[0].name if up else texts().page.title,
        style=Markup(style),
        script=Markup(script),
        run=run,
        warnings=clouds[0].warnings if up else run.warnings,
        clouds=clouds,
        viewer=viewer,
        index=index,
        has_sure=any(row.sure != "\u2013" for row in index),
        has_scores=any(row.miou != "\u2013" for row in index),
        least=round(100 * SURE),
        up=quote(up),
        of=count(of),
    )
    return _stripped(text) + "\n"


def _stripped(text: str) -> str:
    """Return a text without the blanks around its lines, and without empty ones."""
    return "\n".join(line for line in map(str.strip, text.split("\n")) if line)


def _edges() -> dict[str, float]:
    return {"left": frame.LEFT, "above": frame.ABOVE}


def _file(name: str) -> str:
    """Return a file of this folder: a template, the style, the script."""
    return resources.files("bevseg.report").joinpath(name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    """Return what a policy calls an element with this content."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
