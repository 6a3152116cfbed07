"""NumPy files: by their names or not at all, and never a pickle."""

import contextlib
import io
import os
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bevseg.errors import CloudFormatError, OutOfMemoryError, UsageError
from bevseg.io.coordinates import finite_ends
from bevseg.io.crs.degrees import LEAST, like_degrees
from bevseg.io.find import find_clouds
from bevseg.io.formats import same_format
from bevseg.io.read import read_cloud

XYZ = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9.25]])
LABELS = np.array([1, 3, 5])


def saved(path, *arrays, **named):
    if named:
        np.savez_compressed(path, **named)
    else:
        np.save(path, *arrays)
    return path


@pytest.mark.parametrize("kind", ["<f4", ">f8", "<i4", "<u2"])
@pytest.mark.parametrize("order", "CF")
def test_an_array_of_three_columns_is_x_y_z(tmp_path, kind, order):
    cloud = read_cloud(saved(tmp_path / "a.npy", np.asarray(np.floor(XYZ), kind, order=order)))
    np.testing.assert_allclose(cloud.xyz, np.floor(XYZ))
    assert cloud.labels is None and same_format(tmp_path / "a.npy") == "laz"


def test_a_structured_array_is_read_by_its_names(tmp_path):
    points = np.zeros(
        3,
        [("Intensity", "<u2"), ("X", "<f8"), ("Y", "<f8"), ("Z", "<f8"), ("label", "u1"), ("höhe_s", "<f4")],
    )
    points["X"], points["Y"], points["Z"], points["label"] = *XYZ.T, LABELS
    points["Intensity"] = 7, 8, 9
    cloud = read_cloud(saved(tmp_path / "a.npy", points))
    np.testing.assert_allclose(cloud.xyz, XYZ)
    np.testing.assert_array_equal(cloud.labels, LABELS)
    assert cloud.source.fields()["Intensity"].tolist() == [7, 8, 9]


@pytest.mark.parametrize(
    "named",
    [
        {"points": XYZ, "labels": LABELS},
        {"xyz": XYZ.astype("f4"), "semantic_label": LABELS.astype("u1")},
        {"x": XYZ[:, 0], "y": XYZ[:, 1], "z": XYZ[:, 2], "classification": LABELS},
    ],
)
def test_usual_names_of_npz_are_known(tmp_path, named):
    cloud = read_cloud(saved(tmp_path / "a.npz", **named))
    np.testing.assert_allclose(cloud.xyz, XYZ)
    np.testing.assert_array_equal(cloud.labels, LABELS)


def test_further_arrays_are_fields_and_those_of_other_length_are_told(tmp_path):
    path = saved(
        tmp_path / "a.npz",
        points=XYZ,
        rgb=np.arange(9, dtype="u1").reshape(3, 3),
        intensity=[1, 2, 3],
        pose=np.eye(4),
    )
    with pytest.warns(UserWarning, match="pose_0"):
        fields = read_cloud(path).source.fields()
    assert list(fields) == ["red", "green", "blue", "intensity"] and fields["green"].tolist() == [1, 4, 7]


def test_columns_without_names_are_refused_until_named(tmp_path):
    path = saved(tmp_path / "a.npy", np.column_stack([XYZ, LABELS, LABELS]))
    with pytest.raises(CloudFormatError, match="no names") as caught:
        read_cloud(path)
    assert "--columns" in caught.value.hint
    cloud = read_cloud(path, columns="x,y,z,label,-")
    np.testing.assert_array_equal(cloud.labels, LABELS)
    with pytest.raises(UsageError):
        read_cloud(path, columns="x,y,z")


def test_a_row_per_coordinate_is_told(tmp_path):
    with pytest.raises(CloudFormatError, match=r"(?s)a row per coordinate.*\(3, 20\).*transposed"):
        read_cloud(saved(tmp_path / "a.npy", np.tile(XYZ.T, 7)[:, :20]))


@pytest.mark.parametrize(
    "named",
    [
        {"points": XYZ, "xyz": XYZ + 1},
        {"points": XYZ, "x": XYZ[:, 0]},
        {"points": XYZ, "rgb": np.zeros((3, 3), "u1"), "colors": np.ones((3, 3), "u1")},
    ],
)
def test_of_two_arrays_with_the_same_columns_none_is_chosen(tmp_path, named):
    with pytest.raises(CloudFormatError, match=r"(?s)Two arrays hold .*one of them alone"):
        read_cloud(saved(tmp_path / "a.npz", **named))


def test_x_y_z_come_before_other_words_for_coordinates(tmp_path):
    named = {"easting": XYZ[:, 0] + 1, "points": XYZ, "height": LABELS / 2}
    cloud = read_cloud(saved(tmp_path / "a.npz", **named))
    np.testing.assert_allclose(cloud.xyz, XYZ)
    assert list(cloud.source.fields()) == ["easting", "height"]


def test_arrays_of_one_column_are_columns(tmp_path):
    columns = dict(zip("xyz", np.split(XYZ, 3, axis=1), strict=True))
    cloud = read_cloud(saved(tmp_path / "a.npz", **columns, labels=LABELS[:, None]))
    np.testing.assert_allclose(cloud.xyz, XYZ)
    np.testing.assert_array_equal(cloud.labels, LABELS)


