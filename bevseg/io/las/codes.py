"""Train ids -> the class codes of a LAS file, and what is written down so that they can be read again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CLASS_NAMES, Scheme
from bevseg.errors import LabelError
from bevseg.io.fields import BESIDE_CLASS
from bevseg.io.las.extra_bytes import Description, decoded, descriptions
from bevseg.io.las.header import Header
from bevseg.io.las.point_formats import FIRST_NEW
from bevseg.io.las.records import Record
from bevseg.io.raw import LONGEST_NAME

TRAIN_ID = "bevseg_class"
"""Extra dimension, beside those of `BESIDE_CLASS`: the train id where the point format has no room for a code.

Where a source has a dimension of that name and of another type, `_2` or the next free number is at the end of ours.
"""
OURS = (*BESIDE_CLASS, TRAIN_ID)
"""All extra dimensions of bevseg."""

CONFIDENCE_SCALE = 1 / 255

FIVE_BITS = 31
"""Highest code in point formats 0 to 5; their other three bits are flags."""
LOOKUP = ("LASF_Spec", 0)
"""The classification lookup record, which names codes."""
LOOKUP_ENTRY = 16
"""Bytes of an entry: the code, and its name."""
SIMULATED = "bevseg simulate"
"""Generating software of simulated clouds: their classes are train ids, the codes of `shrec20`."""

_MARK, _MEANINGS = "classes=", ("; probability", "; doubt")
_FIRST_FREE = 64
"""First code that users may define (LAS 1.4 R15, table 17); lower ones are named by the standard."""
_ROOM = 31
"""Characters of a description."""


def description(scheme: Scheme, *, is_confidence: bool = True) -> str:
    """Return the description of the first dimension beside the class: it records the scheme, and says what it holds.

    That is the confidence, or the reason to doubt a class where no confidence is written.
    """
    text, meaning = _MARK + scheme.name[:LONGEST_NAME], _MEANINGS[0 if is_confidence else 1]
    return text + meaning if len(text.encode() + meaning.encode()) <= _ROOM else text


def class_codes(points: NDArray[np.void], point_format: int) -> NDArray[np.uint8]:
    """Return the (N,) class codes of points as they stand in a file."""
    if point_format >= FIRST_NEW:
        return points["classification"]
    return points["raw_classification"] & np.uint8(FIVE_BITS)


def is_ours(extra: Description, name: str) -> bool:
    """Return whether an extra dimension is the one that bevseg writes as `name`."""
    return extra.kind == np.dtype("u1") and re.fullmatch(rf"{name}(_\d+)?", extra.name) is not None


def name_of_ours(extras: Iterable[Description], name: str) -> str | None:
    """Return what the dimension that bevseg wrote as `name` is called, None if there is none."""
    found = [extra.name for extra in extras if is_ours(extra, name)]
    return min(found, key=lambda each: (len(each), each), default=None)


def written_scheme(header: Header) -> str | None:
    """Return the name of the scheme in which bevseg wrote the codes of a file, None for files of other origin."""
    for entry in descriptions(header):
        name, text = decoded(entry[4:36]), decoded(entry[160:])
        if re.fullmatch(rf"({'|'.join(BESIDE_CLASS)})(_\d+)?", name) and text.startswith(_MARK):
            return text.removeprefix(_MARK).removesuffix(_MEANINGS[0]).removesuffix(_MEANINGS[1])
    return "shrec20" if header.software == SIMULATED else None


def highest_code(point_format: int) -> int:
    """Return the highest code that a point format holds."""
    return 255 if point_format >= FIRST_NEW else FIVE_BITS


def code_table(scheme: Scheme, classes: NDArray[np.uint8], path: Path) -> NDArray[np.int64]:
    """Return the code of each train id; 0 for those that do not occur in `classes`.

    Raises
    ------
    LabelError
        If the scheme has no code for one that occurs, or a code that no LAS file can hold.
    """
    table = np.zeros(len(CLASS_NAMES), np.int64)
    occurring = np.flatnonzero(np.bincount(classes, minlength=len(CLASS_NAMES)))
    table[occurring] = scheme.encode(occurring.astype(np.uint8), where=str(path))
    if table.max() > 255 or table.min() < 0:
        raise LabelError(
            f"Scheme {scheme.name!r} does not fit a LAS file",
            where=path,
            why=f"the scheme has code {table.max()}; a LAS file stores 0 to 255",
            hint="choose another --out-classes, or --format txt or ply",
        )
    return table


def ensure_fit(kept: NDArray[np.integer], limit: int, path: Path) -> None:
    """Raise LabelError if codes of the input that are to be kept do not fit the point format."""
    if kept.size and (kept.max() > limit or kept.min() < 0):
        worst = kept.max() if kept.max() > limit else kept.min()
        raise LabelError(
            f"Code {worst} cannot be kept",
            where=path,
            why=f"this file stores 0 to {limit}",
            hint="leave it out of --keep, or choose --format txt or ply",
        )


def lookup_entries(data: bytes) -> dict[int, bytes]:
    """Return code -> entry of a classification lookup record. Zeros, which fill up some records, name nothing."""
    entries: dict[int, bytes] = {}
    for i in range(0, len(data) // LOOKUP_ENTRY * LOOKUP_ENTRY, LOOKUP_ENTRY):
        entry = data[i : i + LOOKUP_ENTRY]
        if entry[0] not in entries or entry[1:].strip(b"\0"):
            entries[entry[0]] = entry
    return entries


def with_lookup(header: Header, scheme: Scheme, limit: int) -> Header:
    """Name all codes that the scheme writes, up to `limit`, in the classification lookup record.

    Entries of a record that is there already are kept, but for the codes that now mean something else.
    """
    named = {
        entry.code: entry.name.encode("ascii", "replace")[:15]
        for entry in scheme.written().values()
        if entry.code <= limit
    }
    if not named:
        return header
    old = header.find(*LOOKUP)
    entries = lookup_entries(old.data if old is not None else b"")
    for code, name in named.items():
        same_meaning = (
            scheme.name == "asprs" and code < _FIRST_FREE and entries.get(code, b"")[1:].strip(b"\0")
        )
        if not same_meaning:
            entries[code] = bytes([code]) + name.ljust(15, b"\0")
    new = b"".join(entries.values())
    return header.replace(old.with_data(new) if old else Record.new(*LOOKUP, new, "Classification Lookup"))
