"""First lines of a text file -> where the numbers begin, what separates them, which column is which."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bevseg.errors import CloudFormatError, UsageError
from bevseg.io import formats
from bevseg.io.fields import AXES

SKIPPED = "-"
LABEL_NAMES = ("class", "classification", "label", "labels", "semantic_class", "semantic_label")
"""Names, in lower case and without CloudCompare's `scalar_`, of columns and properties that hold class codes; the
first that a file has is taken."""
OTHER_NAMES = (
    "b", "blue", "confidence", "g", "gps_time", "gpstime", "green", "i", "intensity", "normal_x", "nx", "r", "range",
    "red", "reflectance", "return_number", "rgb", "time", "timestamp",
)  # fmt: skip
"""Names of fourth columns that are something else for certain."""

COMMENTS = (b"#", b"//")
_HEAD = 1 << 20
"""Bytes at the start in which the first point must stand."""


@dataclass(frozen=True)
class Layout:
    """How the point lines of a text file are built.

    Attributes
    ----------
    offset, line
        Byte and line number (from 1) of the first point.
    separator
        One character; a space stands for runs of blanks.
    names
        Meaning of each column: `x`, `y`, `z`, `label` or `-`.
    claimed
        Number of points by the file's own count line, or None.
    """

    offset: int
    line: int
    separator: str
    names: tuple[str, ...]
    claimed: int | None = None


def layout(data: bytes, columns: str | None, path: Path) -> Layout:
    """Inspect the first lines of a file.

    Raises
    ------
    CloudFormatError
        If no line has the form of a point.
    UsageError
        If `columns` is not understood or names more columns than there are.
    """
    wanted = None if columns is None else _checked(columns)
    offset, claimed = 0, None
    heading: list[str] = []
    for number, line in enumerate(data[:_HEAD].split(b"\n"), start=1):
        text = line.decode("utf-8", "replace").lstrip("\ufeff").strip()
        fields, separator = split(text)
        if text and not line.lstrip().startswith(COMMENTS) and is_number(fields[0]) and len(fields) > 1:
            return Layout(offset, number, separator, _names(fields, heading, wanted, path), claimed)
        if len(fields) == 1 and fields[0].isdigit():
            claimed = int(fields[0])
        elif text:
            heading = fields
        offset += len(line) + 1
    raise CloudFormatError(
        "No points in the file",
        where=path,
        why=f"no line holds numbers; it begins with {data[:60]!r}",
        hint=f"expected lines of x y z [label]; bevseg reads {formats.readable()}",
    )


def split(text: str) -> tuple[list[str], str]:
    """Split a line at semicolons, else commas, else blanks; return the fields and the separator."""
    for separator in ";,":
        if separator in text:
            return [field.strip() for field in text.split(separator)], separator
    return text.split() or [""], "\t" if "\t" in text else " "


def is_number(field: str) -> bool:
    """Whether a field is a number, NaN and infinity included."""
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field


def label_name(name: str) -> str:
    """Return the name of a column or property as `LABEL_NAMES` spells it."""
    return name.lower().removeprefix("scalar_")


def _checked(columns: str) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in columns.split(","))
    known = (*AXES, "label", SKIPPED)
    if any(name not in known for name in names) or not set(AXES) <= set(names):
        raise UsageError(
            f"Columns {columns!r} cannot be used",
            where="--columns",
            why=f"expected each of x, y, z once, label at most once, and {SKIPPED} for a column to skip",
            hint="for example --columns x,y,z,-,label",
        )
    if any(names.count(name) > 1 for name in (*AXES, "label")):
        raise UsageError(
            f"Columns {columns!r} have a name twice", where="--columns", hint="write - for a column to skip"
        )
    return names


def _names(
    fields: list[str], heading: list[str], wanted: tuple[str, ...] | None, path: Path
) -> tuple[str, ...]:
    """Return the meaning of each field: as wanted, else as the heading says, else x y z label."""
    if wanted is not None and len(wanted) > len(fields):
        raise UsageError(
            f"{len(wanted)} columns for a file with {len(fields)}",
            where=path,
            why=f"its first line is {fields}",
            hint="name as many columns, or fewer: further columns are skipped",
        )
    if len(fields) < len(AXES):
        raise CloudFormatError(
            f"{len(fields)} columns, but x y z are needed",
            where=path,
            why=f"the first line is {fields}",
            hint="one line per point: x y z [label]",
        )
    names = wanted or _from_heading(heading, len(fields)) or (*AXES, "label")
    return (*names, *[SKIPPED] * len(fields))[: len(fields)]


def _from_heading(heading: list[str], count: int) -> tuple[str, ...] | None:
    """Read the last line before the points, comment or not, if it names exactly the columns there are."""
    words = [word for word in (field.strip("\"'#/ ").lower() for field in heading) if word]
    if len(words) != count or not set(AXES) <= set(words):
        return None
    labels = [i for i, word in enumerate(words) if label_name(word) in LABEL_NAMES]
    if not labels and words[:3] == list(AXES) and count > len(AXES):
        labels = [] if label_name(words[3]) in OTHER_NAMES else [3]
    return tuple(
        word if word in AXES else "label" if i in labels[:1] else SKIPPED for i, word in enumerate(words)
    )
