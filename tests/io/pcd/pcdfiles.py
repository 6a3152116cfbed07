"""PCD files by hand, and the way of a cloud through reader and writer."""

import struct

import numpy as np

from bevseg.io.pcd import reader, writer
from tests.io.bytes_to_bytes import reading, writing

KINDS = ("ascii", "binary", "binary_compressed")


def head(record, kind, points, *, viewpoint="0 0 0 1 0 0 0", width=None, height=1):
    """The header of points with the fields of `record`: (name, NumPy type, number of values)."""
    lines = [
        "# .PCD v0.7 - by hand",
        "VERSION 0.7",
        "FIELDS " + " ".join(name for name, _, _ in record),
        "SIZE " + " ".join(form[1:] for _, form, _ in record),
        "TYPE " + " ".join(form[0].upper() for _, form, _ in record),
        "COUNT " + " ".join(str(count) for _, _, count in record),
        f"WIDTH {points if width is None else width}",
        f"HEIGHT {height}",
        f"VIEWPOINT {viewpoint}",
        f"POINTS {points}",
        f"DATA {kind}",
    ]
    return "".join(line + "\n" for line in lines).encode()


def body(columns, kind):
    """The points; a column is (N,) or (N, count), little-endian."""
    size = len(columns[0])
    if kind == "ascii":
        rows = [
            [value for column in columns for value in np.atleast_1d(column[i]).tolist()] for i in range(size)
        ]
        return "".join(" ".join(map(repr, row)) + "\n" for row in rows).encode()
    if kind == "binary":
        return b"".join(column[i].tobytes() for i in range(size) for column in columns)
    content = b"".join(column.tobytes() for column in columns)
    packed = literal_runs(content)
    return struct.pack("<II", len(packed), len(content)) + packed


def literal_runs(content):
    """LZF without any copy."""
    parts = [content[start : start + 32] for start in range(0, len(content), 32)]
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


read_bytes = reading(reader, "cloud.pcd")
written_and_read = writing(reader, writer)
