"""PLY, read and written: plain vertices by one `np.fromfile`, vertices with lists through Open3D."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.io.coordinates import in_file_units
from bevseg.io.format_errors import no_points, too_few
from bevseg.io.open3d_reader import read_vertices
from bevseg.io.ply.header import TYPES, Element, Header, read_header
from bevseg.io.ply.vertices import CLASS, CONFIDENCE, STAGES, VertexSource, scan
from bevseg.io.raw import LONGEST_NAME, Scan
from bevseg.io.text import table
from bevseg.io.text.columns import AXES, Layout
from bevseg.runtime import memory

_WORDS = {kind: word for word, kind in reversed(TYPES.items()) if not word[-1].isdigit()}
_MARK = "comment bevseg classes="


def read(path: Path) -> Scan:
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
    mark = next((line for line in header.comments if line.startswith(_MARK)), None)
    scheme = mark.removeprefix(_MARK).strip() if mark else None
    others = tuple(line for element in header.elements[place + 1 :] for line in element.lines)
    kept = (others, rest) if rest and not before else ((), b"")
    return scan(VertexSource(points, header.comments, kept, scheme), path)


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


def write(cloud: PointCloud, point_labels: PointLabels, path: Path, scheme: Scheme) -> None:
    """Write a binary PLY with `class` and `bevseg_confidence`.

    The properties of a PLY or PCD source are kept as they are; other sources give x, y and z as double.

    Raises
    ------
    LabelError
        If the scheme has no code for a class.
    OSError
        If the system refuses the write.
    """
    codes = scheme.encode(point_labels.classes, where=str(path))
    if cloud.finite is not None:
        codes[~cloud.finite] = 0
    source = cloud.source if isinstance(cloud.source, VertexSource) else None
    old = source.vertex if source else _coordinates(cloud)
    kinds = {name: old.dtype[name] for name in old.dtype.names or ()}
    order: Literal["<", ">"] = ">" if kinds["x"].byteorder == ">" else "<"
    kinds[CLASS] = _wide_enough(kinds.get(CLASS), codes)
    kinds[CONFIDENCE] = np.dtype("u1")
    points = np.empty(len(cloud), [(name, kind.newbyteorder(order)) for name, kind in kinds.items()])
    for name in kinds:
        if name not in (CLASS, CONFIDENCE):
            points[name] = old[name]
    points[CLASS], points[CONFIDENCE] = codes, point_labels.confidence
    with path.open("wb") as file:
        file.write(_header_lines(points, order, source, scheme))
        file.write(points.data)
        file.write(source.others[1] if source else b"")


def _coordinates(cloud: PointCloud) -> NDArray[np.void]:
    points = np.empty(len(cloud), [(axis, "<f8") for axis in AXES])
    for axis, values in zip(AXES, in_file_units(cloud), strict=True):
        points[axis] = values
    return points


def _wide_enough(kind: np.dtype[np.generic] | None, codes: NDArray[np.int64]) -> np.dtype[np.generic]:
    """Return the type of the source's own property if it holds the codes, else the smallest that does."""
    low, high = (int(codes.min()), int(codes.max())) if codes.size else (0, 0)
    for choice in ([kind] if kind is not None else []) + [np.dtype(k) for k in ("u1", "u2", "i4")]:
        if choice.kind == "f" or (np.iinfo(choice).min <= low and high <= np.iinfo(choice).max):
            return choice
    raise ValueError(f"codes from {low} to {high} do not fit a PLY property")


def _header_lines(points: NDArray[np.void], order: str, source: VertexSource | None, scheme: Scheme) -> bytes:
    kind = "binary_big_endian" if order == ">" else "binary_little_endian"
    comments = [line for line in (source.comments if source else ()) if not line.startswith(_MARK)]
    properties = [
        f"property {_WORDS[points.dtype[name].str[1:]]} {name}" for name in points.dtype.names or ()
    ]
    lines = [
        "ply",
        f"format {kind} 1.0",
        *comments,
        _MARK + scheme.name[:LONGEST_NAME],
        f"element vertex {len(points)}",
        *properties,
        *(source.others[0] if source else ()),
        "end_header",
    ]
    return "".join(line + "\n" for line in lines).encode("latin-1", "replace")
