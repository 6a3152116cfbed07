import errno
import itertools
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.core.labels import CAR, POLE
from bevseg.errors import InputError, OutputWriteError, UsageError
from bevseg.review import edits as module
from bevseg.review.edits import EDITS, EditList, _indices, _runs

HASHES = {"a": "11", "b": "22"}
CLASSES = np.full(20, POLE, np.uint8)

POINTS = st.lists(st.integers(0, len(CLASSES) - 1), min_size=1, max_size=8)
ADD = st.tuples(st.dictionaries(st.sampled_from("ab"), POINTS, min_size=1), st.none() | st.integers(0, 5))
ACTS = st.lists(ADD | st.sampled_from(["undo", "redo", "restart"]), max_size=12)


def state(edits):
    """What a list says, as plain values."""
    return [
        (edit.number, edit.time, edit.how, edit.label, {n: i.tolist() for n, i in edit.points.items()})
        for edit in edits.in_force()
    ]


def act(edits, what):
    """Do one of ACTS but for a restart; return the edit."""
    if isinstance(what, tuple):
        points, label = what
        return edits.add({name: np.array(each) for name, each in points.items()}, label, "lasso")
    return getattr(edits, what)()


def after(acts, folder):
    edits = EditList.open(folder, HASHES)
    for what in acts:
        edits = EditList.open(folder, HASHES) if what == "restart" else edits
        if what != "restart":
            act(edits, what)
    return edits


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


@given(ACTS)
def test_a_list_says_after_a_restart_what_it_said_before(acts):
    with tempfile.TemporaryDirectory() as name:
        edits = after(acts, Path(name))
        again, once_more = (EditList.open(Path(name), HASHES) for _ in range(2))
        assert state(edits) == state(again) == state(once_more)
        for cloud in HASHES:
            one, other = edits.said(cloud, CLASSES), again.said(cloud, CLASSES)
            np.testing.assert_array_equal(one.classes, other.classes)
            np.testing.assert_array_equal(one.mask, other.mask)


@given(ACTS)
def test_undo_and_redo_are_two_stacks(acts):
    with tempfile.TemporaryDirectory() as name:
        edits, done, undone = EditList.open(Path(name), HASHES), [], []
        for what in acts:
            if what == "restart":
                edits = EditList.open(Path(name), HASHES)
                continue
            found = act(edits, what)
            if isinstance(what, tuple):
                done.append(found.number)
                undone.clear()
            else:
                here, there = (done, undone) if what == "undo" else (undone, done)
                assert (None if found is None else found.number) == (here[-1] if here else None)
                there += [here.pop()] if here else []
            assert [edit.number for edit in edits.in_force()] == done


@given(ACTS, ADD)
def test_an_undo_takes_back_one_edit_and_a_redo_brings_it_again(acts, last):
    with tempfile.TemporaryDirectory() as name:
        edits = after(acts, Path(name))
        before = state(edits)
        act(edits, last)
        added = state(edits)
        edits.undo()
        assert state(edits) == before
        edits.redo()
        assert state(edits) == added


@given(ACTS)
def test_the_last_edit_of_a_point_decides(acts):
    with tempfile.TemporaryDirectory() as name:
        edits = after(acts, Path(name))
        for cloud in HASHES:
            said = edits.said(cloud, CLASSES)
            for point in range(len(CLASSES)):
                spoken = [edit.label for edit in edits.in_force() if point in edit.points.get(cloud, ())]
                labels = [label for label in spoken if label is not None]
                assert said.mask[point] == bool(spoken)
                assert said.classes[point] == (labels[-1] if labels else CLASSES[point])


@given(ACTS, st.data())
def test_wherever_the_file_is_cut_off_the_whole_lines_count(acts, data):
    with tempfile.TemporaryDirectory() as name:
        after(acts, Path(name))
        path = Path(name) / EDITS
        content = path.read_bytes() if path.exists() else b""
        cut = data.draw(st.integers(0, len(content)))
        path.write_bytes(content[: content.rfind(b"\n", 0, cut) + 1])
        whole = state(EditList.open(Path(name), HASHES))
        path.write_bytes(content[:cut])
        edits = EditList.open(Path(name), HASHES)
        assert state(edits) == whole
        edits.add({"a": np.array([3])}, CAR, "lasso")
        assert state(EditList.open(Path(name), HASHES)) == state(edits)
        assert all(json.loads(line) for line in path.read_bytes().splitlines())


