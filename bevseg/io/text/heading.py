"""The lines above and behind the points of a labelled text file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bevseg.io.fields import AXES, BESIDE_CLASS, meaning
from bevseg.io.text.columns import LABEL, SKIPPED, Layout
from bevseg.io.text.encoding import readable
from bevseg.io.text.header import columns_by_name, is_comment, names_of, separator_of
from bevseg.io.text.source import TextSource
from bevseg.io.text.splice import added

_NO_NAME = re.compile(r"[\s\x00-\x1f\x7f-\x9f\"',;|#%]+")


def heading(source: TextSource, label: str, beside: Sequence[str], *, counted: bool = False) -> bytes:
    """Return the lines before the points, with the names of the columns that are added.

    Where nothing names the columns, a line that does is put before the points, unless `closing` names them. Where
    `--columns` named them against the header, that line is a comment, as the header stays.

    Parameters
    ----------
    source
        The file.
    label
        Name of the column of classes, if the file has none.
    beside
        Names of the fields beside the classes.
    counted
        Whether the file is a `.pts`: a count of points, and the points right below it.
    """
    layout = source.layout
    new = _new(source, label, beside)
    lines = source.head.split(b"\n")
    if layout.replaced is not None:
        lead = b"# " if is_comment(readable(lines[layout.replaced - 1]).strip()) else b""
        lines[layout.replaced - 1] = lead + _own(source, new).rstrip(b"\n")
        return b"\n".join(lines)
    if layout.header is None:
        return source.head if counted or source.names else source.head + _own(source, new)
    text = readable(lines[layout.header - 1])
    count = len(layout.names)
    widths = [
        width
        for width in (count + layout.trailing, count, count - 1)
        if names_of(text, layout.dialect, width)
    ]
    separator = separator_of(text, layout.dialect, widths[0])
    quote = '"' if text.count('"') >= 4 else ""
    kept = lines[layout.header - 1].rstrip()
    if layout.trailing and kept.endswith(separator.encode()):
        kept = kept[:-1]
    further = "".join(f"{separator}{quote}{name}{quote}" for name in new)
    lines[layout.header - 1] = kept + further.encode()
    comment = b"# " + _own(source, new) if layout.by_user and not _agrees(text, source) else b""
    return b"\n".join(lines) + comment


def closing(source: TextSource, label: str, beside: Sequence[str], *, counted: bool = False) -> bytes:
    """Return the comment behind the points that names the columns; nothing where a line before them does.

    Readers of `.pts` take the line below the count for a point. Behind the last point they are done.

    Parameters
    ----------
    source, label, beside, counted
        See `heading`.
    """
    layout = source.layout
    if layout.header is not None or layout.replaced is not None or not (counted or source.names):
        return b""
    new = _new(source, label, beside)
    if not source.names or layout.by_user:
        return b"# " + _own(source, new)
    return layout.separator.join([readable(source.names).rstrip(), *new]).encode() + b"\n"


def _new(source: TextSource, label: str, beside: Sequence[str]) -> list[str]:
    """Return the names of the columns that are added."""
    return [label if name == LABEL else name for name in added(source.layout, beside).names]


def _agrees(text: str, source: TextSource) -> bool:
    """Whether the header says what `--columns` says."""
    names = names_of(text, source.layout.dialect, len(source.layout.names))
    places = columns_by_name(names) if names else ""
    meanings = source.layout.names
    return isinstance(places, dict) and places == {m: i for i, m in enumerate(meanings) if m != SKIPPED}


def _own(source: TextSource, new: list[str]) -> bytes:
    """Return a line that names all columns."""
    layout = source.layout
    names = [
        (t if meaning(t) == "class" else LABEL) if m == LABEL else _axis(m, layout) if m in AXES else t
        for m, t in zip(layout.names, layout.titles, strict=True)
    ]
    further = iter(
        usable_names(
            [n for n, m in zip(names, layout.names, strict=True) if m == SKIPPED and n not in BESIDE_CLASS]
        )
    )
    named = [
        next(further) if m == SKIPPED and n not in BESIDE_CLASS else n
        for n, m in zip(names, layout.names, strict=True)
    ]
    return (layout.separator.join([*named, *new]) + "\n").encode()


def _axis(axis: str, layout: Layout) -> str:
    """Return the name of a coordinate, with its unit if the lines before the points say one."""
    unit = _NO_NAME.sub("_", dict(layout.units).get(axis, ""))
    return f"{axis}[{unit}]" if unit else axis


def usable_names(names: Sequence[str]) -> list[str]:
    """Return the names of further columns as a header with blanks can hold them: one word each, all different.

    None of them is a coordinate or a field of bevseg, whatever it is called in its file.
    """
    taken = {*AXES, *BESIDE_CLASS, LABEL}
    usable: list[str] = []
    for i, name in enumerate(names):
        word = _NO_NAME.sub("_", name).strip("_") or f"column_{i + len(AXES) + 1}"
        word = f"_{word}" if word[0] in "[(" else word
        if meaning(word) in AXES or word in taken - {LABEL}:
            word += "_"
        base, number = word, 1
        while word in usable or word in taken - {LABEL}:
            number += 1
            word = f"{base}_{number}"
        usable.append(word)
    return usable
