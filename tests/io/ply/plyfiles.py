"""PLY files by hand, and the way of a cloud through reader and writer."""

import numpy as np

from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import PointLabels
from bevseg.io.ply import reader, writer

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


def read_bytes(folder, content):
    path = folder / "cloud.ply"
    path.write_bytes(content)
    return reader.read(path)


def labels_for(cloud):
    size = len(cloud)
    return PointLabels((np.arange(size) % 6).astype(np.uint8), np.full(size, 77, np.uint8))


def written_and_read(cloud, path, scheme="shrec20"):
    writer.write(cloud, labels_for(cloud), path, load_scheme(scheme))
    return reader.read(path)
