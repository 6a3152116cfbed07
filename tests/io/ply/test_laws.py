"""Laws of PLY: whatever a file holds comes back, and Open3D sees the same points."""

import string
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bevseg.errors import DependencyError
from bevseg.io.ply.elements import TYPES
from bevseg.runtime import open3d
from tests.io.ply.plyfiles import KINDS, read_bytes, written_and_read

WORDS = [word for word in TYPES if word not in ("long", "ulong")]
NAMES = st.text(string.ascii_letters + string.digits + "_.-äß中", min_size=1, max_size=12)
OURS = {"class", "scalar_class", "bevseg_confidence", "scalar_bevseg_confidence"}
LAWS = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def clouds(draw, words=WORDS, names=NAMES, plain=False):
    """The words of the properties of a PLY, their values, and its bytes; `plain`: x y z first and alike, no NaN."""
    kind = draw(st.sampled_from(KINDS))
    others = draw(
        st.lists(names.filter(lambda n: n.lower() not in "xyz" and n not in OURS), unique=True, max_size=6)
    )
    order = ["x", "y", "z", *others] if plain else draw(st.permutations(["x", "y", "z", *others]))
    chosen = {name: draw(st.sampled_from(["float", "double"] if name in "xyz" else words)) for name in order}
    if plain:
        chosen |= dict.fromkeys("xyz", chosen["x"])
    size = draw(st.integers(1, 7))
    text = kind == "ascii"
    columns = {}
    for name, word in chosen.items():
        form = np.dtype("f8" if text and TYPES[word][0] == "f" else TYPES[word])
        limits = (
            {"min_value": -1e6, "max_value": 1e6, "width": 32}
            if name in "xyz" or plain
            else {"allow_nan": True, "width": 8 * np.dtype(TYPES[word]).itemsize}
        )
        integers = st.integers(0, 100) if plain else arrays.from_dtype(form)
        values = st.floats(**limits) if form.kind == "f" else integers
        columns[name] = draw(arrays.arrays(form, size, elements=values))
    lines = [f"property {word} {name}" for name, word in chosen.items()]
    header = [
        "ply",
        f"format {kind} 1.0",
        "comment  of a law",
        "obj_info o",
        f"element vertex {size}",
        *lines,
    ]
    head = "".join(line + "\n" for line in [*header, "end_header"]).encode()
    if text:
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        return chosen, columns, head + "".join(" ".join(map(repr, row)) + "\n" for row in rows).encode()
    sign = ">" if "big" in kind else "<"
    records = np.empty(size, [(name, sign + TYPES[word]) for name, word in chosen.items()])
    for name, column in columns.items():
        records[name] = column
    return chosen, columns, head + records.tobytes()


@LAWS
@given(cloud=clouds())
def test_read_labelled_written_and_read_again_a_cloud_is_the_same_but_for_its_labels(tmp_path, cloud):
    chosen, columns, content = cloud
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = read_bytes(tmp_path, content)
        back = written_and_read(first.cloud, tmp_path / "out.ply")
    for source in (first.cloud.source, back.cloud.source):
        for name, values in columns.items():
            np.testing.assert_array_equal(source.vertex[name], values)
    np.testing.assert_array_equal(back.codes, np.arange(len(back.codes)) % 6)
    lines = first.cloud.source.header.lines
    again = [line for line in back.cloud.source.header.lines if not line.startswith("comment bevseg")]
    assert again == [*lines, "property uchar scalar_class", "property uchar scalar_bevseg_confidence"]
    element = back.cloud.source.header.elements[0]
    assert {each.name: each.word for each in element.properties if each.name in chosen} == chosen


@LAWS
@given(cloud=clouds(["float", "double", "uchar", "int"], st.text("abcd", min_size=4, max_size=9), plain=True))
def test_open3d_sees_the_same(tmp_path, cloud):
    # Open3D writes beyond its arrays where x, y and z have different types, and reads no NaN in text.
    try:
        library = open3d.load()
    except DependencyError as error:
        pytest.skip(str(error))
    chosen, columns, content = cloud
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cloud = read_bytes(tmp_path, content).cloud
        written_and_read(cloud, tmp_path / "out.ply")
    for path in (tmp_path / "cloud.ply", tmp_path / "out.ply"):
        seen = library.t.io.read_point_cloud(str(path))
        wide = seen.point.positions.numpy().copy()
        for i, axis in enumerate("xyz"):
            np.testing.assert_array_equal(wide[:, i], columns[axis].astype(wide.dtype))
        for name in set(chosen) - set("xyz"):
            values = seen.point[name].numpy().copy().ravel()
            np.testing.assert_array_equal(values, columns[name].astype(values.dtype))
