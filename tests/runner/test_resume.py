"""What an ended run has left serves the next one if it is of the same settings, and does no harm if it is not."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from bevseg.runner import finished, write_cloud
from bevseg.runtime.atomic import replacing
from tests import tiny
from tests.cli.invoke import bevseg, left_behind

SCRATCH = ".bevseg-scratch"


@pytest.fixture
def folder(streets, tmp_path):
    """A folder with a copy of two clouds."""
    (tmp_path / "in").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "in" / name).write_bytes((streets / name).read_bytes())
    return tmp_path


def label(folder, model, *options, out="out"):
    return bevseg("run", folder / "in", "-o", folder / out, "-m", model, *options)


def clouds(out):
    return {name: (out / name).read_bytes() for name in ("a.txt", "b.txt")}


def end_before_clouds(folder, model, monkeypatch, *options):
    """Label all blocks, and end the run before the first cloud is written."""
    with monkeypatch.context() as patch:
        patch.setattr(write_cloud, "write_cloud", _interrupt)
        assert label(folder, model, *options).exit_code == 130
    assert left_behind(folder / "out") == [SCRATCH]
    assert list((folder / "out" / SCRATCH).glob("*.labels"))


def _interrupt(*rest, **more):
    raise KeyboardInterrupt


def other_model(streets, path):
    """Train a model that labels otherwise than the tiny one."""
    from bevseg.seg import checkpoint
    from bevseg.training import prepare_example, train

    model, _ = train([prepare_example(tiny.thin_street("z", 9), tiny.SETTINGS)], tiny.SETTINGS, device="cpu")
    checkpoint.save(model, path)
    return path


@pytest.mark.parametrize("change", ["model", "turns"])
def test_scratch_of_other_settings_does_no_harm(change, folder, streets, tiny_model, monkeypatch):
    model, options = tiny_model, ("--turns", "2")
    if change == "model":
        model, options = other_model(streets, folder / "other.safetensors"), ()
    assert label(folder, model, *options, out="fresh").exit_code == 0
    end_before_clouds(folder, tiny_model, monkeypatch)
    result = label(folder, model, *options)
    assert result.exit_code == 0, result.stderr
    assert clouds(folder / "out") == clouds(folder / "fresh")
    assert left_behind(folder / "out") == left_behind(folder / "fresh")


def test_labels_that_were_found_with_one_look_are_not_taken_for_those_of_two(folder, tiny_model, monkeypatch):
    end_before_clouds(folder, tiny_model, monkeypatch)
    before = {path.name for path in (folder / "out" / SCRATCH).iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr(write_cloud, "write_cloud", _interrupt)
        assert label(folder, tiny_model, "--turns", "2").exit_code == 130
    new = {path.name for path in (folder / "out" / SCRATCH).iterdir()} - before
    # Points and ground do not depend on it.
    assert {Path(name).suffix for name in new} == {".labels", ".survey"}


def test_an_ended_run_refuses_another_model_and_overwrite_starts_anew(
    folder, streets, tiny_model, monkeypatch
):
    other = other_model(streets, folder / "other.safetensors")
    assert label(folder, other, out="fresh").exit_code == 0
    with monkeypatch.context() as patch:
        honest = write_cloud.write_cloud

        def only_a(cloud, labels, path, **rest):
            if cloud.name == "b":
                raise KeyboardInterrupt
            return honest(cloud, labels, path, **rest)

        patch.setattr(write_cloud, "write_cloud", only_a)
        assert label(folder, tiny_model).exit_code == 130
    first = (folder / "out" / "a.txt").read_bytes()
    refused = label(folder, other)
    assert refused.exit_code == 6
    assert "another model" in refused.stderr
    assert (folder / "out" / "a.txt").read_bytes() == first
    result = label(folder, other, "--overwrite")
    assert result.exit_code == 0, result.stderr
    assert clouds(folder / "out") == clouds(folder / "fresh")
    assert left_behind(folder / "out") == left_behind(folder / "fresh")


def test_results_of_an_older_schema_are_read(folder, tiny_model):
    assert label(folder, tiny_model).exit_code == 0
    before = clouds(folder / "out")
    path = folder / "out" / "report.json"
    older = json.loads(path.read_text())
    del older["schema"]
    for facts in older["clouds"].values():
        del facts["survey"], facts["labels"]
    path.write_text(json.dumps(older))
    result = label(folder, tiny_model)
    assert result.exit_code == 0, result.stderr
    assert clouds(folder / "out") == before
    assert json.loads(path.read_text())["schema"] == finished.SCHEMA


def test_a_note_of_a_newer_schema_is_refused(folder, tiny_model, monkeypatch):
    (folder / "out").mkdir()
    monkeypatch.setattr(finished, "SCHEMA", finished.SCHEMA + 1)
    finished.note(folder / "out", "a", {}, {})
    monkeypatch.undo()
    result = label(folder, tiny_model)
    assert result.exit_code == 6
    assert "newer bevseg" in result.stderr
    assert left_behind(folder / "out") == ["report.unfinished.jsonl"]


@pytest.mark.parametrize("has_report", [True, False])
def test_an_end_between_note_and_rename_of_a_cloud_that_is_replaced(
    has_report, folder, streets, tiny_model, monkeypatch
):
    if has_report:
        assert label(folder, tiny_model).exit_code == 0
    else:
        with monkeypatch.context() as patch:
            patch.setattr("bevseg.runner.run.write_json", _interrupt)
            assert label(folder, tiny_model).exit_code == 130
    before = clouds(folder / "out")
    rows = np.loadtxt(folder / "in" / "a.txt")[::2]
    tiny.write_text(folder / "in" / "a.txt", rows[:, :3], rows[:, 3].astype(np.uint8))
    with monkeypatch.context() as patch:
        honest = finished.note

        def noted_and_ended(*rest):
            honest(*rest)
            raise KeyboardInterrupt

        patch.setattr(finished, "note", noted_and_ended)
        assert label(folder, tiny_model).exit_code == 130
    assert clouds(folder / "out") == before
    result = label(folder, tiny_model)
    assert result.exit_code == 0, result.stderr
    assert label(folder, tiny_model, out="fresh").exit_code == 0
    assert clouds(folder / "out") == clouds(folder / "fresh")


def test_a_file_is_on_the_disk_before_it_appears(tmp_path, monkeypatch):
    path, seen = tmp_path / "a.txt", []

    def sync(handle):
        seen.append((path.exists(), os.fstat(handle).st_size))

    monkeypatch.setattr(os, "fsync", sync)
    with replacing(path) as temporary:
        temporary.write_text("labels")
    assert seen == [(False, 6)]
    assert path.read_text() == "labels"
    finished.note(tmp_path, "a", {}, {})
    assert len(seen) == 2
