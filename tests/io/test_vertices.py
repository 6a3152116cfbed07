"""Records of points: which fields are coordinates and classes, and names that headers can hold."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.errors import CloudFormatError, InputError
from bevseg.io.vertices import VertexSource, axes_of, code_type, distinct, header_text, header_word, raw_cloud


@pytest.mark.parametrize(
    ("names", "axes"),
    [
        (["z", "y", "x", "X"], ("x", "y", "z")),
        (["X", "Y", "Z", "height"], ("X", "Y", "Z")),
        (["X", "y", "Z"], ("X", "y", "Z")),
        (["Easting", "Northing", "Elevation", "t"], ("Easting", "Northing", "Elevation")),
        (["X", "Y", "X"], ()),
        (["easting", "east", "northing", "height"], ()),
        ([], ()),
    ],
)
def test_coordinates_are_found_by_their_names_or_not_at_all(names, axes):
    assert axes_of(names) == axes


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "b"]), max_size=12))
def test_distinct_names_are_distinct_and_the_first_of_each_stays(names):
    found = distinct(names)
    assert len(set(found)) == len(names) == len(found)
    assert all(found[names.index(name)] == name for name in names)


def test_thousands_of_equal_names_are_made_distinct_at_once():
    assert distinct(["a"] * 100_000)[-1] == "a_100000"


@given(st.text())
def test_a_word_of_a_header_is_one_word_and_a_text_is_one_line(name):
    word = header_word(name)
    assert word.encode("utf-8").split() == [word.encode("utf-8")]
    assert len([*header_text(name).splitlines(), ""]) <= 2
    assert header_text(name).isprintable() or not header_text(name).isascii()


def vertices(**columns):
    columns = {axis: np.zeros(3) for axis in "xyz"} | columns
    record = np.zeros(3, [(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        record[name] = values
    return VertexSource(record)


def test_labels_that_are_nan_are_none_and_the_others_stay(tmp_path):
    found = raw_cloud(vertices(label=np.array([np.nan, 4, 5], "f4")), tmp_path)
    assert found.codes.tolist() == [None, 4, 5]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert raw_cloud(vertices(label=np.full(3, np.nan)), tmp_path).codes is None


@pytest.mark.parametrize("value", [0.5, np.inf])
def test_labels_that_are_no_integers_are_told(tmp_path, value):
    with pytest.warns(UserWarning, match="is no class code"):
        assert raw_cloud(vertices(label=np.array([1, 2, value])), tmp_path).codes is None


def test_a_coordinate_of_several_values_is_refused(tmp_path):
    record = np.zeros(3, [("x", "f4"), ("y", "f4", (2,)), ("z", "f4")])
    with pytest.raises(CloudFormatError, match="y holds several values"):
        raw_cloud(VertexSource(record), tmp_path)


def test_class_goes_before_label(tmp_path):
    found = raw_cloud(vertices(label=np.array([1, 1, 1]), scalar_Class=np.array([2, 2, 2])), tmp_path)
    assert found.codes.tolist() == [2, 2, 2]


def test_the_digits_of_doubles_are_kept(tmp_path):
    cloud = raw_cloud(vertices(x=np.array([0, 0.12345, 7])), tmp_path).cloud
    assert cloud.scale[0] == pytest.approx(1e-5)


@pytest.mark.parametrize("far", [1.5e8, -1.5e8, 1e300])
def test_coordinates_that_no_reference_system_has_are_refused(tmp_path, far):
    with pytest.raises(InputError, match="is too large") as caught:
        raw_cloud(vertices(x=np.array([0, far, 1])), tmp_path)
    assert "beyond 1e+08" in str(caught.value)


def test_fields_without_coordinates_are_named_in_few_words(tmp_path):
    record = np.zeros(1, [(f"name{i}", "u1") for i in range(5000)])
    with pytest.raises(CloudFormatError, match="no x, y, z") as caught:
        raw_cloud(VertexSource(record), tmp_path)
    assert len(str(caught.value)) < 1000


def test_codes_get_the_smallest_type_that_holds_them_or_keep_their_own():
    assert code_type(None, np.array([0, 255])) == np.uint8
    assert code_type(None, np.array([-1, 255])) == np.int32
    assert code_type(np.dtype("i8"), np.array([1])) == np.int64
    assert code_type(np.dtype("i1"), np.array([200])) == np.uint8
    assert code_type(None, np.array([2**32 - 1])) == np.uint32
