"""A labelled file that other software saved -> the points whose class was changed there."""

import laspy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from bevseg.core.labels import BUILDING, CAR, POLE, VEGETATION
from bevseg.errors import InputError, LabelError, UsageError
from bevseg.review.corrected_file import _match, add_corrections, cloud_of, corrections_of
from tests.review.results import CLASSES, results

CHANGED = {1: 5, 4: 64, 7: 0}
"""Index -> new code."""
CORRECTIONS = ([1, 4, 7], [VEGETATION, CAR, 0])


def saved(labelled, path, changed=CHANGED, order=slice(None), point_format=6, scale=0.001, offset=0.0):
    """Save a labelled LAZ as other software does: without the fields and records of bevseg."""
    las = laspy.read(labelled)
    codes = np.array(las.classification)
    codes[list(changed)] = list(changed.values())
    header = laspy.LasHeader(version="1.4", point_format=point_format)
    header.scales, header.offsets = [scale] * 3, [offset] * 3
    copy = laspy.LasData(header)
    copy.x, copy.y, copy.z = (np.array(las[axis])[order] for axis in "xyz")
    copy.classification = codes[order] & (31 if point_format < 6 else 255)
    copy.write(str(path))
    return path


def assert_found(found, expected=CORRECTIONS):
    for values, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(values, wanted)


@pytest.fixture
def labelled(tmp_path):
    return results(tmp_path, "a.laz").clouds[0].path


def test_an_unchanged_copy_has_no_corrections(labelled, tmp_path):
    assert_found(corrections_of(labelled, saved(labelled, tmp_path / "b.laz", {})), ([], []))


def test_points_with_another_class_are_the_corrections(labelled, tmp_path):
    assert_found(corrections_of(labelled, saved(labelled, tmp_path / "b.laz")))


@pytest.mark.parametrize(("scale", "offset"), [(0.0001, 0.0), (0.001, 7.0), (0.001, 0.0004), (0.01, 0.0)])
@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["same", "reversed"])
def test_other_steps_and_another_order_change_nothing(labelled, tmp_path, scale, offset, order):
    assert_found(
        corrections_of(labelled, saved(labelled, tmp_path / "b.laz", scale=scale, offset=offset, order=order))
    )


def test_places_between_two_steps_are_matched_by_their_order(labelled, tmp_path):
    assert_found(corrections_of(labelled, saved(labelled, tmp_path / "b.laz", scale=0.001, offset=0.0005)))


def test_of_points_in_one_place_those_that_kept_their_code_belong_together(labelled, tmp_path):
    path = saved(labelled, tmp_path / "b.laz", {7: 6}, order=np.arange(8)[::-1], scale=3.0)
    assert_found(corrections_of(labelled, path), ([7], [BUILDING]))  # points 0 and 1 are in one place now


def saved_as_text(labelled, path, changed):
    las = laspy.read(labelled)
    codes = np.array(las.classification, float)
    codes[list(changed)] = list(changed.values())
    np.savetxt(
        path,
        np.column_stack([las.x, las.y, las.z, codes]),
        fmt="%.3f,%.3f,%.3f,%g",
        header="X,Y,Z,Classification",
        comments="//",
    )
    return path


def test_a_copy_as_text_is_understood(labelled, tmp_path):
    assert_found(corrections_of(labelled, saved_as_text(labelled, tmp_path / "b.csv", CHANGED)))


def test_points_without_a_code_are_no_corrections(labelled, tmp_path):
    path = saved_as_text(labelled, tmp_path / "b.csv", {1: 5, 2: np.nan})
    assert_found(corrections_of(labelled, path), ([1], [VEGETATION]))


def test_points_that_were_removed_are_no_corrections(labelled, tmp_path, caplog):
    assert_found(
        corrections_of(labelled, saved(labelled, tmp_path / "b.laz", order=[7, 4, 2])), ([4, 7], [CAR, 0])
    )
    assert "5 points of the labelled cloud are missing, 0 are new" in caplog.text


def test_another_cloud_is_refused(labelled, tmp_path):
    las = laspy.read(saved(labelled, tmp_path / "b.laz"))
    las.x = las.x + 100.0
    las.write(str(tmp_path / "c.laz"))
    with pytest.raises(InputError, match="not a copy"):
        corrections_of(labelled, tmp_path / "c.laz")


def with_a_new_point(path):
    las = laspy.read(path)
    new = las.points.array[:1].copy()
    new["X"] += 12_345
    las.points = laspy.PackedPointRecord(np.concatenate([new, las.points.array]), las.header.point_format)
    las.write(str(path))
    return path


