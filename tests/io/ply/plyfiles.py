"""PLY files by hand, and the way of a cloud through reader and writer."""

import numpy as np

from bevseg.io.ply import reader, writer
from tests.io.bytes_to_bytes import reading, writing

KINDS = ("ascii", "binary_little_endian", "binary_big_endian")
XYZ = "property double x\nproperty double y\nproperty double z\n"


def head(kind, count, properties=XYZ, before="", behind=""):
    return (
        f"ply\nformat {kind} 1.0\n{before}element vertex {count}\n{properties}{behind}end_header\n".encode()
    )


def body(kind, rows, record):
    """The rows, whose fields have the types of `record`: (name, NumPy type without order)."""
    if kind == "ascii":
        return "".join(" ".join(str(value) for value in row) + "\n" for row in rows).encode()
    order = ">" if "big" in kind else "<"
    return np.array([tuple(row) for row in rows], [(name, order + form) for name, form in record]).tobytes()


read_bytes = reading(reader, "cloud.ply")
written_and_read = writing(reader, writer)
