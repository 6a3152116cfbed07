import dataclasses
import json
import logging
import math

import pytest
import torch

from bevseg.errors import InputError, OutputInUseError, PartialFailureError, TrainingError, UsageError
from bevseg.runtime.lock import locked
from bevseg.study.run_study import run_study
from bevseg.study.task import RunResult, Task
from bevseg.study.task_registry import TASKS
from tests.study.fake_task import STUDY, FakeSettings


@pytest.fixture
def calls(monkeypatch):
    """Table of tasks with a made-up one, and the settings it was run with."""
    done = []

    def run(settings, context):
        done.append((settings.loss, settings.seed, context.sources))
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


def stored(out):
    """All lines of the store."""
    return [json.loads(line) for line in (out / "runs.jsonl").read_text().splitlines()]


def test_only_what_is_new_in_a_larger_grid_is_trained(calls, tmp_path):
    run_study(write(tmp_path, '"a"'), tmp_path / "out")
    run_study(write(tmp_path, '"b", "a"'), tmp_path / "out")
    assert [call[:2] for call in calls] == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]


def test_a_run_made_with_another_default_is_done_again(calls, tmp_path):
    path, out = write(tmp_path, '"a"'), tmp_path / "out"
    run_study(path, out)
    old = [record | {"settings": record["settings"] | {"rate": 0.5}} for record in stored(out)]
    (out / "runs.jsonl").write_text("".join(json.dumps(record) + "\n" for record in old))
    assert run_study(path, out).trained == 2
    assert run_study(path, out).trained == 0  # the last line of a run counts


@pytest.mark.parametrize("end", ["{", '{"key": 3}', "[]", "[" * 100_000, '{"key": "x", "settings": 3}'])
def test_a_line_that_is_no_record_is_ignored_and_the_next_one_stands_apart(calls, tmp_path, end):
    path, out = write(tmp_path, '"a"'), tmp_path / "out"
    run_study(path, out)
    first, second = (out / "runs.jsonl").read_text().splitlines()
    (out / "runs.jsonl").write_text(f"{first}\n{end}")
    assert run_study(path, out).trained == 1
    assert run_study(path, out).trained == 0
    assert (out / "runs.jsonl").read_text().splitlines()[0::2] == [first, second]


def test_a_study_goes_on_from_a_copy_of_its_records(calls, tmp_path):
    path, out, copy = write(tmp_path, '"a"'), tmp_path / "out", tmp_path / "copy"
    run_study(path, out)
    copy.mkdir()
    (copy / "runs.jsonl").write_bytes((out / "runs.jsonl").read_bytes())
    assert run_study(path, copy).trained == 0
    assert (copy / "table.md").read_bytes() == (out / "table.md").read_bytes()


def test_an_interruption_keeps_what_is_done_and_nothing_half_written(calls, tmp_path):
    path, out = write(tmp_path, '"a", "stop"'), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        run_study(path, out)
    suffixes = sorted(p.suffix for p in (out / "runs").iterdir())
    assert suffixes == [".csv", ".csv", ".safetensors", ".safetensors"]
    assert len(stored(out)) == 2
    assert not list(out.rglob(".bevseg-*"))
    assert "| a | " in (out / "table.md").read_text()


def test_a_failed_run_spoils_only_itself(calls, tmp_path):
    path, out = write(tmp_path, '"bad", "a"'), tmp_path / "out"
    with pytest.raises(PartialFailureError, match="2 of 4 runs failed"):
        run_study(path, out)
    assert len(stored(out)) == 2
    assert "| a | 2 of 2" in (out / "table.md").read_text()


TUNED = '"a", { name = "tuned", loss = "b", init = { loss = "a" } }'


def test_a_fine_tuning_gets_the_weights_of_its_own_seed(calls, tmp_path):
    run_study(write(tmp_path, TUNED), tmp_path / "out")
    started = {seed: float(sources["init"].weights["w"]) for _, seed, sources in calls if sources}
    assert started == {0: 0.0, 1: 1.0}


