"""Points are laid down alike whether a cloud is read by batches or as a whole, and as they stand in the file."""

import laspy
import numpy as np
import pytest

from bevseg.bev.slices import count_heights
from bevseg.core.blocks import Blocks, PointsByBlock
from bevseg.core.pointcloud import PointLabels
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from bevseg.survey import lay_down as module
from bevseg.survey.reading import Reading
from tests import tiny
from tests.survey.laid import CELL, laid, points_of

SIZE = 700
"""Points of a batch in these tests."""


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(module, "BATCH", SIZE)


def las(path, codes=None):
    """Write a street over the corner of four blocks, by another program."""
    cloud = tiny.thin_street("s", every=20)
    header = laspy.LasHeader(version="1.4", point_format=6)
    header.scales, header.offsets = [0.001, 0.002, 0.0005], [-10.0, 3.0, 0.0]
    made = laspy.LasData(header)
    made.x, made.y, made.z = (cloud.xyz - [10, 10, 0]).T
    if codes is not None:
        made.classification = np.resize(codes, len(cloud)).astype(np.uint8)
    made.write(str(path))
    return path


def las_of_ours(path):
    """Write a street with labels of bevseg: codes, and the train ids beside them."""
    cloud = tiny.thin_street("s", every=20)
    source = path.with_name(f"source{path.suffix}")
    las(source)
    classes = cloud.labels
    write_cloud(read_cloud(source), PointLabels(classes, classes), path, overwrite=False)
    return path


def text(path):
    cloud = tiny.thin_street("s", every=20)
    xyz = cloud.xyz - [10, 10, 0]
    xyz[::50] = np.nan
    return tiny.write_text(path, xyz, cloud.labels)


FILES = {
    "bare.las": las,
    "bare.laz": las,
    "classes.laz": lambda path: las(path, [1, 2, 5, 6, 64]),
    "ours.las": las_of_ours,
    "ours.laz": las_of_ours,
    "text.txt": text,
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_laid_down_is_what_stands_in_the_file(name, tmp_path):
    path = FILES[name](tmp_path / name)
    cloud = read_cloud(path)
    by_block, expected = PointsByBlock.of_cloud(cloud, Blocks.of(CELL)), {}
    for block in by_block:
        for segment in by_block.segments(block):
            for j, place in enumerate(segment.indices.tolist()):
                label = None if cloud.labels is None else int(cloud.labels[place])
                steps = tuple(int(axis[j]) for axis in (segment.x, segment.y, segment.z))
                expected[place] = tuple(block), steps, label
    assert len({block for block, _, _ in expected.values()}) == 4
    file = laid(path, tmp_path)
    assert points_of(file) == expected
    assert file.facts["points"] == len(cloud) > SIZE * 3
    assert file.facts["labelled"] == (cloud.labels is not None)
    assert file.facts["bounds"] == [list(ends) for ends in cloud.bounds()]
    assert file.facts["not_finite"] == (0 if cloud.finite is None else (~cloud.finite).sum())
    finite = cloud.xyz if cloud.finite is None else cloud.xyz[cloud.finite]
    assert file.facts["area"] == len(np.unique(np.floor(finite[:, :2] + 1e-7), axis=0))


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith("txt")])
def test_batches_and_the_whole_are_laid_down_alike(name, tmp_path):
    path = FILES[name](tmp_path / name)
    reading = Reading(CELL, count_heights=True)
    whole, batches = (laid(path, tmp_path, whole=whole, reading=reading) for whole in (True, False))
    assert points_of(batches) == points_of(whole)
    assert len(np.unique(batches.table[:, 0])) > 3
    facts = [
        {key: value for key, value in file.facts.items() if key != "seconds"} for file in (whole, batches)
    ]
    for each in facts:
        for key in ("cells", "heights"):
            each[key] = dict(zip(*each[key], strict=True))
    assert facts[0] == facts[1]
    assert facts[0]["heights"] == count_heights(read_cloud(path))


@pytest.mark.parametrize("whole", [True, False])
def test_a_cloud_that_is_refused_leaves_nothing(whole, tmp_path):
    path = las(tmp_path / "a.laz")

    def refuse(cloud, codes):
        raise ValueError

    with pytest.raises(ValueError):
        module.lay_down(
            type("File", (), {"path": path, "scan": None}),
            Reading(CELL),
            tmp_path / "a.points",
            facts={},
            whole=whole,
            check=refuse,
        )
    assert [each.name for each in tmp_path.iterdir()] == ["a.laz"]


def test_a_cloud_without_points_that_take_part_is_laid_down(tmp_path):
    file = laid(tiny.write_text(tmp_path / "a.txt", np.full((3, 3), np.nan)), tmp_path)
    assert points_of(file) == {}
    assert file.facts["bounds"] is None
    assert (file.facts["points"], file.facts["not_finite"], file.facts["area"]) == (3, 3, 0.0)
