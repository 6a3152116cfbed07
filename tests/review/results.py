"""The results of a run, made by hand: labelled clouds of any format, and their report."""

import json

import laspy
import numpy as np

from bevseg.core.labels import BUILDING, CAR, CLASS_NAMES, GROUND, POLE, VEGETATION
from bevseg.core.pointcloud import KeptCodes, PointLabels
from bevseg.io.find import stem
from bevseg.io.read import read_with_codes
from bevseg.io.write import scheme_written, write_cloud
from bevseg.review.run_outputs import REPORT, RunOutputs
from bevseg.workdir.facts import sha256

CLASSES = np.array([CAR, BUILDING, POLE, VEGETATION, GROUND, GROUND, 0, POLE], np.uint8)
XYZ = np.array([[i * 1.25, i * i * 0.5, 100 - i * 0.125] for i in range(len(CLASSES))])


def write_source(path, point_format=6):
    """A LAS file of eight points, with a field of its own, and with codes that bevseg has no class for."""
    header = laspy.LasHeader(version="1.4", point_format=point_format)
    header.scales, header.offsets = [0.001] * 3, [0.0] * 3
    header.add_extra_dim(laspy.ExtraBytesParams("width", "f4"))
    las = laspy.LasData(header)
    las.x, las.y, las.z = XYZ.T
    las.intensity, las.width = np.arange(8), np.arange(8) / 7
    las.classification = [1, 1, 1, 3, 9, 2, 9, 1]
    las.write(str(path))
    return path


def labels_of(*, codes=None, probabilities=False, confidence=True):
    """Labels as a run makes them. With codes of the source, those of points 3, 4 and 6 are kept."""
    kept, classes, count = None, CLASSES, len(CLASSES)
    if codes is not None:
        mask = np.isin(np.arange(count), [3, 4, 6])
        kept, classes = KeptCodes(codes, mask), np.where(np.arange(count) == 4, np.uint8(0), CLASSES)
    return PointLabels(
        classes,
        np.where(classes > 0, 40 + np.arange(count), 0).astype(np.uint8),
        kept,
        reasons=np.where(classes > 0, 2, 0).astype(np.uint8),
        probabilities=np.full((5, count), 17, np.uint8) if probabilities else None,
        has_confidence_field=confidence,
    )


def results(folder, *names, point_format=6, keep=False, **options):
    """A directory with a labelled cloud of each name and the report of them; returns RunOutputs."""
    out, scans = folder / "out", folder / "scans"
    clouds = {}
    for name in names:
        path = out / name
        for each in (path.parent, scans):
            each.mkdir(parents=True, exist_ok=True)
        source = write_source(scans / f"{stem(path)}.las", point_format)
        cloud, codes = read_with_codes(source)
        labels = labels_of(codes=codes.values if keep else None, **options)
        write_cloud(cloud, labels, path, scheme=scheme_written(path))
        key = str(path.relative_to(out).parent / stem(path))
        clouds[key] = {
            "points": len(cloud),
            "source": str(source),
            "sha256": sha256(source),
            "classes": dict.fromkeys(CLASS_NAMES, 0),
            "scores": None,
            "oracle": None,
            "outputs": {"cloud": str(path), "picture": None, "style": None},
            "output_sha256": sha256(path),
        }
    report = {"schema": 2, "scored": [], "scores": None, "oracle": None, "clouds": clouds, "failures": []}
    (out / REPORT).write_text(json.dumps(report))
    return RunOutputs.open(out)
