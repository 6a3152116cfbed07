"""The scratch folder: what is trusted in it, and what is removed with it."""

import os

import psutil
import pytest

from bevseg.survey.scratch import Scratch


@pytest.fixture
def scratch(tmp_path):
    """A scratch folder with a file of each kind."""
    found = Scratch(tmp_path / "scratch")
    found.folder.mkdir()
    for path in (found.points("a"), found.ground("b"), found.labels("c"), found.survey("d")):
        path.write_bytes(b"1")
    return found


def test_files_from_before_a_restart_are_not_trusted(scratch):
    old = scratch.labels("c")
    os.utime(old, (psutil.boot_time() - 10,) * 2)
    scratch.forget_before_restart()
    assert sorted(path.name for path in scratch.folder.iterdir()) == ["a.points", "b.ground", "d.survey"]


def test_a_folder_goes_with_its_last_file_but_not_with_those_of_others(scratch):
    mine = scratch.folder / "notes.txt"
    mine.write_text("mine")
    scratch.remove()
    assert list(scratch.folder.iterdir()) == [mine]
    mine.unlink()
    scratch.remove()
    assert not scratch.folder.exists()
