"""`bevseg train --resume`: an interrupted training goes on, and ends with the bytes of an undisturbed one."""

import os
import shutil
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

import bevseg as api
from bevseg.cli.console import Console
from bevseg.runtime.lock import NAME
from bevseg.seg.training import loop
from bevseg.stages import train as stage
from tests import tiny
from tests.cli.invoke import bevseg, left_behind

TOML = (
    tiny.TOML.replace("filters = 4", "filters = 8")
    .replace("crop = 32", "crop = 64")
    .replace("steps = 4", "steps = 5")
)

FILES = ["history.csv", "m.safetensors"]
STATE = "m.safetensors.state"


@pytest.fixture(scope="module")
def work(streets, tmp_path_factory):
    """A work directory of labelled clouds, and one of a cloud without labels."""
    folder = tmp_path_factory.mktemp("resume")
    (folder / "tiny.toml").write_text(TOML)
    tiny.write_text(folder / "bare.txt", tiny.thin_street("bare", 7).xyz)
    for source, name in ((streets, "work"), (folder / "bare.txt", "further")):
        assert bevseg("ingest", source, "-o", folder / name).exit_code == 0
        assert bevseg("ground", folder / name, "--config", folder / "tiny.toml").exit_code == 0
    return folder


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that stands still: the history holds seconds."""
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: 0.0))


def train(work, out, *options, clouds="work", config="tiny.toml"):
    common = ("--config", work / config, "--val", "b", "--device", "cpu")
    return bevseg("train", work / clouds, "-o", out / "m.safetensors", *common, *options)


def interrupt(monkeypatch, task, step):
    """Let Ctrl-C come at a step of the training of a slice."""
    honest = Console.progress

    def progress(self, now):
        honest(self, now)
        if now.task == f"train {task}" and now.note.startswith(f"step {step} "):
            raise KeyboardInterrupt

    monkeypatch.setattr(Console, "progress", progress)


def interrupted(monkeypatch, work, out, *options, at=("low", 3)):
    with monkeypatch.context() as patch:
        interrupt(patch, *at)
        result = train(work, out, *options)
    assert result.exit_code == 130, result.stderr
    return result


def bytes_of(folder):
    assert left_behind(folder) == FILES
    return [(folder / name).read_bytes() for name in FILES]


@pytest.fixture(scope="module")
def whole(work, tmp_path_factory):
    """Bytes of model and history of a training that was not interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: 0.0))
        assert train(work, folder).exit_code == 0
    return bytes_of(folder)


@pytest.mark.parametrize("at", [("low", 1), ("low", 3), ("high", 1), ("high", 5)], ids=str)
def test_model_and_history_have_the_bytes_of_a_training_without_interruption(
    work, whole, tmp_path, monkeypatch, at
):
    result = interrupted(monkeypatch, work, tmp_path, at=at)
    has_state = at != ("low", 1)
    assert left_behind(tmp_path) == ([STATE] if has_state else [])
    assert ("with --resume it goes on from there" in result.stderr) == has_state
    result = train(work, tmp_path, "--resume")
    assert result.exit_code == 0, result.stderr
    assert ("goes on from its state of step" in result.stderr) == has_state
    assert bytes_of(tmp_path) == whole


@pytest.mark.parametrize("number", [1, 4, 6])
def test_it_goes_on_from_the_state_just_written(work, whole, tmp_path, monkeypatch, number):
    honest, count = stage.write, []

    def write(state, path):
        honest(state, path)
        count.append(1)
        if len(count) == number:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stage, "write", write)
        assert train(work, tmp_path).exit_code == 130
    assert train(work, tmp_path, "--resume").exit_code == 0
    assert bytes_of(tmp_path) == whole


def test_a_kill_between_model_and_history_is_made_good(work, whole, tmp_path, monkeypatch):
    def half(model, history, path):
        path.write_bytes(b"of this training, or of one that it may replace")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stage, "write_trained", half)
        assert train(work, tmp_path).exit_code == 130
    assert left_behind(tmp_path) == ["m.safetensors", STATE]
    assert train(work, tmp_path, "--resume").exit_code == 0
    assert bytes_of(tmp_path) == whole


def test_without_resume_the_state_is_told_and_kept(work, whole, tmp_path, monkeypatch):
    interrupted(monkeypatch, work, tmp_path)
    before = (tmp_path / STATE).read_bytes()
    result = train(work, tmp_path)
    assert result.exit_code == 6
    for word in ("was interrupted", STATE, "--resume", "--overwrite"):
        assert word in result.stderr
    assert "read the training clouds" not in result.stderr
    assert (tmp_path / STATE).read_bytes() == before


