"""PCD, read: ASCII and binary as they stand, compressed through Open3D."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.io.format_errors import damaged, no_points, too_few
from bevseg.io.open3d_reader import read_vertices
from bevseg.io.ply.vertices import STAGES, VertexSource, raw_cloud
from bevseg.io.raw import RawCloud
from bevseg.io.text import table
from bevseg.io.text.columns import Layout
from bevseg.runtime import memory

_LONGEST_HEADER = 1 << 16


def read(path: Path) -> RawCloud:
    """Read a PCD file.

    Raises
    ------
    CloudFormatError
        If it is no PCD file, has no points, or holds fewer than its header claims.
    DependencyError
        If it is compressed and Open3D cannot be loaded.
    """
    fields, start, lines = _read_header(path)
    try:
        count, kind, record = int(fields["POINTS"][0]), fields["DATA"][0], _record(fields)
    except (ValueError, TypeError) as error:
        raise damaged(path, "PCD", f"its header is not understood: {error}") from error
    if count <= 0:
        raise no_points(path, f"its header counts {count}")
    memory.require(count, 2 * record.itemsize + STAGES, where=path)
    if kind == "binary_compressed":
        return raw_cloud(VertexSource(read_vertices(path)), path)
    points = (
        _ascii(path, start, lines, record)
        if kind == "ascii"
        else np.fromfile(path, record, count, offset=start)
    )
    if len(points) < count:
        raise too_few(path, count, len(points))
    return raw_cloud(VertexSource(points[:count]), path)


def _ascii(path: Path, start: int, lines: int, record: np.dtype[np.void]) -> NDArray[np.void]:
    names = record.names or ()
    columns = table.parse(path.read_bytes(), Layout(start, lines + 1, " ", names), path)
    points = np.empty(columns.height, record)
    for name in names:
        points[name] = columns[name].to_numpy()
    return points


def _read_header(path: Path) -> tuple[dict[str, list[str]], int, int]:
    """Return the words after each keyword, the byte where the points begin, and the number of lines before."""
    with path.open("rb") as file:
        head = file.read(_LONGEST_HEADER)
    end = head.find(b"\n", head.find(b"\nDATA ") + 1) + 1
    lines = head[:end].decode("latin-1").splitlines()
    words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    fields = {line[0]: line[1:] for line in words}
    missing = [key for key in ("FIELDS", "SIZE", "TYPE", "POINTS", "DATA") if not fields.get(key)]
    if b"\nDATA " not in head or missing:
        raise damaged(path, "PCD", f"it begins with {head[:20]!r} and lacks {', '.join(missing) or 'DATA'}")
    return fields, end, len(lines)


def _record(fields: dict[str, list[str]]) -> np.dtype[np.void]:
    """Return the type of one point; a field of several values becomes several fields, padding stays apart."""
    counts = [int(count) for count in fields.get("COUNT", ["1"] * len(fields["FIELDS"]))]
    columns: list[tuple[str, str]] = []
    for name, kind, size, count in zip(fields["FIELDS"], fields["TYPE"], fields["SIZE"], counts, strict=True):
        base = name if name != "_" else f"padding{len(columns)}"
        names = [base] if count == 1 else [f"{base}_{i}" for i in range(count)]
        columns += [(each, "<" + kind.lower() + size) for each in names]
    return np.dtype(columns)
