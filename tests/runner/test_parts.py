"""Parts of a run label blocks into one scratch folder, in any order; a run without parts writes the clouds."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from bevseg.errors import InputError
from bevseg.report.page_names import PAGE, VIEWER
from bevseg.runner import lay_cloud
from bevseg.runner.parts import parted, rotated
from bevseg.runner.work import SurveyWork
from bevseg.runtime.lock import locked
from bevseg.survey import label_block
from bevseg.survey.block_task import BlockTask
from tests import tiny
from tests.cli.invoke import bevseg, left_behind, process

SCRATCH = ".bevseg-scratch"


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """Folder of three clouds of one street, 960 m long: five blocks in two squares."""
    folder = tmp_path_factory.mktemp("survey")
    street = tiny.long_street("street", pieces=48, every=120)
    order = np.argsort(street.xyz[:, 0], kind="stable")
    for name, rows in zip("abc", np.array_split(order, 3), strict=True):
        tiny.write_text(folder / f"{name}.txt", street.xyz[rows], street.labels[rows])
    return folder


@pytest.fixture(scope="module")
def whole(survey, tiny_model, tmp_path_factory):
    """Folder of the results of one run without parts."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert bevseg("run", survey, "-o", out, "-m", tiny_model).exit_code == 0
    return out


def label(survey, out, model, *options):
    return bevseg("run", survey, "-o", out, "-m", model, *options)


def assert_same(out, whole):
    assert left_behind(out) == left_behind(whole)
    for path in whole.iterdir():
        if path.is_file() and path.name not in (PAGE, VIEWER, "report.json"):  # these hold times
            assert (out / path.name).read_bytes() == path.read_bytes(), path.name
    one, other = (json.loads((folder / "report.json").read_text()) for folder in (out, whole))
    assert one["scores"] == other["scores"]


def versions(out, *kinds):
    scratch = out / SCRATCH
    found = [path for path in scratch.iterdir() if path.suffix in kinds]
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def test_parts_in_any_order_give_the_bytes_of_one_run(survey, whole, tiny_model, tmp_path, monkeypatch):
    out = tmp_path / "out"
    labelled = []
    for part in ("3/3", "1/3", "2/3"):
        result = label(survey, out, tiny_model, "--part", part)
        assert result.exit_code == 0, result.stderr
        assert left_behind(out) == [SCRATCH]
        labelled.append(len(versions(out, ".labels")))
    assert 0 < labelled[0] < labelled[1] < labelled[2] == 5
    before = versions(out, ".points", ".ground", ".labels")
    monkeypatch.setattr("bevseg.runner.run.remove_scratch", lambda request: None)
    result = label(survey, out, tiny_model)
    assert result.exit_code == 0, result.stderr
    assert versions(out, ".points", ".ground", ".labels") == before
    monkeypatch.undo()
    assert label(survey, out, tiny_model).exit_code == 0
    assert_same(out, whole)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_parts_at_the_same_time_one_of_them_killed(survey, whole, tiny_model, tmp_path):
    out = tmp_path / "out"
    parts = [
        process("run", survey, "-o", out, "-m", tiny_model, "--part", f"{n}/3", "-q", start_new_session=True)
        for n in (1, 2, 3)
    ]
    while parts[1].poll() is None and not list(out.glob(f"{SCRATCH}/*.ground")):
        time.sleep(0.01)
    os.killpg(parts[1].pid, signal.SIGKILL)
    for part, code in zip(parts, (0, -signal.SIGKILL, 0), strict=True):
        _, stderr = part.communicate()
        assert part.returncode == code, stderr
    result = label(survey, out, tiny_model, "--part", "2/3")
    assert result.exit_code == 0, result.stderr
    assert label(survey, out, tiny_model).exit_code == 0
    assert_same(out, whole)


def test_a_part_reads_its_own_clouds_first_and_those_that_lie_there_not_at_all(
    survey, tiny_model, tmp_path, monkeypatch
):
    lay_down, read = lay_cloud.lay_down, []

    def noted(file, *rest, **more):
        read.append(file.stem)
        return lay_down(file, *rest, **more)

    monkeypatch.setattr(lay_cloud, "lay_down", noted)
    assert label(survey, tmp_path / "second", tiny_model, "--part", "2/3").exit_code == 0
    assert read == ["b", "c", "a"]
    read.clear()
    (points, *_) = (tmp_path / "second" / SCRATCH).glob("*.points")
    points.unlink()
    assert label(survey, tmp_path / "second", tiny_model, "--part", "1/3").exit_code == 0
    assert len(read) == 1