def test_overwrite_starts_anew_and_forgets_the_state_at_once(work, whole, tmp_path, monkeypatch):
    interrupted(monkeypatch, work, tmp_path, "--seed", "3")
    interrupted(monkeypatch, work, tmp_path, "--overwrite", at=("low", 1))
    assert left_behind(tmp_path) == []
    interrupted(monkeypatch, work, tmp_path, "--seed", "3")
    assert train(work, tmp_path, "--overwrite").exit_code == 0
    assert bytes_of(tmp_path) == whole


def test_a_model_that_the_training_could_replace_can_still_be_replaced(work, whole, tmp_path, monkeypatch):
    assert train(work, tmp_path, "--seed", "3").exit_code == 0
    interrupted(monkeypatch, work, tmp_path, "--overwrite")
    assert train(work, tmp_path, "--resume").exit_code == 0
    assert bytes_of(tmp_path) == whole


def test_resume_without_a_state_begins_and_replaces_nothing(work, whole, tmp_path):
    result = train(work, tmp_path, "--resume")
    assert result.exit_code == 0
    assert "a training begins" in result.stderr
    assert bytes_of(tmp_path) == whole
    assert train(work, tmp_path, "--resume").exit_code == 6
    assert bytes_of(tmp_path) == whole


def test_other_settings_are_refused_before_the_clouds_are_read(work, whole, tmp_path, monkeypatch):
    interrupted(monkeypatch, work, tmp_path)
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "other.toml"
    other.write_text(TOML.replace("steps = 5", "steps = 6"))
    for options, said in (
        (["--seed", "1"], "seed: 0 then, 1 now"),
        (["--slice", "low"], "slice: low, high then, low now"),
        (["--loss", "ce"], "train.loss: "),
        (["--max-minutes", "3"], "train.max_minutes: None then, 3.0 now"),
        (["--config", other], "train.steps: 5 then, 6 now"),
    ):
        command = ["train", work / "work", "-o", tmp_path / "m.safetensors", "--val", "b", "--device", "cpu"]
        config = [] if "--config" in options else ["--config", work / "tiny.toml"]
        result = bevseg(*command, *config, *options, "--resume")
        assert result.exit_code == 6
        assert said in result.stderr
        assert "read the training clouds" not in result.stderr
    assert train(work, tmp_path, "--resume").exit_code == 0
    assert (tmp_path / "m.safetensors").read_bytes() == whole[1]


def test_other_clouds_and_another_split_are_refused(work, streets, tmp_path, monkeypatch):
    interrupted(monkeypatch, work, tmp_path)
    for name, content in (("b", "a"), ("c", "c")):  # another cloud of that name
        shutil.copytree(work / "work" / content, tmp_path / "fewer" / name)
    result = train(work, tmp_path, "--resume", clouds=tmp_path / "fewer")
    assert result.exit_code == 6
    assert "cloud.b: content" in result.stderr
    command = ["train", work / "work", "-o", tmp_path / "m.safetensors", "--config", work / "tiny.toml"]
    result = bevseg(*command, "--device", "cpu", "--val", "a", "--resume")
    assert result.exit_code == 6
    assert "val: b then, a now" in result.stderr
    result = bevseg(*command, "--device", "cpu", "--val-blocks", "0.3", "--resume")
    assert result.exit_code == 2  # the streets are too small
    assert "too few blocks" in result.stderr


def test_resume_and_overwrite_exclude_each_other(work, tmp_path):
    result = train(work, tmp_path, "--resume", "--overwrite")
    assert result.exit_code == 2
    assert "--resume, --overwrite" in result.stderr


def test_a_damaged_state_is_refused_and_what_to_do_is_said(work, tmp_path):
    (tmp_path / STATE).write_bytes(b"half")
    result = train(work, tmp_path, "--resume")
    assert result.exit_code == 4
    for word in ("no state of a training", STATE, "--overwrite"):
        assert word in result.stderr


def test_a_fine_tuning_with_teacher_and_clouds_without_labels_goes_on(work, whole, tmp_path, monkeypatch):
    start = tmp_path / "start.safetensors"
    start.write_bytes(whole[1])
    options = ["--init", start, "--teacher", start, "--unlabelled", work / "further", "--slice", "high"]
    assert train(work, tmp_path / "whole", *options).exit_code == 0
    interrupted(monkeypatch, work, tmp_path / "again", *options, at=("high", 3))
    result = train(work, tmp_path / "again", *options, "--resume")
    assert result.exit_code == 0, result.stderr
    assert bytes_of(tmp_path / "again") == bytes_of(tmp_path / "whole")


