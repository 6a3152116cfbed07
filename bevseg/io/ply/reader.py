"""PLY -> points: plain vertices by one `np.fromfile`, vertices with lists through Open3D."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.io.format_errors import no_points, too_few
from bevseg.io.open3d_reader import read_vertices
from bevseg.io.ply.header import SCHEME_COMMENT, Element, Header, read_header
from bevseg.io.ply.vertices import STAGES, VertexSource, raw_cloud
from bevseg.io.raw import RawCloud
from bevseg.io.text import table
from bevseg.io.text.columns import Layout
from bevseg.runtime import memory


def read(path: Path) -> RawCloud:
    """Read a PLY file.

    Raises
    ------
    CloudFormatError
        If it is no PLY file, has no points, or holds fewer than its header claims.
    DependencyError
        If its vertices have lists and Open3D cannot be loaded.
    """
    header = read_header(path)
    place = next((i for i, element in enumerate(header.elements) if element.name == "vertex"), None)
    if place is None or header.elements[place].count == 0:
        raise no_points(path, "its header counts no vertices")
    vertex, before = header.elements[place], header.elements[:place]
    record = vertex.record(header.order)
    memory.require(vertex.count, 2 * (record.itemsize if record else 32) + STAGES, where=path)
    read_points = _ascii if header.order == "=" else _binary
    points, rest = read_points(path, header, before, vertex, record)
    mark = next((line for line in header.comments if line.startswith(SCHEME_COMMENT)), None)
    scheme = mark.removeprefix(SCHEME_COMMENT).strip() if mark else None
    others = tuple(line for element in header.elements[place + 1 :] for line in element.lines)
    kept = (others, rest) if rest and not before else ((), b"")
    return raw_cloud(VertexSource(points, header.comments, kept, scheme), path)


def _binary(
    path: Path, header: Header, before: tuple[Element, ...], vertex: Element, record: np.dtype[np.void] | None
) -> tuple[NDArray[np.void], bytes]:
    """Return the vertices and the bytes behind them."""
    start, end = header.size, path.stat().st_size
    if before or record is None:
        data = memoryview(path.read_bytes())
        for element in before:
            start += element.size(data[start:], header.order)
        if record is None:
            if start + vertex.size(data[start:], header.order) > end:
                raise too_few(path, vertex.count)
            return read_vertices(path), b""
    held = max(end - start, 0) // record.itemsize
    if held < vertex.count:
        raise too_few(path, vertex.count, held)
    with path.open("rb") as file:
        file.seek(start)
        return np.fromfile(file, record, vertex.count), file.read()


def _ascii(
    path: Path, header: Header, before: tuple[Element, ...], vertex: Element, record: np.dtype[np.void] | None
) -> tuple[NDArray[np.void], bytes]:
    """Return the vertices; elements behind them are left out, as text does not go into a binary file."""
    data = path.read_bytes()
    start, line = header.size, header.lines + 1
    skipped = sum(element.count for element in before)
    for _ in range(skipped):
        start, line = data.find(b"\n", start) + 1 or len(data), line + 1
    if record is None:
        held = sum(1 for row in data[start:].split(b"\n", vertex.count)[: vertex.count] if row.strip())
        if held < vertex.count:
            raise too_few(path, vertex.count, held)
        return read_vertices(path), b""
    if vertex is not header.elements[-1]:
        ends = np.flatnonzero(np.frombuffer(data, np.uint8, offset=start) == ord("\n"))
        data = data[: start + int(ends[vertex.count - 1])] if len(ends) >= vertex.count else data
    columns = table.parse(data, Layout(start, line, " ", record.names or ()), path)
    if columns.height < vertex.count:
        raise too_few(path, vertex.count, columns.height)
    points = np.empty(vertex.count, record)
    for name in record.names or ():
        points[name] = columns[name].to_numpy()[: vertex.count]
    return points, b""
