import numpy as np
import pytest

from bevseg.core.labels import CAR, POLE
from bevseg.errors import InputError, UsageError
from bevseg.review.edits import EDITS, EditList

HASHES = {"a": "11", "b": "22"}
CLASSES = np.full(20, POLE, np.uint8)


def test_points_get_the_class_of_the_last_edit(tmp_path):
    edits = EditList.open(tmp_path, HASHES)
    edits.add({"a": np.array([7, 3, 4, 5])}, CAR, "rectangle")
    edits.add({"a": np.array([4]), "b": np.array([0])}, 0, "brush")
    said = EditList.open(tmp_path, HASHES).said("a", CLASSES)
    np.testing.assert_array_equal(said.classes[[3, 4, 5, 6, 7]], [CAR, 0, CAR, POLE, CAR])
    np.testing.assert_array_equal(np.flatnonzero(said.mask), [3, 4, 5, 7])


def test_confirmed_points_keep_their_class_and_are_spoken_about(tmp_path):
    edits = EditList.open(tmp_path, HASHES)
    edits.add({"b": np.array([2, 3])}, None, "piece")
    said = edits.said("b", CLASSES)
    assert (said.classes == POLE).all()
    np.testing.assert_array_equal(np.flatnonzero(said.mask), [2, 3])


def test_undo_and_redo_survive_a_restart(tmp_path):
    edits = EditList.open(tmp_path, HASHES)
    edits.add({"a": np.array([1])}, CAR, "piece")
    edits.add({"a": np.array([2])}, CAR, "piece")
    assert edits.undo().number == 2
    again = EditList.open(tmp_path, HASHES)
    assert [edit.number for edit in again.in_force()] == [1]
    assert again.redo().number == 2
    assert [edit.number for edit in EditList.open(tmp_path, HASHES).in_force()] == [1, 2]


def test_a_new_edit_ends_what_can_be_done_again(tmp_path):
    edits = EditList.open(tmp_path, HASHES)
    edits.add({"a": np.array([1])}, CAR, "piece")
    edits.undo()
    assert edits.add({"a": np.array([2])}, CAR, "piece").number == 2
    assert edits.redo() is None


def test_a_line_that_was_cut_off_does_not_count(tmp_path):
    edits = EditList.open(tmp_path, HASHES)
    edits.add({"a": np.array([1])}, CAR, "piece")
    path = tmp_path / EDITS
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:30])
    again = EditList.open(tmp_path, HASHES)
    again.add({"a": np.array([5])}, CAR, "piece")
    assert [edit.number for edit in EditList.open(tmp_path, HASHES).in_force()] == [1, 2]


def test_a_cloud_that_has_changed_is_refused(tmp_path):
    EditList.open(tmp_path, HASHES).add({"a": np.array([1])}, CAR, "piece")
    with pytest.raises(InputError, match="has changed since"):
        EditList.open(tmp_path, HASHES | {"a": "33"})


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b'{"edit": 2}', b'{"undo": 9}', b'{"redo": 1}', b'{"undo": [1]}'],
    ids=["cut", "list", "bare", "undo", "redo", "nested"],
)
def test_a_damaged_line_is_named(tmp_path, line):
    EditList.open(tmp_path, HASHES).add({"a": np.array([1])}, CAR, "piece")
    with (tmp_path / EDITS).open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(InputError) as error:
        EditList.open(tmp_path, HASHES)
    assert "line 2" in str(error.value)


def test_points_that_the_cloud_lacks_are_refused(tmp_path):
    edits = EditList.open(tmp_path, HASHES)
    edits.add({"a": np.array([20])}, CAR, "piece")
    with pytest.raises(InputError, match="does not have"):
        edits.said("a", CLASSES)


def test_an_edit_without_points_is_refused(tmp_path):
    with pytest.raises(UsageError, match="No points"):
        EditList.open(tmp_path, HASHES).add({"a": np.empty(0, int)}, CAR, "lasso")
    assert not (tmp_path / EDITS).exists()
