"""Bytes through the reader and the writer of one format."""

import numpy as np

from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import PointLabels


def reading(reader, name):
    """What reads the content of a file of this name in a folder."""

    def read_bytes(folder, content):
        (folder / name).write_bytes(content)
        return reader.read(folder / name)

    return read_bytes


def writing(reader, writer):
    """What writes a cloud with some labels to a path, and reads it again."""

    def written_and_read(cloud, path, scheme="shrec20"):
        classes = (np.arange(len(cloud)) % 6).astype(np.uint8)
        labels = PointLabels(classes, np.full(len(cloud), 77, np.uint8))
        writer.write(cloud, labels, path, load_scheme(scheme))
        return reader.read(path)

    return written_and_read