def test_a_full_disk_stops_it_and_it_goes_on_when_there_is_room(work, whole, tmp_path, monkeypatch):
    from bevseg.seg.training import state_file

    honest, count = state_file.save_file, []

    def full(tensors, path, metadata):
        count.append(1)
        if len(count) == 2:
            raise OSError(28, "No space left on device")
        honest(tensors, path, metadata)

    with monkeypatch.context() as patch:
        patch.setattr(state_file, "save_file", full)
        result = train(work, tmp_path)
    assert result.exit_code == 6
    assert "free some space" in result.stderr
    assert left_behind(tmp_path) == [STATE]
    assert train(work, tmp_path, "--resume").exit_code == 0
    assert bytes_of(tmp_path) == whole


@pytest.mark.slow
def test_run_goes_on_with_its_training_by_itself(work, streets, tmp_path, monkeypatch):
    arguments = [
        "run",
        streets / "a.txt",
        "--train-on",
        streets,
        "--config",
        work / "tiny.toml",
        "--val",
        "b",
    ]
    arguments += ["--device", "cpu", "-o"]
    assert bevseg(*arguments, tmp_path / "whole").exit_code == 0
    with monkeypatch.context() as patch:
        interrupt(patch, "high", 3)
        result = bevseg(*arguments, tmp_path / "again")
    assert result.exit_code == 130
    assert "the same command goes on from there" in result.stderr
    state = tmp_path / "again" / "model.safetensors.state"
    assert state.exists()
    result = bevseg(*arguments, tmp_path / "again", "--seed", "5")
    assert result.exit_code == 6
    assert "seed: 0 then, 5 now" in result.stderr
    result = bevseg(*arguments, tmp_path / "again")
    assert result.exit_code == 0, result.stderr
    assert "goes on from its state of step 2 of the high slice" in result.stderr
    assert not state.exists()
    for name in ("model.safetensors", "history.csv", "a.txt"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_python_goes_on_too(work, streets, tmp_path, monkeypatch):
    honest, count = stage.write, []

    def write(state, path):
        honest(state, path)
        count.append(1)
        raise KeyboardInterrupt

    options = {"config": work / "tiny.toml", "val": "b", "device": "cpu"}
    api.train(streets, tmp_path / "whole" / "m.safetensors", **options)
    target = tmp_path / "again" / "m.safetensors"
    with monkeypatch.context() as patch:
        patch.setattr(stage, "write", write)
        with pytest.raises(KeyboardInterrupt):
            api.train(streets, target, **options)
    with pytest.raises(FileExistsError, match="was interrupted"):
        api.train(streets, target, **options)
    api.train(streets, target, resume=True, **options)
    assert bytes_of(tmp_path / "again") == bytes_of(tmp_path / "whole")
    with pytest.raises(ValueError, match="nothing to go on with"):
        api.train(streets, resume=True, **options)


# A training in a process of its own, its clock standing still, that says when a state is written and waits there.
KEEPING = """
import signal, sys, time
from types import SimpleNamespace
from bevseg.stages import train
from bevseg.seg.training import loop

loop.time = SimpleNamespace(monotonic=lambda: 0.0)
honest = train.write

def write(state, path):
    honest(state, path)
    print("written", flush=True)
    for _ in range(600):
        time.sleep(0.1)

train.write = write

if __name__ == "__main__":
    from bevseg.cli.main import main
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGKILL", -9)])
def test_signals_keep_the_state(work, whole, tmp_path, number, code):
    script = tmp_path / "script.py"
    script.write_text(KEEPING)
    out = tmp_path / "out"
    command = ["train", work / "work", "-o", out / "m.safetensors", "--config", work / "tiny.toml"]
    command += ["--val", "b", "--device", "cpu"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    running = subprocess.Popen(
        [sys.executable, str(script), *map(str, command)],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout.readline() == "written\n", running.communicate()
    running.send_signal(getattr(signal, number))
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == code
    assert "Traceback" not in stderr
    assert ("with --resume it goes on from there" in stderr) == (number != "SIGKILL")
    # Nobody can tidy up after SIGKILL: the next training takes the lock of a process that is gone.
    assert left_behind(out) == ([NAME, STATE] if number == "SIGKILL" else [STATE])
    assert train(work, out, "--resume").exit_code == 0
    assert bytes_of(out) == whole