@given(st.sets(st.integers(0, 40) | st.integers(0, module.FARTHEST - 1), min_size=1))
def test_runs_give_their_indices_back(indices):
    ascending = np.array(sorted(indices))
    runs = _runs(ascending)
    np.testing.assert_array_equal(_indices(runs), ascending)
    assert all(one[0] + one[1] < other[0] for one, other in itertools.pairwise(runs))


@given(
    st.lists(
        st.lists(st.integers(-3, 9) | st.sampled_from([2**62, 2**63 - 1, 2**64]), max_size=3), max_size=4
    )
)
def test_runs_of_any_numbers_are_ascending_indices_or_refused(runs):
    try:
        indices = _indices(runs)
    except ValueError:
        return
    assert indices[0] >= 0
    assert (np.diff(indices) > 0).all()
    assert len(indices) == sum(count for _, count in runs)


@pytest.mark.parametrize("value", [1.5, "1", None, [1]])
def test_runs_of_what_is_no_number_are_refused(value):
    with pytest.raises(ValueError, match=r"whole numbers|inhomogeneous"):
        _indices([[value, 1]])


@pytest.mark.parametrize("indices", [[-1], [0.5], [True, False], [module.FARTHEST]])
def test_what_is_no_index_is_refused(tmp_path, indices):
    with pytest.raises(UsageError, match="No indices"):
        EditList.open(tmp_path, HASHES).add({"a": np.array(indices)}, CAR, "lasso")
    assert not (tmp_path / EDITS).exists()


@pytest.fixture
def one_edit(tmp_path):
    edits = EditList.open(tmp_path, HASHES)
    edits.add({"a": np.array([1])}, CAR, "piece")
    return edits


def test_an_edit_is_on_the_disk_when_it_is_told(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(module, "wait_for_disk", lambda handle: synced.append(os.fstat(handle).st_size))
    edits = EditList.open(tmp_path, HASHES)
    for act_now in (lambda: edits.add({"a": np.array([1])}, CAR, "piece"), edits.undo, edits.redo):
        act_now()
        assert synced.pop() == (tmp_path / EDITS).stat().st_size


@pytest.mark.parametrize("what", ["write", "fsync"])
def test_a_disk_that_is_full_leaves_the_list_as_it_was(tmp_path, one_edit, monkeypatch, what):
    before, write = (tmp_path / EDITS).read_bytes(), os.write

    def half(handle, line):
        return write(handle, line[: len(line) // 2])

    def refuse(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        if what == "write":
            patch.setattr(os, "write", half)
        else:
            patch.setattr(module, "wait_for_disk", refuse)
        for act_now in (one_edit.undo, lambda: one_edit.add({"b": np.array([2])}, CAR, "piece")):
            with pytest.raises(OutputWriteError):
                act_now()
            assert (tmp_path / EDITS).read_bytes() == before
            assert [edit.number for edit in one_edit.in_force()] == [1]
    one_edit.add({"b": np.array([2])}, CAR, "piece")
    assert state(EditList.open(tmp_path, HASHES)) == state(one_edit)


def test_what_another_program_wrote_is_not_overwritten(tmp_path, one_edit):
    other = EditList.open(tmp_path, HASHES)
    other.add({"a": np.array([7])}, CAR, "brush")
    content = (tmp_path / EDITS).read_bytes()
    with pytest.raises(OutputWriteError, match="another program"):
        one_edit.add({"a": np.array([9])}, CAR, "lasso")
    assert (tmp_path / EDITS).read_bytes() == content


def test_a_list_that_was_removed_meanwhile_is_not_begun_in_the_middle(tmp_path, one_edit):
    (tmp_path / EDITS).unlink()
    with pytest.raises(OutputWriteError):
        one_edit.add({"a": np.array([9])}, CAR, "lasso")
    assert EditList.open(tmp_path, HASHES).in_force() == []