def test_new_points_are_left_out_with_a_warning(labelled, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("bevseg.review.corrected_file._MOST_UNKNOWN", 0.2)
    path = with_a_new_point(saved(labelled, tmp_path / "b.laz"))
    assert_found(corrections_of(labelled, path))
    assert "0 points of the labelled cloud are missing, 1 are new" in caplog.text


def test_too_many_new_points_are_refused(labelled, tmp_path):
    with pytest.raises(InputError, match="1 of its 9"):
        corrections_of(labelled, with_a_new_point(saved(labelled, tmp_path / "b.laz")))


def test_codes_that_were_cut_to_five_bits_are_refused(labelled, tmp_path):
    with pytest.raises(LabelError, match="cut off") as error:
        corrections_of(labelled, saved(labelled, tmp_path / "b.laz", point_format=3))
    assert "point format 6" in str(error.value)


def test_a_code_that_the_scheme_lacks_is_left_out_with_a_warning(labelled, tmp_path, caplog):
    found = corrections_of(labelled, saved(labelled, tmp_path / "b.laz", {1: 5, 2: 200, 3: 200}))
    assert_found(found, ([1], [VEGETATION]))
    assert "2 points have a code that is not in scheme 'asprs'" in caplog.text


def test_a_copy_without_classes_is_refused(labelled, tmp_path):
    las = laspy.read(labelled)
    np.savetxt(tmp_path / "b.csv", las.xyz, fmt="%.3f", delimiter=",", header="x,y,z", comments="")
    with pytest.raises(LabelError, match="no classes"):
        corrections_of(labelled, tmp_path / "b.csv")


def test_a_code_of_the_same_class_is_no_correction(labelled, tmp_path):
    path = saved(labelled, tmp_path / "b.laz", {3: 4})  # medium vegetation, written as 5
    assert_found(corrections_of(labelled, path), ([], []))


def test_codes_that_a_run_kept_are_no_corrections(tmp_path):
    labelled = results(tmp_path, "a.laz", keep=True).clouds[0].path
    assert_found(corrections_of(labelled, saved(labelled, tmp_path / "b.laz", {1: 5})), ([1], [VEGETATION]))


@pytest.mark.parametrize("order", [np.arange(8), np.arange(8)[::-1]], ids=["same", "reversed"])
def test_in_old_point_formats_codes_and_train_ids_can_be_changed(tmp_path, order):
    labelled = results(tmp_path, "a.laz", point_format=1).clouds[0].path
    las = laspy.read(labelled)
    las.classification[0] = 6  # car, written as 1
    las.bevseg_class[1] = POLE
    las.points = las.points[order]
    las.write(str(tmp_path / "b.laz"))
    assert_found(corrections_of(labelled, tmp_path / "b.laz"), ([0, 1], [BUILDING, POLE]))


def test_a_copy_that_lost_its_reference_system_has_the_units_of_the_labelled_one(tmp_path):
    outputs = results(tmp_path, "a.laz")
    path = outputs.clouds[0].path
    las = laspy.read(path)
    las.header.add_crs(CRS.from_epsg(2263))  # US survey feet
    las.x = las.x + 980_000
    las.y = las.y + 200_000
    las.write(str(path))
    assert_found(corrections_of(path, saved(path, tmp_path / "b.laz")))


def test_corrections_become_one_edit_for_each_class(tmp_path):
    outputs = results(tmp_path, "a.laz", "b.laz")
    edits = outputs.edits()
    path = saved(outputs.cloud("b").path, tmp_path / "b_edited.laz", {1: 5, 2: 5, 0: 6})
    added = add_corrections(outputs, edits, path)
    assert [(edit.label, edit.how) for edit in added] == [
        (BUILDING, "file b_edited.laz"),
        (VEGETATION, "file b_edited.laz"),
    ]
    said = outputs.edits().said("b", CLASSES)
    np.testing.assert_array_equal(np.flatnonzero(said.mask), [0, 1, 2])
    np.testing.assert_array_equal(said.classes[:3], [BUILDING, VEGETATION, VEGETATION])


def test_the_longest_name_decides_of_which_cloud_a_file_is_a_copy(tmp_path):
    outputs = results(tmp_path, "street.laz", "street_1.laz", "north/street_12.laz")
    for name, cloud in (
        ("street.laz", "street"),
        ("street_1 (edited).laz", "street_1"),
        ("street_12.las", "north/street_12"),
    ):
        assert cloud_of(outputs, tmp_path / name).name == cloud
    with pytest.raises(UsageError, match="not known"):
        cloud_of(outputs, tmp_path / "road.laz")


rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30)


@given(rows, rows)
def test_each_row_belongs_to_the_first_equal_row_that_is_free(old, new):
    columns = [[np.array([row[i] for row in part], np.int64) for i in range(2)] for part in (old, new)]
    free, expected = list(range(len(old))), []
    for row in new:
        place = next((each for each in free if old[each] == row), -1)
        expected.append(place)
        if place >= 0:
            free.remove(place)
    np.testing.assert_array_equal(_match(*columns), expected)
