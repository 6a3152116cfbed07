"""A disk that becomes full, or read-only, ends a run with one error; with room again the run goes on."""

import errno
import os
import subprocess

import numpy as np
import pytest

from bevseg.errors import NoRoomError
from bevseg.runner import finished
from bevseg.runtime.lock import NAME
from bevseg.survey import label_block
from tests import tiny
from tests.cli.invoke import bevseg, left_behind

SLOW = pytest.mark.slow


class Disk:
    """A file system in memory of a size that can be changed."""

    def __init__(self, place):
        self.place = place
        place.mkdir()

    def mount(self, *options):
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(self.place)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def umount(self):
        subprocess.run(["umount", str(self.place)], check=True)


@pytest.fixture
def disk(tmp_path):
    if os.name == "nt" or not (found := Disk(tmp_path / "disk")).mount("size=1m"):
        pytest.skip("this user may not mount a file system")
    yield found
    found.umount()


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """Folder of three clouds of one street."""
    folder = tmp_path_factory.mktemp("survey")
    street = tiny.long_street("street", every=80)
    for name, rows in zip("abc", np.array_split(np.argsort(street.xyz[:, 0]), 3), strict=True):
        tiny.write_text(folder / f"{name}.txt", street.xyz[rows], street.labels[rows])
    return folder


@pytest.fixture(scope="module")
def undisturbed(survey, tiny_model, tmp_path_factory):
    """Name -> bytes of what a run writes that has room."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert bevseg("run", survey, "-o", out, "-m", tiny_model).exit_code == 0
    return outputs(out)


def outputs(out):
    return {path.name: path.read_bytes() for path in out.iterdir() if not path.name.startswith((".", "rep"))}


def hidden(folder):
    return [path for path in folder.rglob("*") if path.name.startswith(".bevseg-") and path.is_file()]


@pytest.mark.parametrize(
    "size", ["300k", *(pytest.param(size, marks=SLOW) for size in ("40k", "220k", "380k"))]
)
def test_scratch_without_room(survey, undisturbed, tiny_model, tmp_path, disk, size):
    disk.mount("remount", f"size={size}")
    arguments = ("run", survey, "-o", tmp_path / "out", "-m", tiny_model, "--scratch", disk.place)
    result = bevseg(*arguments)
    assert result.exit_code == 6, result.stderr
    assert result.stderr.count("No space left on device") == 1
    assert "free some space" in result.stderr
    assert left_behind(tmp_path / "out") == []
    assert hidden(disk.place) == []
    disk.mount("remount", "size=20m")
    result = bevseg(*arguments)
    assert result.exit_code == 0, result.stderr
    assert outputs(tmp_path / "out") == undisturbed
    assert left_behind(disk.place) == []


@pytest.mark.parametrize(
    "size", ["300k", *(pytest.param(size, marks=SLOW) for size in ("8k", "100k", "400k"))]
)
def test_output_without_room(survey, undisturbed, tiny_model, tmp_path, disk, size):
    disk.mount("remount", f"size={size}")
    out = disk.place / "out"
    arguments = ("run", survey, "-o", out, "-m", tiny_model, "--scratch", tmp_path / "scratch")
    result = bevseg(*arguments)
    assert result.exit_code == 6, result.stderr
    assert result.stderr.count("No space left on device") == 1
    assert hidden(disk.place) == []
    there = outputs(out) if out.exists() else {}
    assert there.items() <= undisturbed.items()
    disk.mount("remount", "size=20m")
    result = bevseg(*arguments)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.count("already done") == len([name for name in there if name.endswith(".txt")])
    assert outputs(out) == undisturbed


def test_an_output_that_becomes_read_only(survey, undisturbed, tiny_model, tmp_path, disk, monkeypatch):
    disk.mount("remount", "size=20m")
    honest, blocks = label_block.label_block, []

    def locks_the_disk(block, *rest, **more):
        honest(block, *rest, **more)
        blocks.append(block)
        disk.mount("remount", "ro")

    monkeypatch.setattr(label_block, "label_block", locks_the_disk)
    arguments = ("run", survey, "-o", disk.place / "out", "-m", tiny_model)
    result = bevseg(*arguments)
    assert result.exit_code == 6, result.stderr
    assert result.stderr.count("Read-only file system") == 1
    assert len(blocks) == 1
    disk.mount("remount", "rw")
    monkeypatch.undo()
    (disk.place / "out" / NAME).unlink()  # the process that could not remove it would be gone by now
    assert outputs(disk.place / "out") == {}
    result = bevseg(*arguments)
    assert result.exit_code == 0, result.stderr
    assert outputs(disk.place / "out") == undisturbed
    assert hidden(disk.place) == []


def test_a_note_that_does_not_fit_whole_is_an_error(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:20]))
    with pytest.raises(NoRoomError):
        finished.note(tmp_path, "a", {}, {})
    monkeypatch.undo()
    finished.note(tmp_path, "b", {"model": "m"}, FACTS)
    assert list(finished.read_earlier(tmp_path).records) == ["b"]


FACTS = {
    "source": "b.txt",
    "sha256": "0",
    "output_sha256": "0",
    "points": 1,
    "seconds": {},
    "outputs": {"cloud": "b.txt"},
}


def test_the_words_of_a_library_about_a_full_disk_are_understood(tmp_path):
    from bevseg.runtime.atomic import replacing

    words = f"Error while serializing: I/O error: No space left on device (os error {errno.ENOSPC})"
    with pytest.raises(NoRoomError, match="free some space"), replacing(tmp_path / "a.labels"):
        raise RuntimeError(words)
    with pytest.raises(RuntimeError, match="another"), replacing(tmp_path / "a.labels"):
        raise RuntimeError("another error")
    assert left_behind(tmp_path) == []
