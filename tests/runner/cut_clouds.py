"""Clouds cut into files, and labelled by `bevseg run`."""

import laspy
import numpy as np
import pyproj

from bevseg.io.read import read_cloud
from bevseg.runner import lay_cloud, write_cloud
from bevseg.runtime import memory
from bevseg.survey import lay_down
from tests import tiny
from tests.cli.invoke import bevseg


def write_las(path, xyz, *, scales=(0.001,) * 3, offsets=(0, 0, 0), epsg=None, classes=None):
    header = laspy.LasHeader(version="1.4", point_format=6)
    header.scales, header.offsets = scales, offsets
    if epsg is not None:
        header.add_crs(pyproj.CRS.from_epsg(epsg))
    made = laspy.LasData(header)
    made.x, made.y, made.z = xyz.T
    if classes is not None:
        made.classification = classes
    made.write(str(path))
    return path


def labelled(path):
    """Classes, confidence and reasons of a labelled LAS file."""
    las = laspy.read(path)
    confidence = np.rint(np.asarray(las.bevseg_confidence) * 255)
    return np.stack([read_cloud(path).labels, confidence, np.asarray(las.bevseg_reason)])


def label(folder, model, *options, code=0):
    result = bevseg("run", folder / "in", "-o", folder / "out", "-m", model, *options)
    assert result.exit_code == code, result.stderr
    return result


def by_lines(count, parts):
    return np.array_split(np.arange(count), parts)


def at_random(count, parts):
    return np.array_split(np.random.default_rng(parts).permutation(count), parts)


def little_memory(monkeypatch):
    """Options that leave room for the work, and none to hold clouds: LAS is read by small batches."""
    monkeypatch.setattr(lay_down, "BATCH", 500)
    monkeypatch.setattr(write_cloud, "BATCH", 500)
    monkeypatch.setattr(lay_cloud, "BYTES_DECODED", 1 << 40)
    return "--max-memory", f"{max(memory.used() * 5 // 4, 1 << 30)}"


def assert_labelled_like_the_whole(folder, model, xyz, expected, pieces, ending, jobs, monkeypatch=None):
    """Label the pieces of a cloud, with little memory if a patch is given: 0 classes, confidences, reasons differ."""
    for number, piece in enumerate(pieces):
        path = folder / "in" / f"{number}.{ending}"
        if ending == "txt":
            tiny.write_text(path, xyz[piece])
        else:  # another grid of coordinates in each file
            scales, offset = [(0.001,) * 3, (0.0005, 0.0001, 0.001)][number % 2], number * 1.25
            write_las(path, xyz[piece], scales=scales, offsets=(offset, -offset, 3.0))
    options = ["--jobs", jobs, *(() if monkeypatch is None else little_memory(monkeypatch))]
    label(folder, model, "--format", "laz", *options)
    for number, piece in enumerate(pieces):
        np.testing.assert_array_equal(labelled(folder / "out" / f"{number}.laz"), expected[:, piece])
