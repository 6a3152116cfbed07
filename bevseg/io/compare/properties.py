"""Two PLY files, or two PCD files: every value of the points and every part beside them but the labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.io.compare.difference import Difference, first_difference, same_bytes
from bevseg.io.fields import BESIDE_CLASS, CLASS
from bevseg.io.pcd.header import SCHEME_COMMENT as PCD_COMMENT
from bevseg.io.pcd.source import PcdSource
from bevseg.io.ply.header import SCHEME_COMMENT as PLY_COMMENT
from bevseg.io.ply.source import PlySource
from bevseg.io.vertices import SCALAR, VertexSource, own_name

_SHOWN = 80


def compare(source: VertexSource, result: VertexSource) -> Difference | None:
    """Return the first difference of two sources of one format; None if there is none."""
    ours = _ours(source)
    return _beside(source, result, ours) or _values(source, result, ours)


def _ours(source: VertexSource) -> list[str]:
    """Return the names of the properties that a result has of bevseg, whether its source has them or not."""
    if isinstance(source, PcdSource):
        return [CLASS, *BESIDE_CLASS]
    return [own_name(name, source.names) or SCALAR + name for name in (CLASS, *BESIDE_CLASS)]


def _values(source: VertexSource, result: VertexSource, ours: list[str]) -> Difference | None:
    one, other = source.vertex, result.vertex
    for name in source.names:
        if name in ours:
            continue
        if name not in result.names:
            return Difference(f"property {name}", "present", "missing")
        left, right = one[name], other[name]
        if left.dtype.newbyteorder("=") != right.dtype.newbyteorder("=") or left.shape[1:] != right.shape[1:]:
            return Difference(f"the type of property {name}", str(left.dtype), str(right.dtype))
        found = first_difference(name, left, right, _same_native)
        if found is not None:
            return found
    kept = [name for name in result.names if name in source.names or name not in ours]
    if kept != list(source.names):
        return Difference(
            "the properties, in order", " ".join(source.names)[:_SHOWN], " ".join(kept)[:_SHOWN]
        )
    return None


def _same_native(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where values are the same, whatever the order of their bytes."""
    native = a.dtype.newbyteorder("=")
    return same_bytes(a.astype(native), b.astype(native))


def _beside(source: VertexSource, result: VertexSource, ours: list[str]) -> Difference | None:
    """Compare all parts of the files but the values of the points."""
    for what, left, right in _parts(source, result, ours):
        if left != right:
            return Difference(what, *_shown(left, right))
    return None


def _parts(source: VertexSource, result: VertexSource, ours: list[str]) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(source, PlySource) and isinstance(result, PlySource):
        one, other = source.header, result.header
        yield "the format", one.order, other.order
        yield "a line of the header", _ply_lines(source), _ply_lines(result)
        yield "the declaration of a property", _ply_properties(source, ours), _ply_properties(result, ours)
        yield "the elements before the points", source.before, result.before
        yield "the elements behind the points", source.behind, result.behind
        yield "the names of the lists", tuple(source.lists), tuple(result.lists)
        for name, lists in source.lists.items():
            other_lists = result.lists[name]
            yield f"the lengths of {name}", _bytes(lists.counts), _bytes(other_lists.counts)
            yield f"the values of {name}", _bytes(lists.values), _bytes(other_lists.values)
    elif isinstance(source, PcdSource) and isinstance(result, PcdSource):
        left, right = source.header, result.header
        assert left is not None and right is not None
        yield "whether it is text", left.data == "ascii", right.data == "ascii"
        yield "a comment", _pcd_comments(left.comments), _pcd_comments(right.comments)
        yield "width and height", (left.width, left.height), (right.width, right.height)
        yield "the viewpoint", left.viewpoint, right.viewpoint
        yield "the padding", len(left.padding), len(right.padding)
        yield "the declaration of a field", _pcd_fields(source, ours), _pcd_fields(result, ours)


def _ply_lines(source: PlySource) -> tuple[str, ...]:
    """Return the lines of the header but the properties of the points and the mark of bevseg."""
    lines, inside = [], False
    for line in source.header.lines:
        words = line.split()
        if words[0] == "element":
            inside = words[1].lower() == "vertex"
        if not (inside and words[0] == "property") and not line.startswith(PLY_COMMENT):
            lines.append(line)
    return tuple(lines)


def _ply_properties(source: PlySource, ours: list[str]) -> tuple[str, ...]:
    """Return the lines of the properties of the points. The types of text are what its values are."""
    header = source.header
    element = header.elements[header.vertex or 0]
    is_text = header.order == "="
    return tuple(
        each.name if is_text and not each.counter else each.line()
        for each in element.properties
        if each.name not in ours
    )


def _pcd_comments(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line for line in lines if not line.startswith(PCD_COMMENT))


def _pcd_fields(source: PcdSource, ours: list[str]) -> tuple[str, ...]:
    """Return the fields with their types in the file; the types of text are what its values are."""
    assert source.header is not None
    record, is_text = source.header.record, source.header.data == "ascii"
    return tuple(
        name if is_text else f"{name} {record[name].base.str[1:]} {record[name].shape}"
        for name in record.names or ()
        if name not in ours
    )


def _bytes(values: NDArray[Any]) -> bytes:
    return values.astype(values.dtype.newbyteorder("="), copy=False).tobytes()


def _shown(left: Any, right: Any) -> tuple[str, str]:
    """Return the first parts that differ, for people."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        at = next((i for i, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), None)
        at = min(len(left), len(right)) if at is None else at
        left, right = (part[at] if at < len(part) else "missing" for part in (left, right))
    if isinstance(left, bytes):
        at = next((i for i, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), 0)
        left, right = (
            f"{len(part):,} bytes, from byte {at}: {part[at : at + 8].hex(' ')}" for part in (left, right)
        )
    return str(left)[:_SHOWN], str(right)[:_SHOWN]