def test_each_part_of_many_begins_with_its_share_of_the_clouds():
    assert [rotated("abcdefgh", (number, 4))[0] for number in (1, 2, 3, 4)] == ["a", "c", "e", "g"]
    assert [rotated("ab", (number, 4))[0] for number in (1, 2, 3, 4)] == ["a", "a", "b", "b"]
    assert list(rotated("abc", None)) == ["a", "b", "c"]


def made_up(points):
    """A survey whose blocks, each in a square of its own, have these numbers of points."""
    tasks = [BlockTask((number, 0), Path("s"), count) for number, count in enumerate(points)]
    needs = {task.block: [task.block] for task in tasks}
    return SurveyWork(Path("s"), {}, {}, {}, tasks, tasks, needs, {}, sum(points), "", [])


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_parts_share_the_points_of_all_surveys_and_no_block_twice(count):
    rng = np.random.default_rng(0)
    surveys = [made_up(rng.integers(1, 1000, size).tolist()) for size in (40, 1, 1, 1, 60)]
    shares, blocks = [], []
    for number in range(1, count + 1):
        own = parted(surveys, (number, count))
        tasks = [(survey, task) for survey, each in enumerate(own) for task in each.blocks]
        assert [(survey, task) for survey, each in enumerate(own) for task in each.squares] == tasks
        shares.append(sum(task.points for _, task in tasks))
        blocks += [(survey, task.block) for survey, task in tasks]
    assert len(blocks) == len(set(blocks)) == 103
    assert max(shares) - min(shares) <= 2 * 1000


def test_surveys_of_one_block_are_spread_over_the_parts():
    surveys = [made_up([5]) for _ in range(6)]
    assert [sum(len(each.blocks) for each in parted(surveys, (n, 3))) for n in (1, 2, 3)] == [2, 2, 2]


def test_more_parts_than_blocks_leave_some_without_work(survey, tiny_model, tmp_path):
    result = label(survey, tmp_path / "out", tiny_model, "--part", "1/99")
    assert result.exit_code == 0, result.stderr
    assert versions(tmp_path / "out", ".labels") == {}


def test_a_part_with_a_block_that_fails_says_so_in_its_exit_code(survey, tiny_model, tmp_path, monkeypatch):
    honest = label_block.label_block

    def broken(block, *rest, **more):
        if block.col == 0:
            raise InputError("Broken block")
        honest(block, *rest, **more)

    monkeypatch.setattr(label_block, "label_block", broken)
    codes = [label(survey, tmp_path / "out", tiny_model, "--part", f"{n}/2").exit_code for n in (1, 2)]
    assert codes == [3, 0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-o", "{out}", "--overwrite"), "--overwrite"),
        (("-o", "{out}.laz"), "name a directory"),
        (("-o", "{out}", "--train-on", "{clouds}", "--classes", "shrec20"), "train a model first"),
    ],
)
def test_a_part_refuses_what_several_processes_cannot_do_together(survey, tmp_path, options, words):
    given = [option.format(out=tmp_path / "out", clouds=survey) for option in options]
    result = bevseg("run", survey / "a.txt", *given, "--part", "1/2")
    assert result.exit_code == 2
    assert "A part of a run only labels blocks" in result.stderr
    assert words in result.stderr
    assert left_behind(tmp_path) == []


def test_parts_exclude_a_run_without_parts_and_not_each_other(survey, tiny_model, tmp_path):
    out = tmp_path / "out"
    with locked(out, part="1/2"):
        assert label(survey, out, tiny_model, "--part", "2/2").exit_code == 0
        refused = label(survey, out, tiny_model)
        again = label(survey, out, tiny_model, "--part", "1/2")
    assert refused.exit_code == again.exit_code == 6
    assert "Another process writes into the output" in refused.stderr
    with locked(out):
        assert label(survey, out, tiny_model, "--part", "1/2").exit_code == 6
        assert label(survey, out, tiny_model).exit_code == 6
