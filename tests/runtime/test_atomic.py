"""Outputs appear by rename, complete or not at all."""

import errno
import json
import os

import pytest

from bevseg.errors import OutputExistsError, OutputWriteError, UsageError
from bevseg.runtime.atomic import (
    ensure_different,
    ensure_not_all_exist,
    ensure_writable,
    replacing,
    system_error,
    write_json,
)


def left_behind(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_when_the_block_is_done(tmp_path):
    path = tmp_path / "deep" / "a.tif"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.suffix == ".tif"
    assert path.read_text() == "new"
    assert left_behind(path.parent) == ["a.tif"]


@pytest.mark.parametrize("reason", [RuntimeError("broken"), KeyboardInterrupt(), SystemExit(143)])
def test_whatever_ends_the_block_leaves_the_old_file(tmp_path, reason):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(reason)), replacing(path) as temporary:
        temporary.write_text("half")
        raise reason
    assert path.read_text() == "old"
    assert left_behind(tmp_path) == ["a.txt"]


def test_an_output_that_exists_is_refused_unless_overwriting(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OutputExistsError, match="--overwrite"), replacing(path, overwrite=False):
        pytest.fail("worked before it refused")
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("number", "advice"), [(errno.ENOSPC, "free some space"), (errno.EACCES, "permissions")]
)
def test_a_refusal_of_the_system_says_what_to_do(tmp_path, number, advice):
    with pytest.raises(OutputWriteError, match=advice), replacing(tmp_path / "a.txt"):
        raise OSError(number, os.strerror(number))
    assert left_behind(tmp_path) == []


def test_a_folder_that_is_a_file_is_a_write_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputWriteError), replacing(tmp_path / "file" / "a.txt"):
        pytest.fail("unreachable")


def test_the_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_text("")
    with replacing(tmp_path / "ours") as temporary:
        temporary.write_text("")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_json_is_readable_and_knows_no_nan(tmp_path):
    write_json({"a": [1, None]}, tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": [1, None]}
    with pytest.raises(ValueError):
        write_json({"a": float("nan")}, tmp_path / "b.json")
    assert left_behind(tmp_path) == ["a.json"]


def test_an_input_is_never_the_output_whatever_it_is_called(tmp_path):
    source = tmp_path / "a.laz"
    source.write_text("")
    (tmp_path / "link.laz").symlink_to(source)
    with pytest.raises(UsageError, match="would overwrite an input"):
        ensure_different(source, tmp_path / "link.laz")
    ensure_different(source, tmp_path / "other.laz")


def test_a_full_disk_anywhere_is_a_write_error_and_no_bug(tmp_path):
    error = system_error(OSError(errno.ENOSPC, "No space left", "/cache/kernel.nbc"), tmp_path)
    assert isinstance(error, OutputWriteError)
    assert str(error.where) == "/cache/kernel.nbc"


def test_a_cloud_that_may_not_be_read_is_bad_input(tmp_path):
    error = system_error(PermissionError(errno.EACCES, "Permission denied", "/data/a.laz"), tmp_path)
    assert error.exit_code == 4
    assert "/data/a.laz" in str(error)
    assert system_error(OSError(errno.EINVAL, "Invalid argument"), tmp_path) is None


def test_outputs_are_refused_together_only_if_all_are_there(tmp_path):
    paths = [tmp_path / "a", tmp_path / "b"]
    assert ensure_not_all_exist(paths) == []
    paths[0].touch()
    assert ensure_not_all_exist(paths) == paths[:1]
    paths[1].touch()
    with pytest.raises(OutputExistsError):
        ensure_not_all_exist(paths)


def test_a_place_that_cannot_be_written_to_is_told_before_work(tmp_path):
    ensure_writable(tmp_path / "new" / "deep")
    (tmp_path / "file").touch()
    with pytest.raises(OutputWriteError, match="is not a directory"):
        ensure_writable(tmp_path / "file" / "out")
    assert left_behind(tmp_path) == ["file"]


def test_a_target_that_another_program_holds_open_has_its_own_message(tmp_path):
    path = tmp_path / "a.tif"
    path.write_text("old")
    held = PermissionError(errno.EACCES, "The process cannot access the file")
    held.winerror = 32
    with pytest.raises(OutputWriteError, match="close it in that program"), replacing(path):
        raise held
    assert left_behind(tmp_path) == ["a.tif"]


def test_an_interrupt_right_after_the_file_was_made_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "close", interrupted)
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a.txt"):
        pytest.fail("unreachable")
    assert left_behind(tmp_path) == []