def test_a_student_gets_weights_and_settings_of_its_teacher(calls, tmp_path):
    losses = f'{{ name = "student", loss = "c", teacher = {{ loss = "tuned" }} }}, {TUNED}'
    run_study(write(tmp_path, losses), tmp_path / "out", jobs=1)
    assert [loss for loss, _, _ in calls] == ["a", "a", "b", "b", "c", "c"]
    teachers = [sources["teacher"] for loss, _, sources in calls if loss == "c"]
    assert [(teacher.settings.loss, float(teacher.weights["w"])) for teacher in teachers] == [
        ("b", 0.0),
        ("b", 1.0),
    ]


def test_a_run_whose_weights_are_gone_is_trained_again_only_if_another_needs_it(calls, tmp_path):
    out = tmp_path / "out"
    run_study(write(tmp_path, '"a"'), out)
    for weights in (out / "runs").glob("*.safetensors"):
        weights.unlink()
    assert run_study(write(tmp_path, '"a"'), out).trained == 0
    assert run_study(write(tmp_path, TUNED), out).trained == 4
    assert [call[:2] for call in calls[2:]] == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    assert run_study(write(tmp_path, TUNED), out).trained == 0


def test_damaged_weights_are_an_error_that_says_what_to_do(calls, tmp_path):
    out = tmp_path / "out"
    run_study(write(tmp_path, '"a"'), out)
    for weights in (out / "runs").glob("*.safetensors"):
        weights.write_bytes(b"no weights")
    with pytest.raises(PartialFailureError, match="2 of 4 runs failed") as caught:
        run_study(write(tmp_path, TUNED), out)
    assert "weights of a run cannot be read" in caught.value.why


def test_an_unknown_device_is_refused_before_any_work(calls, tmp_path):
    with pytest.raises(UsageError, match="No device 'abacus'"):
        run_study(write(tmp_path, '"a"'), tmp_path / "out", device="abacus")
    assert not (tmp_path / "out").exists()


def test_data_that_are_refused_leave_no_folder(calls, tmp_path, monkeypatch):
    def refuse(settings, shared):
        raise InputError("No pictures")

    monkeypatch.setitem(TASKS, "fake_task", dataclasses.replace(TASKS["fake_task"], prepare=refuse))
    with pytest.raises(InputError, match="No pictures"):
        run_study(write(tmp_path, '"a"'), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_another_call_works_in_is_refused(calls, tmp_path):
    with locked(tmp_path / "out"), pytest.raises(OutputInUseError):
        run_study(write(tmp_path, '"a"'), tmp_path / "out")
    assert not calls
    assert run_study(write(tmp_path, '"a"'), tmp_path / "out").trained == 2


def test_a_column_that_no_run_has_is_told_with_the_nearest_fact(calls, tmp_path, caplog):
    run_study(write(tmp_path, '"a"', 'columns = ["od"]'), tmp_path / "out")
    assert caplog.messages == [
        "no run has the fact 'od', as a number or text, that a table names; did you mean 'odd'?"
    ]


def test_the_record_holds_all_settings_and_what_made_it(calls, tmp_path):
    run_study(write(tmp_path, '"a"'), tmp_path / "out")
    record = stored(tmp_path / "out")[0]
    assert record["settings"].keys() == {"loss", "seed", "rate"}
    assert record["made_with"]["threads"] == 1
    assert record["made_with"]["device"] == "cpu"
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


def test_runs_that_an_older_version_of_the_users_code_has_made_are_told(calls, tmp_path, monkeypatch, caplog):
    monkeypatch.syspath_prepend(tmp_path)
    loss = "def squared(logits, target, ignore_index=255):\n    return logits.square().mean()\n"
    (tmp_path / "my_losses.py").write_text(loss)
    path, out = write(tmp_path, '"my_losses:squared", "a"'), tmp_path / "out"
    run_study(path, out)
    with caplog.at_level(logging.WARNING):
        run_study(path, out)
        assert not caplog.records
        (tmp_path / "my_losses.py").write_text(loss.replace("mean", "sum"))
        assert run_study(path, out).trained == 0
    assert [record.getMessage() for record in caplog.records] == [
        "2 finished runs were trained with another version of my_losses: their results stay. "
        "For new ones name another output folder"
    ]