def test_names_that_say_nothing_are_refused_with_the_names(tmp_path):
    path = saved(tmp_path / "a.npz", data=XYZ, weights=np.ones((4, 4)))
    with pytest.raises(CloudFormatError, match="x, y and z") as caught:
        read_cloud(path)
    assert "data of shape (3, 3)" in caught.value.why and "weights" in caught.value.why


def test_pickles_are_refused_and_never_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    trap = np.array([[Trap()] * 3] * 2, dtype=object)
    np.save(tmp_path / "a.npy", trap, allow_pickle=True)
    np.savez(tmp_path / "b.npz", points=trap)
    for name in ("a.npy", "b.npz"):
        with pytest.raises(CloudFormatError, match="Python objects"):
            read_cloud(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


def header(shape, kind="<f8"):
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    "shape", ["(10**15, 3)", "(4, 3)", "(-1, 3)", "(2**62, 3)", "(3,", "()", "(0, 3)", "('a', 3)"]
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_shape_that_the_bytes_do_not_hold_is_refused_before_memory_is_spent(tmp_path, shape, packed):
    shape = shape.replace("10**15", str(10**15)).replace("2**62", str(2**62))
    data = header(shape) + XYZ.tobytes()
    path = tmp_path / ("a.npz" if packed else "a.npy")
    if packed:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("points.npy", data)
    else:
        path.write_bytes(data)
    with pytest.raises(CloudFormatError):
        read_cloud(path)


def test_a_bomb_of_zeros_is_refused_by_its_directory_alone(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.npz", points=np.zeros((4_000_000, 3)))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *a, **k: pytest.fail("it was unpacked"))
    with pytest.raises(CloudFormatError, match="absurdly much"):
        read_cloud(path)


def test_an_array_that_does_not_fit_in_memory_is_refused(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.npy", np.zeros((1000, 3)))
    monkeypatch.setattr("bevseg.runtime.memory.available", lambda: 1000)
    with pytest.raises(OutOfMemoryError):
        read_cloud(path)


@given(st.data())
def test_damage_anywhere_is_one_error_or_a_cloud(tmp_path_factory, data):
    buffer = io.BytesIO()
    if data.draw(st.booleans()):
        np.savez(buffer, points=XYZ, labels=LABELS)
        name = "a.npz"
    else:
        np.save(buffer, XYZ)
        name = "a.npy"
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damage") / name
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    with contextlib.suppress(CloudFormatError, OutOfMemoryError):
        read_cloud(path)


def test_of_a_directory_only_arrays_of_points_are_clouds(tmp_path):
    saved(tmp_path / "a.npz", points=XYZ)
    saved(tmp_path / "b.npy", XYZ)
    saved(tmp_path / "image.npy", np.zeros((20, 20), "u1"))
    saved(tmp_path / "labels.npz", classes=LABELS, confidence=LABELS)
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04")
    found = find_clouds([tmp_path])
    assert [cloud.stem for cloud in found.clouds] == ["a", "b"]
    assert sorted(path.name for path in found.skipped) == ["broken.npz", "image.npy", "labels.npz"]


@given(
    hnp.arrays(
        st.sampled_from(["<f4", ">f8", "<f8"]),
        st.tuples(st.integers(1, 20), st.just(3)),
        elements=st.floats(-900, 900, width=32),
    ),
    st.dictionaries(
        st.from_regex(r"q[a-z]{1,8}", fullmatch=True),
        st.sampled_from(["u1", "<i4", "<f4", ">u2", "?"]),
        max_size=3,
    ),
)
def test_fields_of_any_name_and_type_come_back(tmp_path_factory, xyz, kinds):
    assume(len(xyz) < LEAST or not like_degrees(finite_ends(xyz)))  # such a cloud is refused
    rng = np.random.default_rng(len(xyz))
    arrays = {name: rng.integers(0, 2, len(xyz)).astype(kind) for name, kind in kinds.items()}
    path = saved(tmp_path_factory.mktemp("arrays") / "a.npz", points=xyz, **arrays)
    cloud = read_cloud(path)
    np.testing.assert_allclose(cloud.xyz, xyz, atol=0.0001)
    assert {name: values.tolist() for name, values in cloud.source.fields().items()} == {
        name: values.tolist() for name, values in arrays.items()
    }


def test_a_single_number_beside_the_arrays_is_passed_over(tmp_path):
    path = saved(
        tmp_path / "a.npz", points=XYZ, labels=LABELS, epsg=np.array(25832), made=np.array("by hand")
    )
    cloud = read_cloud(path)
    assert len(cloud) == 3 and set(cloud.source.fields()) == {"labels"}


def test_one_array_without_a_name_is_read_as_in_npy(tmp_path):
    np.savez(tmp_path / "a.npz", XYZ, epsg=np.array(25832))
    np.testing.assert_allclose(read_cloud(tmp_path / "a.npz").xyz, XYZ)


def test_steps_are_those_of_the_digits(tmp_path):
    fine = XYZ + 0.00025
    assert read_cloud(saved(tmp_path / "a.npy", fine)).scale[0] == pytest.approx(1e-5)
    assert read_cloud(saved(tmp_path / "b.npy", XYZ.astype("f4"))).scale[0] == pytest.approx(1e-3)
    assert read_cloud(saved(tmp_path / "c.npy", XYZ / 7)).scale[0] == pytest.approx(1e-4)
