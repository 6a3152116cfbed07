"""The header of a PCD file, checked in full."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bevseg.errors import CloudFormatError
from bevseg.io.fields import AXES
from bevseg.io.format_errors import damaged
from bevseg.io.vertices import distinct

SCHEME_COMMENT = "# bevseg classes="
"""Start of the comment in which bevseg writes the name of the scheme of the class codes."""
PADDING = "_"
"""Name of fields that hold nothing."""
IDENTITY = "0 0 0 1 0 0 0"
"""The viewpoint of a cloud that has none."""

_LONGEST = 1 << 20
_MOST_DIGITS = 18
_LARGEST_RECORD = 1 << 30
_SIZES = {"I": (1, 2, 4, 8), "U": (1, 2, 4, 8), "F": (4, 8)}
_SHOWN = 80


@dataclass(frozen=True)
class Header:
    """A header.

    Attributes
    ----------
    record
        Type of a point; a field of several values has a shape. Names are distinct.
    padding
        Names of the fields that hold nothing.
    points, width, height
        Number of points; of columns and rows if they lie on a grid (1 row else).
    viewpoint
        Position and rotation of the sensor, as the file has them.
    data
        `ascii`, `binary` or `binary_compressed`.
    comments
        Lines of comment, verbatim.
    size, lines
        Bytes and lines that the header takes.
    """

    record: np.dtype[np.void]
    padding: frozenset[str]
    points: int
    width: int
    height: int
    viewpoint: str
    data: str
    comments: tuple[str, ...]
    size: int
    lines: int

    @property
    def scheme(self) -> str | None:
        """Name of the scheme that bevseg wrote the class codes in."""
        mark = next((line for line in self.comments if line.startswith(SCHEME_COMMENT)), None)
        return mark.removeprefix(SCHEME_COMMENT).strip() if mark else None

    @property
    def values(self) -> int:
        """Number of values of a point."""
        return sum(math.prod(self.record[name].shape) for name in self.record.names or ())


def read_header(path: Path) -> Header:
    """Read and check the header of a file.

    Raises
    ------
    CloudFormatError
        If it is none, or its entries contradict each other.
    """
    with path.open("rb") as file:
        head = file.read(_LONGEST)
    entries: dict[str, list[str]] = {}
    comments: list[str] = []
    at = lines = 0
    while "DATA" not in entries:
        line, next_at = _line(head, at)
        if next_at == at:
            raise damaged(path, "PCD", f"it begins with {head[:20]!r} and lacks DATA")
        at, lines = next_at, lines + 1
        words = line.replace(",", " ").split()
        if line.startswith("#"):
            comments.append(line)
        elif words:
            entries[words[0].upper()] = words[1:]
    entries.setdefault("FIELDS", entries.get("COLUMNS", []))
    missing = [key for key in ("FIELDS", "SIZE", "TYPE", "DATA") if not entries.get(key)]
    if missing:
        raise damaged(path, "PCD", f"it begins with {head[:20]!r} and lacks {', '.join(missing)}")
    record, padding = _record(entries, path)
    points, width, height = _counts(entries, path)
    data = entries["DATA"][0].lower()
    if data not in ("ascii", "binary", "binary_compressed"):
        raise _fault(path, f"DATA {data[:_SHOWN]}, expected ascii, binary or binary_compressed")
    viewpoint = " ".join(entries.get("VIEWPOINT", [])) or IDENTITY
    return Header(record, padding, points, width, height, viewpoint, data, tuple(comments), at, lines)


def _line(head: bytes, at: int) -> tuple[str, int]:
    """Return the line at a byte, and where the next one begins; the same place if the line has no end."""
    end = head.find(b"\n", at)
    alone = head.find(b"\r", at, end if end >= 0 else len(head))
    if alone >= 0 and alone + 1 != end:  # CR alone ends a line
        end = alone
    if end < 0:
        return "", at
    raw = head[at:end].removeprefix(b"\xef\xbb\xbf")
    try:
        return raw.decode("utf-8").strip(), end + 1
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip(), end + 1


def _counts(entries: dict[str, list[str]], path: Path) -> tuple[int, int, int]:
    """Return the number of points, of columns and of rows."""
    found = {}
    for key in ("POINTS", "WIDTH", "HEIGHT"):
        words = entries.get(key, [])
        if words and not (len(words) == 1 and _is_count(words[0])):
            raise _fault(path, f"{key} {' '.join(words)[:_SHOWN]} is no number of points")
        if words:
            found[key] = int(words[0])
    grid = found["WIDTH"] * found.get("HEIGHT", 1) if "WIDTH" in found else None
    points = found.get("POINTS", grid)
    if points is None:
        raise _fault(path, "it has neither POINTS nor WIDTH")
    if grid is not None and grid != points:
        raise _fault(path, f"POINTS is {points:,}, WIDTH times HEIGHT is {grid:,}")
    return points, found.get("WIDTH", points), found.get("HEIGHT", 1)


def _is_count(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _MOST_DIGITS


def _record(entries: dict[str, list[str]], path: Path) -> tuple[np.dtype[np.void], frozenset[str]]:
    """Return the type of a point, and the names of its padding."""
    names, sizes, types = entries["FIELDS"], entries["SIZE"], entries["TYPE"]
    counts = entries.get("COUNT") or ["1"] * len(names)
    if not len(names) == len(sizes) == len(types) == len(counts):
        lengths = {"FIELDS": names, "SIZE": sizes, "TYPE": types, "COUNT": counts}
        raise _fault(
            path, "numbers of entries differ: " + ", ".join(f"{k} {len(v)}" for k, v in lengths.items())
        )
    unique = distinct(names)
    columns: list[tuple[str, str, tuple[int, ...]]] = []
    total = 0
    for name, size, kind, count in zip(unique, sizes, types, counts, strict=True):
        if not _is_count(size) or int(size) not in _SIZES.get(kind.upper(), ()):
            raise _fault(
                path, f"TYPE {kind[:9]} with SIZE {size[:9]} of the field {name[:_SHOWN]} is not known"
            )
        if not _is_count(count) or not 0 < int(count) < _LARGEST_RECORD:
            raise _fault(path, f"COUNT {count[:20]} of the field {name[:_SHOWN]} is no number of values")
        total += int(size) * int(count)
        shape = (int(count),) if int(count) > 1 else ()
        columns.append((name, f"<{kind.lower()}{int(size)}", shape))
    if total > _LARGEST_RECORD:
        raise _fault(path, f"a point takes {total:,} bytes by SIZE and COUNT")
    padding = frozenset(each for each, name in zip(unique, names, strict=True) if name == PADDING)
    if any(names.count(axis) > 1 for axis in AXES):
        raise _fault(path, "a coordinate occurs twice in FIELDS")
    return np.dtype(columns), padding


def _fault(path: Path, why: str) -> CloudFormatError:
    return CloudFormatError(
        "This PCD header is not supported",
        where=path,
        why=why,
        hint="write it again with PCL or Open3D",
    )
