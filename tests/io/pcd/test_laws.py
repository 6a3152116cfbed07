"""Laws of PCD: whatever a file holds comes back, and Open3D sees the same points."""

import string
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bevseg.errors import DependencyError
from bevseg.runtime import open3d
from tests.io.pcd.pcdfiles import KINDS, body, head, read_bytes, written_and_read

FORMS = [kind + size for kind in "iu" for size in "1248"] + ["f4", "f8"]
NAMES = st.text(string.ascii_letters + string.digits + "_-.ß", min_size=2, max_size=9)
OURS = {"class", "bevseg_confidence"}
LAWS = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def clouds(draw, names=NAMES, counts=(1, 1, 2, 5), finite=False):
    """The kind of a PCD, its fields (name, type, number of values), their values, and its bytes."""
    kind = draw(st.sampled_from(KINDS))
    others = draw(st.lists(names.filter(lambda n: n not in OURS), unique=True, max_size=5))
    order = ["x", "y", "z", *others] if finite else draw(st.permutations(["x", "y", "z", *others]))
    size = draw(st.integers(1, 7))
    form_of_xyz = draw(st.sampled_from(["f4", "f8"]))
    record, columns = [], []
    for name in order:
        form = form_of_xyz if name in "xyz" else draw(st.sampled_from(FORMS))
        count = 1 if name in "xyz" else draw(st.sampled_from(counts))
        record.append((name, form, count))
        stored = np.dtype("f8" if kind == "ascii" and form[0] == "f" else "<" + form)
        if name in "xyz":
            values = st.floats(-1e6, 1e6, width=32)
        elif form[0] == "f":
            values = st.floats(width=32, allow_nan=not finite, allow_infinity=not finite)
        else:
            values = arrays.from_dtype(stored)
        columns.append(draw(arrays.arrays(stored, (size, count) if count > 1 else size, elements=values)))
    return kind, record, columns, head(record, kind, size, viewpoint="1 2 3 1 0 0 0") + body(columns, kind)


@LAWS
@given(cloud=clouds())
def test_read_labelled_written_and_read_again_a_cloud_is_the_same_but_for_its_labels(tmp_path, cloud):
    kind, record, columns, content = cloud
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = read_bytes(tmp_path, content)
        back = written_and_read(first.cloud, tmp_path / "out.pcd")
    for source in (first.cloud.source, back.cloud.source):
        for (name, _, _), values in zip(record, columns, strict=True):
            np.testing.assert_array_equal(source.vertex[name], values)
    np.testing.assert_array_equal(back.codes, np.arange(len(back.codes)) % 6)
    header, again = first.cloud.source.header, back.cloud.source.header
    assert again.record.descr[: len(record)] == header.record.descr
    assert again.record.names[len(record) :] == ("class", "bevseg_confidence")
    assert (again.viewpoint, again.width, again.height) == (header.viewpoint, header.width, header.height)
    assert again.data == ("ascii" if kind == "ascii" else "binary") and header.comments[0] in again.comments


@LAWS
@given(cloud=clouds(st.text("abcd", min_size=3, max_size=9), counts=(1,), finite=True))
def test_open3d_sees_the_same(tmp_path, cloud):
    try:
        library = open3d.load()
    except DependencyError as error:
        pytest.skip(str(error))
    _, record, columns, content = cloud
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written_and_read(read_bytes(tmp_path, content).cloud, tmp_path / "out.pcd")
    for path in (tmp_path / "cloud.pcd", tmp_path / "out.pcd"):
        seen = library.t.io.read_point_cloud(str(path))
        for (name, form, _), values in zip(record, columns, strict=True):
            found = (
                seen.point.positions.numpy()[:, "xyz".index(name)].copy()
                if name in "xyz"
                else seen.point[name].numpy().copy().ravel()
            )
            if path.name == "out.pcd" or form[1:] != "8":
                np.testing.assert_array_equal(found, values.astype(found.dtype))
