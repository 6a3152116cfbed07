"""PLY -> points: one `np.fromfile` for plain vertices, a compiled walk for lists, polars for text."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.lib.recfunctions import repack_fields
from numpy.typing import NDArray

from bevseg.errors import CloudFormatError
from bevseg.io.ascii_records import Lines, ensure_width, parse
from bevseg.io.format_errors import no_points, too_few, warn_of_cut, warn_of_more
from bevseg.io.ply.ascii_lists import take_lists
from bevseg.io.ply.elements import Element
from bevseg.io.ply.header import AMBIGUOUS, Header, header_fault, read_header
from bevseg.io.ply.lists import Lists, end_of, read_records
from bevseg.io.ply.source import PlySource
from bevseg.io.raw import RawCloud
from bevseg.io.vertices import STAGES, raw_cloud
from bevseg.runtime import memory

_SHOWN = 10
"""Elements that a message names."""


def read(path: Path) -> RawCloud:
    """Read a PLY file.

    Raises
    ------
    CloudFormatError
        If it is no PLY file, has no points, or holds fewer than its header claims.
    """
    header = read_header(path)
    if header.vertex is None or header.elements[header.vertex].count == 0:
        listed = ", ".join(f"{each.count:,} x {each.name[:60]}" for each in header.elements[:_SHOWN])
        raise no_points(
            path, f"its header counts no vertices, but {listed}" if listed else "its header counts none"
        )
    vertex = header.elements[header.vertex]
    if not vertex.properties:
        raise header_fault(path, "its vertices have no properties")
    if header.order == "=":
        source = _ascii(path, header, vertex)
    else:
        header = _sized(path, header)
        vertex = header.elements[header.vertex or 0]
        source = _binary(path, header, vertex)
        _tell_of_others(source, header, vertex, path)
    return raw_cloud(source, path, header.lines)


def _tell_of_others(source: PlySource, header: Header, vertex: Element, path: Path) -> None:
    """Warn if the elements behind the points of a binary file are cut short, or leave room for another point."""
    behind, end = np.frombuffer(source.behind, np.uint8), 0
    for each in header.elements[(header.vertex or 0) + 1 :]:
        stop = end_of(behind, end, each, header.order)
        if stop is None:
            warn_of_cut(path, f"{each.count:,} x {each.name[:60]}")
            return
        end = stop
    if len(behind) - end >= sum(each.least_bytes for each in vertex.properties):
        warn_of_more(path, vertex.count)


def _binary(path: Path, header: Header, vertex: Element) -> PlySource:
    before = header.elements[: header.vertex]
    has_lists = vertex.has_lists or any(each.has_lists for each in before)
    end = path.stat().st_size
    front = sum(each.least_bytes for each in before)
    room = end - header.size - front
    if room < 0:
        raise _too_few_others(path, before, f"{front:,} bytes or more, the file has {end - header.size:,}")
    if vertex.least_bytes > room:
        raise too_few(path, vertex.count, None if has_lists else room // vertex.record(header.order).itemsize)
    memory.require(vertex.count, 2 * vertex.record(header.order).itemsize + STAGES, where=path)
    start = header.size
    if has_lists:
        memory.require(end, 3, where=path)
        data = np.fromfile(path, np.uint8)
        for each in before:
            start = _end_of(data, start, each, header.order, path)
        if vertex.has_lists:
            points, lists, stop = read_records(data, start, vertex, header.order, path)
            return PlySource(
                points,
                header.scheme,
                header=header,
                lists=lists,
                before=data[header.size : start].tobytes(),
                behind=data[stop:].tobytes(),
            )
    else:
        start += front
    record = vertex.record(header.order)
    held = max(end - start, 0) // record.itemsize
    if held < vertex.count:
        raise too_few(path, vertex.count, held)
    with path.open("rb") as file:
        file.seek(header.size)
        skipped = file.read(start - header.size)
        points = np.fromfile(file, record, vertex.count)
        return PlySource(points, header.scheme, header=header, before=skipped, behind=file.read())


def _too_few_others(path: Path, before: tuple[Element, ...], why: str) -> CloudFormatError:
    """Return the error for a file that ends before its points begin."""
    claimed = ", ".join(f"{each.count:,} x {each.name[:60]}" for each in before)
    return CloudFormatError(
        "The file ends before its points begin",
        where=path,
        why=f"its header claims {claimed} before them, which take {why}",
        hint="it is probably truncated: download or copy it again",
    )


def _end_of(data: NDArray[np.uint8], start: int, element: Element, order: str, path: Path) -> int:
    """Return the byte behind an element."""
    if element.has_lists:
        return read_records(data, start, element, order, path)[2]
    return start + element.least_bytes


def _sized(path: Path, header: Header) -> Header:
    """Return the header with the size of `long` that fits the file: 8 bytes or 4.

    Raises
    ------
    CloudFormatError
        If neither does, or both.
    """
    every = [each for element in header.elements for each in element.properties]
    if not any(each.word.lower() in AMBIGUOUS for each in every):
        return header
    narrow = dataclasses.replace(
        header,
        elements=tuple(
            dataclasses.replace(
                element,
                properties=tuple(
                    dataclasses.replace(each, kind=each.kind[0] + "4")
                    if each.word.lower() in AMBIGUOUS
                    else each
                    for each in element.properties
                ),
            )
            for element in header.elements
        ),
    )
    held = path.stat().st_size - header.size
    fitting = [
        choice
        for choice in (header, narrow)
        if not any(element.has_lists for element in choice.elements)
        and sum(element.least_bytes for element in choice.elements) == held
    ]
    if len(fitting) != 1:
        raise header_fault(
            path, "the type long is 4 or 8 bytes long, and the size of the file does not say which"
        )
    return fitting[0]


def _ascii(path: Path, header: Header, vertex: Element) -> PlySource:
    ensure_width(len(vertex.properties), path)
    memory.require(path.stat().st_size, 3, where=path)
    with path.open("rb") as file:
        first = file.read(header.size).count(b"\n") + 1
        lines = Lines(file.read(), first, path)
    before = sum(each.count for each in header.elements[: header.vertex] if each.properties)
    if len(header.elements) == 1 and not vertex.has_lists and len(lines) != vertex.count:
        lines = _one_record_a_line(lines, vertex)
    if len(lines) < before:
        claimed = f"as many lines, the file has {len(lines):,}"
        raise _too_few_others(path, header.elements[: header.vertex], claimed)
    if len(lines) < before + vertex.count:
        raise too_few(path, vertex.count, len(lines) - before)
    memory.require(vertex.count, 20 * len(vertex.properties) + STAGES, where=path)
    text, number = lines.part(before, before + vertex.count), lines.number(before)
    lists: dict[str, Lists] = {}
    if vertex.has_lists:
        text, lists = take_lists(text, vertex, path, number)
    points = parse(text, vertex.record("="), path, number)
    if lists:
        points = repack_fields(points[[each.name for each in vertex.properties if not each.counter]])
    others = sum(each.count for each in header.elements[(header.vertex or 0) + 1 :] if each.properties)
    if len(lines) > before + vertex.count + others:
        warn_of_more(path, vertex.count)
    behind = lines.part(before + vertex.count, len(lines))
    return PlySource(
        points, header.scheme, header=header, lists=lists, before=lines.part(0, before), behind=behind
    )


def _one_record_a_line(lines: Lines, vertex: Element) -> Lines:
    """Return the lines of a file whose records do not keep to lines: as many numbers as the header says."""
    columns = len(vertex.properties)
    words = lines.text.split()
    if len(words) != vertex.count * columns:
        return lines
    rows = (b" ".join(words[start : start + columns]) for start in range(0, len(words), columns))
    return Lines(b"\n".join(rows), lines.first, lines.path)
