"""COPC files by copclib, and what copclib and laspy find in a file."""

import copclib
import laspy
import numpy as np

from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import PointLabels
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud

SIDE, CORNER = 100.0, np.array([500_000.0, 5_000_000.0, 20.0])
KEYS = [(0, 0, 0, 0), (1, 0, 0, 0), (1, 1, 1, 1), (2, 0, 1, 0), (2, 2, 2, 3), (2, 3, 3, 2)]
DEEP = ((1, 1, 1, 1), (2, 2, 2, 3), (2, 3, 3, 2))
"""Nodes of the second page."""


def make(path, point_format=7, keys=KEYS, pages=True, points=40):
    """Write a file with some points in each node, the coarsest last."""
    config = copclib.CopcConfigWriter(point_format, (0.01,) * 3, tuple(CORNER), "")
    config.las_header.min, config.las_header.max = tuple(CORNER), tuple(CORNER + SIDE)
    info = config.copc_info
    info.halfsize, info.spacing = SIDE / 2, SIDE / 128
    info.center_x, info.center_y, info.center_z = CORNER + SIDE / 2
    writer = copclib.FileWriter(str(path), config)
    rng = np.random.default_rng(0)
    for key in reversed(keys):
        side = SIDE / 2 ** key[0]
        cloud = copclib.Points(writer.copc_config.las_header)
        for place in CORNER + (rng.uniform(0.01, 0.99, (points, 3)) + key[1:]) * side:
            point = cloud.CreatePoint()
            point.x, point.y, point.z = np.round(place, 2)
            point.classification, point.intensity = int(rng.integers(1, 7)), int(rng.integers(0, 65535))
            point.gps_time, point.point_source_id = float(rng.uniform(0, 1e6)), int(rng.integers(0, 9))
            cloud.AddPoint(point)
        page = DEEP[0] if pages and key in DEEP else KEYS[0]
        writer.AddNode(copclib.VoxelKey(*key), cloud, copclib.VoxelKey(*page))
    writer.Close()
    return path


def labels(count):
    rng = np.random.default_rng(1)
    return PointLabels(
        rng.integers(1, 6, count).astype(np.uint8), rng.integers(1, 256, count).astype(np.uint8)
    )


def labelled(source, target):
    """Read, label at random, write; return the codes that were written."""
    cloud = read_cloud(source)
    given = labels(len(cloud))
    write_cloud(cloud, given, target)
    return load_scheme("asprs").encode(given.classes, where="")


def nodes(path):
    """Return {key: (points, X, Y, Z)} as copclib finds them by the hierarchy."""
    reader = copclib.FileReader(str(path))
    found = {}
    for node in reader.GetAllNodes():
        points = reader.GetPoints(node)
        key = (node.key.d, node.key.x, node.key.y, node.key.z)
        found[key] = (
            node.point_count,
            *(np.round(np.array(v), 6).tolist() for v in (points.x, points.y, points.z)),
        )
    return found


def ensure_valid(path):
    """Check a file by copclib and by laspy: all points are in nodes, once, and within their bounds."""
    reader = copclib.FileReader(str(path))
    las = laspy.read(path)
    assert sum(node.point_count for node in reader.GetAllNodes()) == len(las)
    with laspy.CopcReader.open(str(path)) as copc:
        whole = copc.query()
        rows = (np.sort(points.array.view(f"V{points.array.itemsize}")) for points in (whole, las.points))
        np.testing.assert_array_equal(*rows)
        info = copc.copc_info
        low = np.array(info.center) - info.halfsize
        steps = 2 * info.halfsize / 2.0 ** np.arange(22)
        slack = max(las.header.scales) * 1e-3 + info.halfsize * 1e-9
        for node in reader.GetAllNodes():
            if not node.point_count:
                continue
            points = reader.GetPoints(node)
            step = steps[node.key.d]
            for axis, values in enumerate((points.x, points.y, points.z)):
                begin = low[axis] + (node.key.x, node.key.y, node.key.z)[axis] * step
                assert begin - slack <= np.min(values) and np.max(values) <= begin + step + slack
        levels = range(max(node.key.d for node in reader.GetAllNodes()) + 1)
        assert sum(len(copc.query(level=level)) for level in levels) == len(las)
