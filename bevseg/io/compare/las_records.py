"""The records of two LAS files: the same but for those of LAZ and COPC; dimensions and names of codes are added."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bevseg.config.names import SCHEMES
from bevseg.core.labels import load_scheme
from bevseg.io.compare.difference import Difference
from bevseg.io.compare.las_header import shown
from bevseg.io.las.codes import (
    LOOKUP,
    OURS,
    highest_code,
    lookup_entries,
    with_lookup,
    written_scheme,
)
from bevseg.io.las.extra_bytes import KEY as EXTRA_BYTES
from bevseg.io.las.extra_bytes import SIZE, UNDESCRIBED, Description, distinct
from bevseg.io.las.header import Header
from bevseg.io.las.records import Record
from bevseg.io.las.source import LasSource

_LAZ, _COPC = "laszip encoded", "copc"
_BYTE = 1
"""Type of the dimensions of bevseg in their descriptions."""


def compare(expected: Header, source: LasSource, result: LasSource) -> Difference | None:
    """Return the first difference of two files' records.

    Parameters
    ----------
    expected
        Header of the source, in the version of the result.
    source, result
        The files.
    """
    for name, one, other in (
        ("record", expected.vlrs, result.header.vlrs),
        ("extended record", expected.evlrs, result.header.evlrs),
    ):
        left, right = ([(r.head, r.data) for r in records if _is_compared(r)] for records in (one, other))
        if left != right:
            differing = (i for i, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1])
            at = next(differing, min(len(left), len(right)))
            return Difference(f"{name} {at + 1}", _record(left, at), _record(right, at))
    return _lookups(expected, result.header) or _descriptions(source, result)


def _is_compared(record: Record) -> bool:
    return record.key not in (EXTRA_BYTES, LOOKUP) and record.key[0] not in (_LAZ, _COPC)


def _lookups(source: Header, result: Header) -> Difference | None:
    """Compare the names of codes: none is left out, others may be added.

    A code gets another name only if bevseg gives it this one; which it gives is known for its own schemes. All that
    is so for the first record. Further ones are the same.
    """
    what = "the record of names of codes"
    one, other = (_all(header, LOOKUP) for header in (source, result))
    if one == other:
        return None
    if one[1:] != other[1:]:
        return Difference(
            f"a further one of {what}", f"{len(one)} records", f"{len(other)} records, or others"
        )
    found = _heads(what, one[:1], other[:1])
    if found is not None:
        return found
    entries, kept = (lookup_entries(part[0].data if part else b"") for part in (one, other))
    if not entries.keys() <= kept.keys():
        return Difference(f"the name of code {min(entries.keys() - kept.keys())}", "present", "missing")
    scheme = written_scheme(result)
    if scheme not in SCHEMES:
        return None
    named = with_lookup(source, load_scheme(scheme), highest_code(result.point_format)).find(*LOOKUP)
    expected = lookup_entries(named.data if named else b"")
    wrong = next((code for code in entries if kept[code] not in (entries[code], expected[code])), None)
    if wrong is None:
        return None
    return Difference(f"the name of code {wrong}", shown(expected[wrong][1:]), shown(kept[wrong][1:]))


def _descriptions(source: LasSource, result: LasSource) -> Difference | None:
    """Compare the descriptions of the dimensions of the source. Behind them only those of bevseg may stand."""
    one, other = (_all(part.header, EXTRA_BYTES) for part in (source, result))
    if one == other:
        return None
    found = _heads("the record of extra dimensions", one, other)
    if found is not None:
        return found
    data, at = other[0].data if other else b"", 0
    replaced = replaced_names(source)
    for extra in source.extras:
        size = SIZE if extra.data else -(-extra.kind.itemsize // 7) * SIZE
        entry = data[at : at + size]
        if not _same_description(extra, entry, replaced):
            return Difference(f"the description of dimension {extra.name!r}", shown(extra.data), shown(entry))
        at += size
    added = [data[i : i + SIZE] for i in range(at, len(data), SIZE)]
    strange = next((entry for entry in added if len(entry) < SIZE or entry[2] != _BYTE), None)
    if strange is not None:
        return Difference("a description of no dimension of the source", "missing", shown(strange[4:36]))
    return None


def _same_description(extra: Description, entry: bytes, replaced: Sequence[str]) -> bool:
    if not extra.data:
        parts = [entry[i : i + SIZE] for i in range(0, len(entry), SIZE)]
        names = [f"{UNDESCRIBED}{'' if i == 1 else i}" for i in range(1, len(parts) + 1)]
        return sum(part[3] for part in parts) == extra.kind.itemsize and all(
            part[:3] + part[4:] == bytes(3) + name.encode().ljust(SIZE - 4, b"\0")
            for part, name in zip(parts, names, strict=True)
        )
    if extra.name in replaced:
        return entry[2] == _BYTE and entry[4:36] == extra.data[4:36]
    return entry == extra.data


def replaced_names(source: LasSource) -> list[str]:
    """Return the names that bevseg's own dimensions have in a result, whether its source has them or not."""
    return [_free(name, source) for name in OURS]


def _free(name: str, source: LasSource) -> str:
    kinds = {extra.name: extra.kind for extra in source.extras}
    return distinct(name, lambda new: new in kinds and kinds[new] != np.dtype("u1"))


def _heads(what: str, source: Sequence[Record], result: Sequence[Record]) -> Difference | None:
    """Compare the heads of records that become one: it keeps that of the first, but for the length."""
    if len(result) != 1:
        return Difference(f"the number of records: {what}", str(len(source)), str(len(result)))
    if not source:
        return None
    one, other = (part[0].head[:20] + part[0].head[-32:] for part in (source, result))
    return None if one == other else Difference(f"the head of {what}", shown(one), shown(other))


def _all(header: Header, key: tuple[str, int]) -> list[Record]:
    return [record for record in (*header.vlrs, *header.evlrs) if record.key == key]


def _record(records: Sequence[tuple[bytes, bytes]], at: int) -> str:
    if at >= len(records):
        return "missing"
    head, data = records[at]
    user = head[2:18].split(b"\0")[0].decode("latin-1")
    return f"{user} {int.from_bytes(head[18:20], 'little')} ({len(data)} bytes, {shown(data)})"
