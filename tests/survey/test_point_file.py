"""Points on disk: what is written is read, and a file that is not whole does not count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.core.blocks import Block, Segment
from bevseg.survey.point_file import PointFile, read_segment, rows_of, writing

BATCHES = [
    (0, {Block(0, 0): [0, 2, 3], Block(-1, 7): [1, 4]}),
    (5, {Block(0, 0): [1], Block(3, -2): [0, 2]}),
]
"""First point of each batch, and the points of each block, counted from it."""


def coordinates(indices, first):
    return [np.array(indices, np.int32) * factor + first for factor in (1000, -7, 2**20)]


def write(path, labels=None, facts=None):
    with writing(path) as writer:
        for first, blocks in BATCHES:
            for block, indices in blocks.items():
                segment = Segment(0, np.array(indices), *coordinates(indices, first), None)
                writer.add(first, block, segment)
        writer.finish(labels, {} if facts is None else facts)
    return path


@pytest.mark.parametrize("labels", [None, np.arange(8, dtype=np.uint8) * 3])
def test_what_is_written_is_read(labels, tmp_path):
    file = PointFile.open(write(tmp_path / "a.points", labels, {"name": "straße"}))
    assert file.facts == {"name": "straße", "segments": 4, "stored": 8, "labelled": labels is not None}
    expected = [(first, block, indices) for first, blocks in BATCHES for block, indices in blocks.items()]
    for (first, block, indices), row in zip(expected, file.table.tolist(), strict=True):
        assert (row[0], Block(*row[1:3]), row[4]) == (first, block, len(indices))
        found = read_segment(file.path, 9, row[3], row[4], None if labels is None else 8)
        assert found.cloud == 9
        np.testing.assert_array_equal(found.indices, indices)
        np.testing.assert_array_equal([found.x, found.y, found.z], coordinates(indices, first))
        if labels is not None:
            np.testing.assert_array_equal(found.labels, labels[np.array(indices) + first])


def test_a_cloud_without_points_has_a_file(tmp_path):
    with writing(tmp_path / "a.points") as writer:
        writer.finish(None, {"points": 0})
    file = PointFile.open(tmp_path / "a.points")
    assert file.table.shape == (0, 5)
    assert file.facts["points"] == 0


def test_a_file_that_is_not_whole_counts_as_absent(tmp_path):
    path = write(tmp_path / "a.points", np.zeros(8, np.uint8))
    content = path.read_bytes()
    assert PointFile.open(path) is not None
    for size in range(len(content)):
        path.write_bytes(content[:size])
        assert PointFile.open(path) is None
    path.write_bytes(content[64:])  # its end is whole
    assert PointFile.open(path) is None
    path.write_bytes(content + b"\0")
    assert PointFile.open(path) is None
    path.write_bytes(
        b"\0" * len(content)
    )  # the system went down: the size is known, the content was not written
    assert PointFile.open(path) is None
    assert PointFile.open(tmp_path / "nothing.points") is None


def test_no_file_appears_if_the_cloud_fails(tmp_path):
    def fail():
        with writing(tmp_path / "a.points") as writer:
            writer.add(0, Block(0, 0), Segment(0, np.arange(1), *coordinates([0], 0), None))
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    assert list(tmp_path.iterdir()) == []


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=6),
    st.integers(0, 60),
    st.integers(1, 60),
    st.randoms(use_true_random=False),
)
def test_the_segments_of_some_points_are_those_of_the_batches_that_hold_them(sizes, start, length, random):
    batches = [batch for batch, size in enumerate(sizes) for _ in range(size)]  # of each point
    start, stop = min(start, len(batches) - 1), min(start + length, len(batches))
    rows = [random.randrange(len(sizes)) for _ in range(10)] + list(range(len(sizes)))
    firsts = np.array([batches.index(batch) for batch in rows])
    assert rows_of(firsts, start, max(stop, start + 1)).tolist() == [
        batch in batches[start : max(stop, start + 1)] for batch in rows
    ]
