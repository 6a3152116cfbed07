import json
import signal
import time

import pytest

from tests.cli.invoke import bevseg, process
from tests.study import digits

CURVES = """
title = "one pixel"
task = "curves"

[settings]
points = 9

[axes]
loss = ["ce", "power_jaccard:3"]

[[table]]
by = ["loss"]
score = ""
columns = ["lowest_y1", "refused"]
"""


@pytest.fixture
def study(tmp_path):
    """Write a study file with some text."""

    def write(text):
        path = tmp_path / "study.toml"
        path.write_text(text)
        return path

    return write


def test_a_study_is_printed_written_and_not_done_twice(study, tmp_path):
    out = tmp_path / "out"
    result = bevseg("study", study(CURVES), "-o", out)
    assert result.exit_code == 0, result.stderr
    assert "| power_jaccard:3 | -0." in result.stdout
    assert {path.name for path in out.iterdir()} == {
        "runs",
        "runs.jsonl",
        "settings.json",
        "table.md",
        "table.csv",
        "curves.png",
    }
    assert str(out / "table.md") in result.stderr
    stamps = {path: path.stat().st_mtime_ns for path in out.rglob("runs*")}
    assert bevseg("study", study(CURVES), "-o", out).stdout == result.stdout
    assert {path: path.stat().st_mtime_ns for path in out.rglob("runs*")} == stamps


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        (CURVES.replace("points", "dots"), 2, "'dots'"),
        (CURVES.replace("title", "titel"), 2, "titel"),
        (CURVES.replace('"ce"', '"bananas"'), 2, "bananas"),
        (CURVES.replace('"curves"', '"circles"'), 2, "name one of: approximation, bias, curves"),
    ],
)
def test_a_bad_study_is_refused_before_anything_is_written(study, tmp_path, wrong, code, said):
    result = bevseg("study", study(wrong), "-o", tmp_path / "out")
    assert result.exit_code == code
    assert said in result.stderr
    assert not (tmp_path / "out").exists()


def test_two_small_nets_are_trained(study, tmp_path):
    root, out = digits.write(tmp_path / "data", 3), tmp_path / "out"
    path = study(digits.STUDY.format(data=root, epochs=2))
    result = bevseg("study", path, "-o", out)
    assert result.exit_code == 0, result.stderr
    assert "| power_jaccard:2 | " in result.stdout
    records = [json.loads(line) for line in (out / "runs.jsonl").read_text().splitlines()]
    assert sorted(record["at"]["loss"] for record in records) == ["ce", "power_jaccard:2"]
    assert str(tmp_path) not in "".join(path.read_text() for path in out.rglob("*.json*"))


def test_a_device_that_does_not_exist_is_refused_before_anything_is_written(study, tmp_path):
    result = bevseg("study", study(CURVES), "-o", tmp_path / "out", "--device", "abacus")
    assert result.exit_code == 2
    assert "auto, cpu, cuda" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_an_end_from_outside_ends_the_trainings_and_leaves_nothing_half_written(study, tmp_path):
    root, out = digits.write(tmp_path / "data", 3), tmp_path / "out"
    path = study(
        digits.STUDY.format(data=root, epochs=1_000_000).replace("filters", "patience = 1000000\nfilters")
    )
    with process("study", path, "-o", out, "--jobs", 2) as running:
        while running.poll() is None and not (out / "settings.json").exists():
            time.sleep(0.1)
        time.sleep(3)  # time for both to reach their training, which takes days
        assert running.poll() is None, running.communicate()
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)
    assert running.returncode == 143
    assert [path.name for path in out.rglob("*") if path.is_file()] == ["settings.json"]
