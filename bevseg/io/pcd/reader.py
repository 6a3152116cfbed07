"""PCD -> points: text, binary and compressed, with its counts checked against the bytes that are there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.io.ascii_records import Lines, ensure_width, parse
from bevseg.io.format_errors import damaged, no_points, too_few, warn_of_more
from bevseg.io.pcd.header import Header, read_header
from bevseg.io.pcd.lzf import HIGHEST_RATIO, decompress
from bevseg.io.pcd.source import PcdSource
from bevseg.io.raw import RawCloud
from bevseg.io.vertices import STAGES, raw_cloud
from bevseg.runtime import memory


def read(path: Path) -> RawCloud:
    """Read a PCD file.

    Raises
    ------
    CloudFormatError
        If it is no PCD file, has no points, or holds fewer than its header claims.
    """
    header = read_header(path)
    if header.points == 0:
        raise no_points(path, "its header counts 0")
    body = path.stat().st_size - header.size
    if header.data == "ascii":
        ensure_width(header.values, path)
    elif header.data == "binary" and header.points * header.record.itemsize > body:
        raise too_few(path, header.points, max(body, 0) // header.record.itemsize)
    elif header.points > HIGHEST_RATIO * max(body, 0):
        raise too_few(path, header.points)
    if header.data != "ascii":
        memory.require(header.points, 2 * header.record.itemsize + STAGES, where=path)
    points = _READERS[header.data](path, header)
    return raw_cloud(PcdSource(points, header.scheme, header.padding, header), path, header.comments)


def _binary(path: Path, header: Header) -> NDArray[np.void]:
    if path.stat().st_size - header.size >= (header.points + 1) * header.record.itemsize:
        warn_of_more(path, header.points)
    return np.fromfile(path, header.record, header.points, offset=header.size)


def _ascii(path: Path, header: Header) -> NDArray[np.void]:
    memory.require(path.stat().st_size, 3, where=path)
    with path.open("rb") as file:
        file.seek(header.size)
        lines = Lines(file.read(), header.lines + 1, path)
    if len(lines) < header.points:
        raise too_few(path, header.points, len(lines))
    if len(lines) > header.points:
        warn_of_more(path, header.points)
    memory.require(header.points, 20 * header.values + STAGES, where=path)
    return parse(lines.part(0, header.points), header.record, path, lines.first)


def _compressed(path: Path, header: Header) -> NDArray[np.void]:
    """Read the fields one after the other, each for all points."""
    with path.open("rb") as file:
        file.seek(header.size)
        first = file.read(8)
        if len(first) < 8:
            raise too_few(path, header.points, 0)
        sizes = np.frombuffer(first, "<u4")
        if int(sizes[0]) > path.stat().st_size - file.tell():
            raise too_few(path, header.points)
        data = np.fromfile(file, np.uint8, int(sizes[0]))
    names = header.record.names or ()
    kept = [name for name in names if name not in header.padding]
    bare = header.points * sum(header.record[name].itemsize for name in kept)
    held = int(sizes[1])
    if held == header.points * header.record.itemsize:
        kept = list(names)
    elif held != bare:
        raise damaged(path, "PCD", f"its compressed block holds {held:,} bytes, its header says {bare:,}")
    if held > HIGHEST_RATIO * len(data):
        raise too_few(path, header.points)
    content = decompress(data, held)
    if content is None:
        raise damaged(path, "PCD", "its compressed block cannot be decompressed")
    points = np.zeros(header.points, header.record)
    start = 0
    for name in kept:
        stop = start + header.points * header.record[name].itemsize
        points[name] = content[start:stop].view(header.record[name].base).reshape(points[name].shape)
        start = stop
    return points


_READERS = {"ascii": _ascii, "binary": _binary, "binary_compressed": _compressed}
