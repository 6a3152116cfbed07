"""Temporary files of a killed run go; those of a run at work stay."""

import os
import subprocess
import sys
import time

import pytest

from bevseg.runtime import temporary
from bevseg.runtime.atomic import replacing


@pytest.fixture(autouse=True)
def nothing_swept(monkeypatch):
    monkeypatch.setattr(temporary, "_swept", set())


def left_by(process, folder, name="a.laz"):
    """Let another process begin a file, and return its path once it is there."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom bevseg.runtime.atomic import replacing\n"
        "with replacing(Path(sys.argv[1])) as temporary:\n    print(temporary, flush=True)\n    sys.stdin.read()\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", program, str(folder / name)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.append(running)
    return folder / running.stdout.readline().strip()


def test_the_next_run_removes_what_a_killed_one_has_left_and_nothing_else(tmp_path):
    processes = []
    dead, alive = left_by(processes, tmp_path), left_by(processes, tmp_path, "b.laz")
    assert dead.exists()
    assert alive.exists()
    processes[0].kill()
    processes[0].wait()
    (tmp_path / ".bevseg-notes").write_text("a user's own")
    with replacing(tmp_path / "c.txt") as path:
        path.write_text("")
    assert not dead.exists()
    assert alive.exists()
    assert (tmp_path / ".bevseg-notes").exists()
    processes[1].communicate("")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".bevseg-notes", "b.laz", "c.txt"]


@pytest.mark.parametrize(("age", "stays"), [(60, True), (8 * 86_400, False)])
def test_files_of_another_machine_go_only_after_a_week(tmp_path, age, stays):
    path = tmp_path / f".bevseg-{'0' * 12}-1-1-0.laz"
    path.write_text("half")
    os.utime(path, (time.time() - age,) * 2)
    temporary.sweep(tmp_path)
    assert path.exists() == stays


def test_a_number_that_another_process_has_now_is_not_the_writer(tmp_path):
    name = temporary.temporary_beside(tmp_path / "a.laz").name
    machine, process, began, _ = name.removeprefix(".bevseg-").split("-")
    path = tmp_path / f".bevseg-{machine}-{process}-{int(began) + 5000}-0.laz"
    path.write_text("half")
    temporary.sweep(tmp_path)
    assert not path.exists()


def test_names_are_new_and_keep_the_suffixes(tmp_path):
    first, second = (temporary.temporary_beside(tmp_path / "a.txt.gz") for _ in range(2))
    assert first != second
    assert first.suffixes == [".txt", ".gz"]
