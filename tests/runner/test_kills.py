"""Runs that are killed go on: what a kill leaves is whole, and the end is that of a run that nobody disturbed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bevseg.runtime.lock import NAME

KILLS = Path(__file__).parents[2] / "benchmarks" / "kills.py"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can be forked")
def test_killed_runs_go_on_and_leave_nothing_partial(streets, tiny_model, tmp_path):
    options = [
        "--kills",
        "4",
        "--strips",
        "2",
        "--points",
        "4000",
        "--classes",
        "shrec20",
        "-m",
        str(tiny_model),
        "--forked",
    ]
    command = [
        sys.executable,
        str(KILLS),
        str(streets / "a.txt"),
        *options,
        "--json",
        str(tmp_path / "k.json"),
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "k.json").read_text())["found"]
    assert sum(found["kills"].values()) == 4
    assert found["complete"] >= 1
    assert found["faults"] == []


@pytest.fixture
def kills(monkeypatch):
    """The module of the benchmark."""
    monkeypatch.syspath_prepend(KILLS.parent)
    import kills

    return kills


@pytest.fixture
def results(tmp_path):
    """Folder of results, and what the benchmark knows of them."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.txt").write_text("labels")
    (out / "report.json").write_text(json.dumps({"scores": 1, "oracle": 1, "clouds": {}}))
    return out


def test_the_benchmark_sees_each_kind_of_fault(kills, results):
    hashes = {path.name: kills._hash(path) for path in results.iterdir()}
    known = kills.Reference(hashes, kills._scores(results / "report.json"), 1.0)
    assert kills.faults_of(results, known, complete=True) == []
    (results / NAME).write_text("")
    assert kills.faults_of(results, known, complete=False) == []
    assert kills.faults_of(results, known, complete=True) == [f"{NAME} is left over"]
    (results / ".bevseg-scratch").mkdir()
    (results / ".bevseg-scratch" / "k.points").write_text("half")
    (results / ".bevseg-scratch" / "k.labels").write_text("half")
    (results / "b.txt").write_text("")
    (results / "a.txt").write_text("lab")
    (results / "report.json").write_text("{")
    assert kills.faults_of(results, known, complete=False) == [
        "a.txt differs from that of the undisturbed run",
        "the report is not whole",
        "b.txt has no business here",
        "k.labels is not whole",
        "k.points is not whole",
    ]


def test_the_benchmark_sees_a_scratch_file_that_is_written_again(kills, tmp_path):
    (tmp_path / "k.labels").write_text("first")
    with kills.watched(tmp_path) as (before, again):
        (tmp_path / "new").write_text("second")
        (tmp_path / "new").rename(tmp_path / "k.labels")
        while not again:
            pass
    assert list(before) == ["k.labels"]
    assert again == {"k.labels"}
