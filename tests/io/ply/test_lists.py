"""Lists in the records of PLY: read without any library, and written back as they were."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bevseg.errors import CloudFormatError
from tests.io.ply.plyfiles import KINDS, XYZ, head, read_bytes, written_and_read

LISTS = "property list uchar int views\nproperty int label\nproperty list ushort float weights\n"
VIEWS = [[7, 8, -1], [], [5]]
WEIGHTS = [[0.5, 1.5], [2.5], []]
FACES = "element face 2\nproperty list uchar int vertex_indices\n"


def rows(kind, views=VIEWS, weights=WEIGHTS):
    content = b""
    order = ">" if "big" in kind else "<"
    for i, (some, others) in enumerate(zip(views, weights, strict=True)):
        if kind == "ascii":
            words = [i + 0.5, 2, 3, len(some), *some, i, len(others), *others]
            content += " ".join(map(str, words)).encode() + b"\n"
        else:
            content += np.array([i + 0.5, 2, 3], order + "f8").tobytes() + bytes([len(some)])
            content += np.array(some, order + "i4").tobytes() + np.array([i], order + "i4").tobytes()
            content += (
                np.array([len(others)], order + "u2").tobytes() + np.array(others, order + "f4").tobytes()
            )
    return content


def faces(kind):
    return b"3 0 1  2\n3 2 1 0\n" if kind == "ascii" else bytes(range(26))


@pytest.mark.parametrize("kind", KINDS)
def test_a_cloud_with_lists_comes_back_byte_for_byte_with_labels_behind(tmp_path, kind):
    content = head(kind, 3, XYZ + LISTS, before=FACES.replace("face", "cell"), behind=FACES)
    front = b"3 0 0 0\n0\n" if kind == "ascii" else b"\1abcd\0"
    found = read_bytes(tmp_path, content + front + rows(kind) + faces(kind))
    np.testing.assert_array_equal(found.cloud.xyz[:, 0], [0.5, 1.5, 2.5])
    np.testing.assert_array_equal(found.codes, [0, 1, 2])
    lists = found.cloud.source.lists
    np.testing.assert_array_equal(lists["views"].counts, [3, 0, 1])
    np.testing.assert_array_equal(lists["views"].values, [7, 8, -1, 5])
    np.testing.assert_array_equal(lists["weights"].values, [0.5, 1.5, 2.5])
    back = written_and_read(found.cloud, tmp_path / "out.ply")
    np.testing.assert_array_equal(back.codes, [0, 1, 2])
    for name in ("views", "weights"):
        np.testing.assert_array_equal(back.cloud.source.lists[name].counts, lists[name].counts)
        np.testing.assert_array_equal(back.cloud.source.lists[name].values, lists[name].values)
    out = (tmp_path / "out.ply").read_bytes()
    assert out.endswith(faces(kind)) and b"end_header\n" + front in out
    assert LISTS.encode() in out and FACES.encode() in out


@pytest.mark.parametrize("kind", KINDS)
def test_short_lists_of_one_length_are_columns_for_other_formats_and_others_are_named(tmp_path, kind):
    content = head(kind, 3, XYZ + LISTS, behind=FACES)
    found = read_bytes(tmp_path, content + rows(kind, [[1, 2], [3, 4], [5, 6]]) + faces(kind))
    fields = found.cloud.source.fields()
    assert list(fields) == ["label", "views_0", "views_1"]
    np.testing.assert_array_equal(fields["views_1"], [2, 4, 6])
    others, lists = found.cloud.source.only_here()
    assert "2 x face" in others and lists.endswith("left out: weights")


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_file_that_ends_within_a_list_is_truncated_wherever_it_ends(tmp_path, kind):
    whole = rows(kind)
    content = head(kind, 3, XYZ + LISTS)
    for size in range(len(whole)):
        with pytest.raises(CloudFormatError, match="fewer points than its header says"):
            read_bytes(tmp_path, content + whole[:size])
    assert len(read_bytes(tmp_path, content + whole).cloud) == 3


@pytest.mark.parametrize(
    "line",
    [b"1 2 3 2 7 1 0", b"1 2 3 1 7 1 0 9", b"1 2 3", b"1 2 3 -1 1 0", b"1 2 3 1e9 1 0", b"1 2 3 300 1 0"],
)
def test_a_line_that_its_lists_contradict_is_named(tmp_path, line):
    with pytest.raises(CloudFormatError, match="which its lists contradict") as caught:
        read_bytes(tmp_path, head("ascii", 2, XYZ + LISTS) + b"1 2 3 1 7 1 0\n" + line + b"\n")
    assert "line 12 " in str(caught.value)


def test_a_length_that_no_file_has_room_for_costs_nothing(tmp_path):
    for kind in ("uint64", "int"):
        size = 8 if kind == "uint64" else 4
        content = head("binary_little_endian", 1, f"{XYZ}property list {kind} double v\n") + bytes(24)
        for count in (b"\xff" * size, b"\xff" * (size - 1) + b"\x7f"):
            with pytest.raises(CloudFormatError, match="fewer points"):
                read_bytes(tmp_path, content + count)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(KINDS),
    lists=st.lists(
        st.tuples(
            st.lists(st.integers(-(2**31), 2**31 - 1), max_size=5),
            st.lists(st.floats(width=32, allow_nan=False), max_size=5),
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_any_lists_survive(tmp_path, kind, lists):
    content = head(kind, len(lists), XYZ + LISTS) + rows(kind, *zip(*lists, strict=True))
    back = written_and_read(read_bytes(tmp_path, content).cloud, tmp_path / "out.ply")
    found = back.cloud.source.lists
    for place, name in enumerate(("views", "weights")):
        np.testing.assert_array_equal(found[name].counts, [len(each[place]) for each in lists])
        np.testing.assert_array_equal(found[name].values, [value for each in lists for value in each[place]])
