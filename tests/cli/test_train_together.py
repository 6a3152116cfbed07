"""`torchrun -m bevseg train`: two processes make one model, speak with one voice, and end together."""

import csv
import os
import subprocess
import sys

import pytest

from bevseg.seg import checkpoint
from bevseg.seg.training.distributed import Processes
from tests import tiny
from tests.cli.invoke import bevseg, left_behind

FILES = ["history.csv", "m.safetensors"]

TOML = tiny.TOML.replace("depth = 2", "depth = 2\ndropout = 0.0")
"""Each process draws what it leaves out by itself."""


@pytest.fixture(scope="module")
def work(streets, tmp_path_factory):
    """A work directory of labelled clouds."""
    folder = tmp_path_factory.mktemp("together")
    (folder / "tiny.toml").write_text(TOML)
    assert bevseg("ingest", streets, "-o", folder / "work").exit_code == 0
    assert bevseg("ground", folder / "work", "--config", folder / "tiny.toml").exit_code == 0
    return folder


def arguments(work, out, *options):
    common = (
        "--config",
        work / "tiny.toml",
        "--val",
        "b",
        "--device",
        "cpu",
        "--loss",
        "tests.cli.gives_up:loss",
    )
    return ["train", work / "work", "-o", out / "m.safetensors", *common, *options]


def together(work, out, *options, **environment):
    """Train in two processes; the result has returncode, stdout and stderr."""
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "bevseg",
    ]
    return subprocess.run(
        [*command, *map(str, arguments(work, out, *options))],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | environment,
    )


def losses(folder):
    with (folder / "history.csv").open(newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def whole(work, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    result = together(work, folder)
    assert result.returncode == 0, result.stderr
    return folder, result


@pytest.mark.slow
def test_two_processes_make_the_model_of_one_and_speak_with_one_voice(work, whole, tmp_path):
    folder, result = whole
    assert left_behind(folder) == FILES
    assert bevseg(*arguments(work, tmp_path)).exit_code == 0
    # The processor may compute in bfloat16, which has two or three digits.
    assert losses(folder) == pytest.approx(losses(tmp_path), rel=0.01)
    assert checkpoint.load(folder / "m.safetensors").scores["validation"]["clouds"] == ["b"]
    assert result.stdout.count("held out: b") == 1
    assert result.stderr.count("written:") == result.stderr.count("train high: step 4 of 4") == 1


@pytest.mark.slow
def test_the_error_of_one_ends_both_with_one_message_and_both_go_on_from_the_state(work, whole, tmp_path):
    ended = together(work, tmp_path, GIVES_UP="1")
    assert ended.returncode != 0
    assert ended.stderr.count("bevseg: error:") == 1 and "where: process 1" in ended.stderr
    assert "this is a bug" not in ended.stderr
    assert left_behind(tmp_path) == ["m.safetensors.state"]
    again = together(work, tmp_path, "--resume")
    assert again.returncode == 0, again.stderr
    assert left_behind(tmp_path) == FILES
    assert (tmp_path / "m.safetensors").read_bytes() == (whole[0] / "m.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--loss", "ce"], "train.batch = 3"),
        (["--loss", "neuro-iou", "--init", "default"], "one process only"),
    ],
)
def test_what_processes_cannot_share_is_refused_before_the_clouds_are_read(
    tmp_path, monkeypatch, options, word
):
    monkeypatch.setattr(Processes, "of_training", lambda: Processes(0, 2))
    settings = tmp_path / "odd.toml"
    settings.write_text("[train]\nbatch = 3\n")
    result = bevseg(
        "train", tmp_path / "none", "-o", tmp_path / "m.safetensors", "--config", settings, *options
    )
    assert result.exit_code == 2 and word in result.stderr, result.stderr
