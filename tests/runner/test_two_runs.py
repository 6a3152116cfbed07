"""Two runs into one directory: the second is refused while the first works, and goes on if it was killed."""

import dataclasses
import signal

import pytest

from bevseg.report.page_names import PAGE, VIEWER
from bevseg.review.run_outputs import REVIEW
from bevseg.runner import write_cloud
from bevseg.runtime.lock import NAME, locked
from bevseg.runtime.lock_file import Holder
from tests.cli.invoke import bevseg, left_behind
from tests.cli.test_interrupt import writing


@pytest.fixture
def label(streets, tiny_model, tmp_path):
    """Label two streets into `out`."""
    return lambda *options: bevseg(
        "run", streets / "a.txt", streets / "b.txt", "-o", tmp_path / "out", "-m", tiny_model, *options
    )


def test_a_second_run_is_refused_while_the_first_works_and_goes_on_after_its_death(
    streets, tiny_model, tmp_path, label
):
    out = tmp_path / "out"
    first = writing(
        tmp_path / "script.py",
        "runner.write_cloud",
        "runner.write_cloud.write_cloud",
        "run",
        streets / "a.txt",
        "-o",
        out,
        "-m",
        tiny_model,
    )
    try:
        before = left_behind(out)
        second = label()
        assert second.exit_code == 6, second.stderr
        assert "Another process writes into the output" in second.stderr
        assert f"where: {out}" in second.stderr
        assert f"process {first.pid}" in second.stderr
        assert "name another output" in second.stderr
        overwriting = label("--overwrite")
        assert overwriting.exit_code == 6
        assert left_behind(out) == before
    finally:
        first.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        first.communicate()
    third = label()
    assert third.exit_code == 0, third.stderr
    assert "taken over" in third.stderr
    names = [REVIEW, "a.png", "a.txt", "b.png", "b.txt", PAGE, "report.json", VIEWER]
    assert left_behind(out) == names


def test_a_run_whose_lock_is_taken_away_ends_before_it_writes(label, tmp_path, monkeypatch):
    write, written = write_cloud.write_cloud, []
    other = dataclasses.replace(Holder.this_process(), host="faraway")

    def lose_the_lock(*rest, **more):
        write(*rest, **more)
        written.append(rest)
        (tmp_path / "out" / NAME).write_bytes(other.content(0))

    monkeypatch.setattr(write_cloud, "write_cloud", lose_the_lock)
    result = label()
    assert result.exit_code == 6
    assert "The lock of the output was taken away" in result.stderr
    assert "faraway" in result.stderr
    assert len(written) == 1
    assert left_behind(tmp_path / "out") == [NAME, REVIEW, ".bevseg-scratch"]


def test_a_run_into_one_file_needs_no_lock(streets, tiny_model, tmp_path):
    with locked(tmp_path):
        result = bevseg("run", streets / "a.txt", "-o", tmp_path / "a.laz", "-m", tiny_model)
    assert result.exit_code == 0, result.stderr


def test_a_refused_run_leaves_no_directory(tmp_path, tiny_model):
    (tmp_path / "a.txt").write_text("1 2 three\n")
    result = bevseg("run", tmp_path / "a.txt", "-o", tmp_path / "out", "-m", tiny_model)
    assert result.exit_code == 4
    assert not (tmp_path / "out").exists()


def test_two_trainings_do_not_write_into_one_directory(tmp_path):
    with locked(tmp_path):
        result = bevseg("train", tmp_path / "work", "-o", tmp_path / "model.safetensors")
    assert result.exit_code == 6
    assert "Another process writes into the output" in result.stderr
