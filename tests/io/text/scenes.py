"""Small text clouds, and what comes of them."""

import numpy as np

from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import PointLabels
from bevseg.io import packed
from bevseg.io.text import reader, writer

XYZ = np.array([[12.25, 40.5, 1.125], [13.5, 41.75, 2.5], [14.125, 42.25, -3.0], [12.5, 40.125, 0.5]])


def rows(separator=" ", before=(), after=(), comma=False, repeat=1):
    """Lines of the four points; `before` and `after` hold the further fields of each line."""
    lines = []
    for i, point in enumerate([*XYZ] * repeat):
        numbers = [str(value).replace(".", ",") if comma else str(value) for value in point]
        fields = [*(str(column(i)) for column in before), *numbers, *(str(column(i)) for column in after)]
        lines.append(separator.join(fields))
    return "\n".join(lines) + "\n"


def save(folder, content, name="cloud.txt"):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read_file(path, columns=None):
    """Read a text file, unpacked as `read_cloud` unpacks it."""
    if not packed.is_packed(path):
        return reader.read(path, columns=columns)
    with packed.unpacked(path) as inner:
        return reader.read(inner, columns=columns)


def read(folder, content, name="cloud.txt", columns=None):
    return read_file(save(folder, content, name), columns)


def labels(count):
    return PointLabels((np.arange(count) % 6).astype(np.uint8), (np.arange(count) * 7 % 256).astype(np.uint8))


def write(cloud, path, scheme="shrec20"):
    writer.write(cloud, labels(len(cloud)), path, load_scheme(scheme))
    return path


def written(folder, content, name="cloud.txt", columns=None):
    """The lines that come of a file."""
    cloud = read(folder, content, name, columns).cloud
    return write(cloud, folder / "out.txt").read_bytes().decode("latin-1").split("\n")
