"""The benchmark of surveys: what it counts, what it passes to bevseg, and what it prints."""

import argparse
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

MIB = 1 << 20


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    """Let the scripts be imported, and forget the preset that they add."""
    from bevseg.sim import presets

    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    monkeypatch.setattr(presets, "_added", {})


def options(data, **changed):
    return argparse.Namespace(data=data, jobs=None, max_memory="1GiB", **changed)


def test_the_memory_of_a_process_counts_those_below_it():
    import process_tree

    inner = f"held = bytes(range(256)) * {4096 * 64}; print(flush=True); input()"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", outer], **pipes) as process:
        process.stdout.readline()
        found = process_tree.proportional(psutil.Process(process.pid))
        process.communicate(b"\n")
    assert 64 * MIB < found < 128 * MIB


def test_a_command_leaves_its_status_its_last_words_and_the_size_of_its_scratch_files(tmp_path):
    import process_tree

    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "spill").write_bytes(bytes(MIB))
    command = [sys.executable, "-c", "import sys; print('one\\ntwo\\n', file=sys.stderr); sys.exit(3)"]
    used = process_tree.run(command, tmp_path, {})
    assert (used.status, used.message) == (3, "two")
    assert used.scratch_mib == pytest.approx(1, abs=0.1)
    assert used.samples >= 1 and used.cpu_s > 0 and used.wall_s > 0


@pytest.mark.parametrize("known", [("--max-memory", "--scratch"), ("--scratch",), ()])
def test_options_are_passed_if_bevseg_has_them(tmp_path, monkeypatch, known):
    import scale

    words = " SIZE  \n".join([*known, "--output"]) + " OUT"
    monkeypatch.setattr(scale, "BEVSEG", (sys.executable, "-c", f"print({words!r})"))
    found = scale.arguments(0.2, options(tmp_path), tmp_path / "scratch")
    assert [word for word in found if word in ("--max-memory", "--scratch")] == list(known)
    assert found[:2] == ["--model", "default"]


def turn(run, codec, startup=1.0, **of_run):
    used = {"wall_s": run, "cpu_s": 2 * run, "peak_mib": 100.0, "scratch_mib": 0.0, "others": 0.5}
    used |= {"status": 0, "message": "", "stages": {"read": run / 2}} | of_run
    return {
        "codec": {"wall_s": codec, "cpu_s": codec},
        "startup": {"wall_s": startup, "cpu_s": startup},
        "run": used,
    }


def row(turns, points):
    import scale_tables

    return {"case": "network", "points": points, "files": 2, "cell": 0.2} | scale_tables.numbers(
        turns, points
    )


def test_ratios_are_those_of_a_turn_and_spread_is_shown():
    import scale_tables

    runs = [row([turn(3, 1), turn(4, 4), turn(10, 2)], 1_000_000), row([turn(20, 4)], 10_000_000)]
    assert runs[0]["ratio"] == {"median": 3, "least": 1, "greatest": 5}
    assert runs[0]["ratio_after_startup"] == {"median": 2, "least": 0.75, "greatest": 4.5}
    assert runs[0]["points_per_s"] == 250_000
    assert "| 4.00 (3.00-10.00) |" in scale_tables.summary(runs)[2]
    assert "| read | 2.000 | 1000.00 |" in scale_tables.block(runs[0])
    assert scale_tables.growth(runs) == [
        "- cells of 0.2 m, from 1,000,000 to 10,000,000 points: 0.50 x the time per point, 1.00 x the memory"
    ]


def test_a_run_that_fails_says_so_instead_of_a_time():
    import scale_tables

    run = row([turn(3, 1, status=6, message="Not enough memory")], 1_000_000)
    assert (
        scale_tables.summary([run])[2] == "| network | 1,000,000 | 0.2 | exit status 6: Not enough memory |"
    )
    assert "failed: exit status 6" in scale_tables.block(run)
    assert scale_tables.growth([run, run]) == []


def test_a_disk_that_is_too_small_is_told_before_the_work(tmp_path):
    import scale

    assert scale.room(1, tmp_path) is None
    assert "GB are free at" in scale.room(10**15, tmp_path)


STUB = """
import json, pathlib, sys

if "--help" in sys.argv:
    print("  --max-memory SIZE  ...")
else:
    out = pathlib.Path(sys.argv[sys.argv.index("--output") + 1])
    out.mkdir()
    (out / "report.json").write_text(json.dumps({"speed": {"seconds": {"read": 0.25}}}))
"""
"""In place of bevseg: it ends at once."""


def test_a_small_network_is_measured_and_leaves_nothing_but_its_tiles(tmp_path, monkeypatch, capsys):
    import scale
    import street_network

    @dataclasses.dataclass(frozen=True)
    class Small(street_network.Recipe):
        count: int = 1
        points: int = 4000
        length: float = 60.0

    (tmp_path / "stub.py").write_text(STUB)
    monkeypatch.setattr(scale, "BEVSEG", (sys.executable, str(tmp_path / "stub.py")))
    monkeypatch.setattr(scale, "Recipe", Small)
    monkeypatch.setattr(scale, "STARTUP", (1, 100))
    monkeypatch.setattr(scale, "SPREAD", (50, 0.001))
    words = ["network", "spread", "--points", "5000", "--tile", "3000", "--cells", "0.2", "--repeats", "2"]
    data, numbers = tmp_path / "data", tmp_path / "scale.json"
    monkeypatch.setattr("sys.argv", ["scale.py", *words, "--data", str(data), "--json", str(numbers)])
    scale.main()
    runs = json.loads(numbers.read_text())["runs"]
    assert [(run["case"], run["points"], run["files"]) for run in runs] == [
        ("network", 5000, 2),
        ("spread", 50, 1),
    ]
    for run in runs:
        assert run["failed"] is None and len(run["turns"]) == 2
        assert run["stages"] == {"read": 0.25}
        assert run["arguments"] == ["--model", "default", "--max-memory", "2GiB"]
    printed = capsys.readouterr().out
    assert "network, 5,000 points in 2 files, cells of 0.2 m, 2 turns" in printed
    assert "| network | 5,000 | 0.2 |" in printed
    assert not {"out", "out_codec", "scratch"} & {path.name for path in data.iterdir()}


@pytest.mark.slow
def test_the_stages_of_a_run_are_read_from_its_report(tmp_path, tiny_model):
    import scale
    import surveys

    survey = surveys.spread(tmp_path, 200, 0.001)
    used, stages = scale.run(survey, tmp_path / "out", tmp_path / "scratch", ["--model", str(tiny_model)])
    assert used.status == 0, used.message
    assert used.peak_mib > 50 and used.samples > 1
    assert {"read", "write"} <= set(stages)
