import json
import math

import pytest
import torch

from bevseg.errors import PartialFailureError, TrainingError
from bevseg.study.run_study import run_study
from bevseg.study.task import RunResult, Task
from bevseg.study.task_registry import TASKS
from tests.study.fake_task import STUDY, FakeSettings


@pytest.fixture
def calls(monkeypatch):
    """Table of tasks with a made-up one, and the settings it was run with."""
    done = []

    def run(settings, init, shared):
        done.append((settings.loss, settings.seed, init))
        if settings.loss == "bad":
            raise TrainingError("The loss became infinite or NaN")
        if settings.loss == "stop":
            raise KeyboardInterrupt
        return RunResult(
            {"score": 0.5 + 0.1 * settings.seed, "collapsed": 0.0, "odd": math.nan},
            [{"epoch": 1, "loss": 0.5}],
            {"w": torch.full((1,), float(settings.seed))},
        )

    monkeypatch.setitem(TASKS, "fake_task", Task(FakeSettings, run, lambda settings: None))
    return done


def write(tmp_path, losses, extra=""):
    path = tmp_path / "study.toml"
    path.write_text(STUDY.format(losses=losses, extra=extra))
    return path


def test_a_second_call_trains_nothing_and_gives_the_same_table(calls, tmp_path):
    path, out = write(tmp_path, '"a", "b"'), tmp_path / "out"
    first = run_study(path, out)
    assert (first.trained, len(calls)) == (4, 4)
    table = (out / "table.md").read_bytes()
    second = run_study(path, out)
    assert (second.trained, len(calls)) == (0, 4)
    assert (out / "table.md").read_bytes() == table
    assert {p.name for p in second.written} == {"settings.json", "table.md", "table.csv", "table.png"}


def test_only_what_is_new_in_a_larger_grid_is_trained(calls, tmp_path):
    run_study(write(tmp_path, '"a"'), tmp_path / "out")
    run_study(write(tmp_path, '"b", "a"'), tmp_path / "out")
    assert [call[:2] for call in calls] == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]


def test_a_run_made_with_another_default_is_done_again(calls, tmp_path):
    path, out = write(tmp_path, '"a"'), tmp_path / "out"
    run_study(path, out)
    for record in (out / "runs").glob("*.json"):
        table = json.loads(record.read_text())
        table["settings"]["rate"] = 0.5
        record.write_text(json.dumps(table))
    assert run_study(path, out).trained == 2


def test_a_record_cut_short_by_hand_is_done_again(calls, tmp_path):
    path, out = write(tmp_path, '"a"'), tmp_path / "out"
    run_study(path, out)
    next((out / "runs").glob("*.json")).write_text("{")
    assert run_study(path, out).trained == 1


def test_an_interruption_keeps_what_is_done_and_nothing_half_written(calls, tmp_path):
    path, out = write(tmp_path, '"a", "stop"'), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        run_study(path, out)
    suffixes = sorted(p.suffix for p in (out / "runs").iterdir())
    assert suffixes == [".csv", ".csv", ".json", ".json", ".pt", ".pt"]
    assert not list(out.rglob(".bevseg-*"))
    assert "| a | " in (out / "table.md").read_text()


def test_a_failed_run_spoils_only_itself(calls, tmp_path):
    path, out = write(tmp_path, '"bad", "a"'), tmp_path / "out"
    with pytest.raises(PartialFailureError, match="2 of 4 runs failed"):
        run_study(path, out)
    assert len(list((out / "runs").glob("*.json"))) == 2
    assert "| a | 2 of 2" in (out / "table.md").read_text()


def test_a_fine_tuning_gets_the_weights_of_its_own_seed(calls, tmp_path):
    losses = '"a", { name = "tuned", loss = "b", init = { loss = "a" } }'
    run_study(write(tmp_path, losses), tmp_path / "out")
    started = {seed: float(init["w"]) for loss, seed, init in calls if init is not None}
    assert started == {0: 0.0, 1: 1.0}


def test_the_record_holds_all_settings_and_what_made_it(calls, tmp_path):
    run_study(write(tmp_path, '"a"'), tmp_path / "out")
    record = json.loads(next((tmp_path / "out" / "runs").glob("*.json")).read_text())
    assert record["settings"].keys() == {"loss", "seed", "rate"}
    assert record["made_with"]["threads"] == 1
    assert record["made_with"]["torch"] == torch.__version__
    assert record["facts"]["odd"] is None
    settings = json.loads((tmp_path / "out" / "settings.json").read_text())
    assert len(settings["runs"]) == 2
    assert settings["study"]["axes"]["seed"] == [0, 1]


def test_threads_and_denormal_numbers_are_as_before(calls, tmp_path):
    threads = torch.get_num_threads()
    run_study(write(tmp_path, '"a"'), tmp_path / "out")
    assert torch.get_num_threads() == threads
    assert torch.tensor(1e-40).item() > 0
