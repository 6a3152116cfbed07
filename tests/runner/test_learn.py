"""`bevseg learn`: corrections of a person -> a new model and new labels, in which what was said stands."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from bevseg.core.labels import BUILDING, CAR, CLASS_NAMES, GROUND, UNDEFINED
from bevseg.errors import TrainingError
from bevseg.review.run_outputs import RunOutputs
from bevseg.seg import checkpoint
from bevseg.workdir.facts import sha256
from tests import tiny
from tests.cli.invoke import bevseg, left_behind

MANY = 300
"""Points that a person speaks about at once."""


@dataclass(frozen=True)
class Words:
    """What a person said: points that are of class `was` and get class `label`, and others that are right."""

    was: int
    label: int
    said: np.ndarray
    confirmed: np.ndarray


def correct(out, name="a", label=None):
    """Correct some points of the most frequent class of objects, and confirm others of it."""
    outputs = RunOutputs.open(out)
    edits, classes = outputs.edits(), outputs.cloud(name).read().classes
    was = max(
        (label for label in range(1, 6) if label != GROUND), key=lambda k: np.count_nonzero(classes == k)
    )
    points = np.flatnonzero(classes == was)
    assert len(points) > 2 * MANY
    if label is None:
        label = CAR if was != CAR else BUILDING
    words = Words(was, label, points[:MANY], points[-MANY:])
    edits.add({name: words.said}, words.label, "rectangle")
    edits.add({name: words.confirmed}, None, "piece")
    return words


@pytest.fixture
def folder(streets, tiny_model, tmp_path):
    """The results of a run on two streets."""
    (tmp_path / "clouds").mkdir()
    for name in ("a", "b"):
        (tmp_path / "clouds" / f"{name}.txt").write_bytes((streets / f"{name}.txt").read_bytes())
    result = bevseg("run", tmp_path / "clouds", "-o", tmp_path / "out", "-m", tiny_model)
    assert result.exit_code == 0, result.stderr
    return tmp_path


def learned(folder, *options):
    return bevseg("learn", folder / "out", "-o", folder / "learned", "--max-minutes", 0.05, *options)


def hashes(folder):
    return {str(path): sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def test_what_a_person_said_stands_and_the_circle_goes_on(folder):
    words = correct(folder / "out")
    before = hashes(folder / "out") | hashes(folder / "clouds")
    result = learned(folder)
    assert result.exit_code == 0, result.stderr
    assert hashes(folder / "out") | hashes(folder / "clouds") == before
    names = ["a.txt", "b.txt", "edits.jsonl", "model.safetensors", "report.html", "report.json", "view.html"]
    shown = [name for name in left_behind(folder / "learned") if not name.startswith(".")]
    assert shown == names
    new = RunOutputs.open(folder / "learned")
    cloud = new.cloud("a").read()
    assert (cloud.classes[words.said] == words.label).all()
    assert (cloud.classes[words.confirmed] == words.was).all()
    assert (cloud.confidence[words.said] == 255).all()
    edits = new.edits()  # knows the new files
    assert [edit.number for edit in edits.in_force()] == [1, 2]
    edits.add({"b": np.arange(50)}, None, "piece")
    again = bevseg("learn", folder / "learned", "-o", folder / "third", "--max-minutes", 0.05)
    assert again.exit_code == 0, again.stderr
    third = RunOutputs.open(folder / "third").cloud("a").read()
    assert (third.classes[words.said] == words.label).all()
    assert (third.classes[words.confirmed] == words.was).all()


def test_the_report_says_what_changed(folder):
    words = correct(folder / "out")
    was, label = CLASS_NAMES[words.was], CLASS_NAMES[words.label]
    result = learned(folder)
    old, new = (RunOutputs.open(folder / name) for name in ("out", "learned"))
    table = new.table["learned"]
    pairs = np.zeros((6, 6), int)
    for name in ("a", "b"):
        np.add.at(pairs, (old.cloud(name).read().classes, new.cloud(name).read().classes), 1)
    assert table["before"] == dict(zip(CLASS_NAMES, pairs.sum(1).tolist(), strict=True))
    assert table["after"] == dict(zip(CLASS_NAMES, pairs.sum(0).tolist(), strict=True))
    assert table["changed"][f"{was}->{label}"] == pairs[words.was, words.label] >= MANY
    assert sum(table["changed"].values()) == pairs.sum() - np.trace(pairs)
    assert table["said"] == 2 * MANY
    assert table["corrections"]["clouds"]["a"][label] == MANY
    clouds = new.table["clouds"]
    assert clouds["a"]["output_sha256"] == sha256(folder / "learned" / "a.txt")
    assert clouds["a"]["classes"][label] == table["after"][label] - clouds["b"]["classes"][label]
    assert (clouds["a"]["role"], new.table["scored"]) == ("corrected", ["b"])  # only b is nobody's word
    assert f"{was} to {label}" in result.stdout
    model = checkpoint.load(folder / "learned" / "model.safetensors")
    assert model.scores["corrections"] == table["corrections"]


def test_a_seed_gives_the_same_bytes(folder):
    correct(folder / "out")
    for name in ("one", "two"):
        result = bevseg("learn", folder / "out", "-o", folder / name, "--seed", 3, "--device", "cpu")
        assert result.exit_code == 0, result.stderr
    for file in ("model.safetensors", "a.txt", "b.txt", "edits.jsonl"):
        assert sha256(folder / "one" / file) == sha256(folder / "two" / file)


def test_a_file_corrected_in_other_software_is_learned(folder):
    cloud = RunOutputs.open(folder / "out").cloud("a")
    classes = cloud.read().classes
    before, points = hashes(folder / "out"), np.flatnonzero((classes != GROUND) & (classes != CAR))[:MANY]
    lines = cloud.path.read_text().splitlines()
    head = next(i for i, line in enumerate(lines) if line.lstrip("-")[:1].isdigit())
    column = lines[head - 1].split().index("label") if head else 3
    for point in points:
        fields = lines[head + point].split()
        assert fields[column] == str(classes[point])
        fields[column] = str(CAR)
        lines[head + point] = " ".join(fields)
    (folder / "a_edited.txt").write_text("\n".join(lines) + "\n")
    result = learned(folder, "--corrected", folder / "a_edited.txt")
    assert result.exit_code == 0, result.stderr
    assert hashes(folder / "out") == before
    new = RunOutputs.open(folder / "learned")
    assert (new.cloud("a").read().classes[points] == CAR).all()
    assert [edit.how for edit in new.edits().in_force()] == ["file a_edited.txt"]


def test_without_corrections_it_says_how_to_make_some(folder):
    result = learned(folder)
    assert result.exit_code == 2
    assert "bevseg view" in result.stderr
    assert not (folder / "learned").exists()


def test_a_labelled_file_or_a_source_that_has_changed_is_refused(folder):
    correct(folder / "out")
    source, labelled = folder / "clouds" / "b.txt", folder / "out" / "a.txt"
    content = source.read_bytes()
    source.write_bytes(content.replace(b"1", b"2", 1))
    result = learned(folder)
    assert "A source has changed" in result.stderr
    source.unlink()
    assert "source of the results is missing" in learned(folder).stderr
    source.write_bytes(content)
    labelled.write_bytes(labelled.read_bytes().replace(b"1", b"2", 1))
    result = learned(folder)
    assert result.exit_code != 0
    assert "has changed since" in result.stderr
    assert not (folder / "learned").exists()


def test_another_model_is_refused(folder, tiny_model, tmp_path):
    correct(folder / "out")
    other = tmp_path / "other.safetensors"
    model = checkpoint.load(tiny_model)
    checkpoint.save(type(model)(model.nets, model.bands, model.settings, seed=77), other)
    result = learned(folder, "-m", other)
    assert result.exit_code != 0
    assert "model of the run is not found" in result.stderr


def test_results_that_stand_there_are_not_replaced(folder):
    correct(folder / "out")
    (folder / "learned").mkdir()
    (folder / "learned" / "mine.txt").write_text("mine")
    result = learned(folder)
    assert "The output exists" in result.stderr
    assert left_behind(folder / "learned") == ["mine.txt"]
    result = bevseg("learn", folder / "out", "-o", folder / "out", "--overwrite")
    assert result.exit_code == 2
    assert "cannot replace" in result.stderr


@pytest.mark.parametrize("broken", ["learn_corrections", "run"])
def test_nothing_is_left_behind_by_a_failure(folder, monkeypatch, broken):
    from bevseg.runner import learn
    from bevseg.training import corrections

    def fail(*args, **kwargs):
        raise TrainingError("The loss became infinite or NaN")

    correct(folder / "out")
    monkeypatch.setattr(corrections if broken == "learn_corrections" else learn, broken, fail)
    result = learned(folder)
    assert result.exit_code != 0
    assert not (folder / "learned").exists()


def test_points_that_are_said_to_be_undefined_stay_so(folder):
    words = correct(folder / "out", label=UNDEFINED)
    assert learned(folder).exit_code == 0
    assert (RunOutputs.open(folder / "learned").cloud("a").read().classes[words.said] == UNDEFINED).all()


def test_options_of_the_first_run_hold(streets, tiny_model, tmp_path):
    options = ("--format", "laz", "--out-classes", "asprs", "--probabilities", "all", "--turns", "2")
    tiny.write_street(tmp_path / "new.txt", seed=9)
    result = bevseg("run", tmp_path / "new.txt", "-o", tmp_path / "out", "-m", tiny_model, *options)
    assert result.exit_code == 0, result.stderr
    words = correct(tmp_path / "out", "new")
    assert learned(tmp_path).exit_code == 0
    old, new = (json.loads((tmp_path / name / "report.json").read_text()) for name in ("out", "learned"))
    assert new["conditions"]["options"] == old["conditions"]["options"]
    assert new["looks"] == old["looks"]
    assert (
        RunOutputs.open(tmp_path / "learned").cloud("new").read().classes[words.said] == words.label
    ).all()
