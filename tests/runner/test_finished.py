"""A finished cloud is not done again, and what has changed since is said."""

import json

import pytest

from bevseg.runner import label_cloud, train_first
from bevseg.runner import run as module
from tests import tiny
from tests.cli.invoke import bevseg, left_behind


@pytest.fixture
def folder(streets, tmp_path):
    """A folder with two clouds."""
    (tmp_path / "in").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "in" / name).write_bytes((streets / name).read_bytes())
    return tmp_path


def label(folder, model, *options):
    return bevseg("run", folder / "in", "-o", folder / "out", "-m", model, *options)


def report(folder):
    return json.loads((folder / "out" / "report.json").read_text())


def test_a_second_run_does_nothing_and_reports_the_same(folder, tiny_model, monkeypatch):
    first = label(folder, tiny_model)
    assert first.exit_code == 0, first.stderr
    before = report(folder)
    monkeypatch.setattr(module, "for_each_cloud", lambda *rest, **more: pytest.fail("worked again"))
    again = label(folder, tiny_model)
    assert again.exit_code == 0, again.stderr
    assert again.stderr.count("already done") == 2
    assert again.stdout == first.stdout
    after = report(folder)
    assert after["clouds"] == before["clouds"]
    assert after["scores"] == before["scores"]
    assert after["oracle"] == before["oracle"]


def test_a_cloud_that_came_later_is_the_only_one_done(folder, tiny_model, streets):
    assert label(folder, tiny_model).exit_code == 0
    stamp = (folder / "out" / "a.txt").stat().st_mtime_ns
    (folder / "in" / "c.txt").write_bytes((streets / "c.txt").read_bytes())
    result = label(folder, tiny_model)
    assert result.exit_code == 0, result.stderr
    assert (folder / "out" / "a.txt").stat().st_mtime_ns == stamp
    assert list(report(folder)["clouds"]) == ["a", "b", "c"]
    assert "a.txt\n" not in result.stderr[result.stderr.index("written:") :]


def test_clouds_that_are_not_named_again_stay_in_the_report(folder, tiny_model):
    for name in ("a.txt", "b.txt"):
        result = bevseg("run", folder / "in" / name, "-o", folder / "out", "-m", tiny_model)
        assert result.exit_code == 0, result.stderr
    assert sorted(report(folder)["clouds"]) == ["a", "b"]


def change_input(folder):
    (folder / "in" / "a.txt").write_text("1 2 3 1\n2 3 4 1\n")


def change_output(folder):
    (folder / "out" / "a.txt").write_text("x y z label\n")


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (change_input, (), "has changed since it was labelled"),
        (change_output, (), "changed since bevseg wrote it"),
        (None, ("--turns", "2"), "other options of test-time augmentation"),
        (None, ("--out-classes", "oakland"), "--out-classes None, now oakland"),
        (None, ("-m", "default"), "another model"),
        (None, ("--work", "{folder}/work"), "its files are not in"),
    ],
)
def test_what_differs_is_said_and_nothing_is_replaced(change, options, words, folder, tiny_model):
    assert label(folder, tiny_model).exit_code == 0
    if change is not None:
        change(folder)
    before = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
    options = [option.format(folder=folder) for option in options]
    model = [] if "-m" in options else ["-m", tiny_model]
    result = bevseg("run", folder / "in", "-o", folder / "out", *model, *options)
    assert result.exit_code == 6, result.stderr
    assert words in result.stderr
    assert "--overwrite" in result.stderr
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir()} == before


def test_overwrite_does_all_again(folder, tiny_model):
    assert label(folder, tiny_model).exit_code == 0
    change_output(folder)
    result = label(folder, tiny_model, "--overwrite")
    assert result.exit_code == 0, result.stderr
    assert "already done" not in result.stderr
    assert (folder / "out" / "a.txt").read_text().count("\n") > 100


def interrupted_at(name, monkeypatch):
    """Let the run be ended when it comes to a cloud."""
    honest = label_cloud.label_cloud

    def ended(file, **rest):
        if file.stem == name:
            raise KeyboardInterrupt
        return honest(file, **rest)

    monkeypatch.setattr(label_cloud, "label_cloud", ended)


def test_an_interrupted_run_goes_on_where_it_stopped(folder, tiny_model, monkeypatch):
    with monkeypatch.context() as patch:
        interrupted_at("b", patch)
        assert label(folder, tiny_model).exit_code == 130
    assert left_behind(folder / "out") == ["a.png", "a.txt", "report.unfinished.jsonl"]
    result = label(folder, tiny_model)
    assert result.exit_code == 0, result.stderr
    assert "already done: a" in result.stderr
    assert left_behind(folder / "out") == ["a.png", "a.txt", "b.png", "b.txt", "report.json"]
    assert list(report(folder)["clouds"]) == ["a", "b"]


def test_a_line_that_was_cut_off_and_its_picture_do_not_matter(folder, tiny_model, monkeypatch):
    with monkeypatch.context() as patch:
        interrupted_at("b", patch)
        assert label(folder, tiny_model).exit_code == 130
    unfinished = folder / "out" / "report.unfinished.jsonl"
    unfinished.write_text(unfinished.read_text() + '\n{"stem": "b", "clo')
    # Killed between the two renames of cloud a: noted, its picture there, itself not.
    (folder / "out" / "a.txt").unlink()
    result = label(folder, tiny_model)
    assert result.exit_code == 0, result.stderr
    assert left_behind(folder / "out") == ["a.png", "a.txt", "b.png", "b.txt", "report.json"]


def test_a_note_about_a_file_that_no_system_can_hold_does_not_matter(folder, tiny_model, monkeypatch):
    with monkeypatch.context() as patch:
        interrupted_at("b", patch)
        assert label(folder, tiny_model).exit_code == 130
    unfinished = folder / "out" / "report.unfinished.jsonl"
    note = next(json.loads(line) for line in unfinished.read_text().splitlines() if '"a"' in line)
    note["stem"], note["cloud"]["outputs"]["cloud"] = "c", "c" * 400 + ".txt"
    unfinished.write_text(unfinished.read_text() + "\n" + json.dumps(note))
    result = label(folder, tiny_model)
    assert result.exit_code == 0, result.stderr
    assert list(report(folder)["clouds"]) == ["a", "b"]


def test_a_trained_model_is_not_trained_again(streets, tmp_path, monkeypatch):
    (tmp_path / "tiny.toml").write_text(tiny.TOML)
    options = ("--train-on", streets, "--config", tmp_path / "tiny.toml", "--val", "b")
    arguments = ("run", streets / "a.txt", "-o", tmp_path / "out", *options)
    with monkeypatch.context() as patch:
        interrupted_at("a", patch)
        assert bevseg(*arguments).exit_code == 130
    monkeypatch.setattr(train_first, "_train", lambda *rest: pytest.fail("trained again"))
    result = bevseg(*arguments)
    assert result.exit_code == 0, result.stderr
    assert "already trained" in result.stderr
    facts = json.loads((tmp_path / "out" / "report.json").read_text())
    assert facts["training"]["trained_on"] == ["a", "c"]
    assert facts["clouds"]["a"]["role"] == "training"
    other = bevseg(*arguments, "--seed", "1")
    assert other.exit_code == 6
    assert "other settings or clouds" in other.stderr


@pytest.mark.parametrize(
    "text", ["mine", "{}", '{"conditions": {}, "clouds": {"a": 3}, "training": null}', "[]"]
)
def test_a_report_of_somebody_else_is_not_replaced(text, folder, tiny_model):
    (folder / "out").mkdir()
    (folder / "out" / "report.json").write_text(text)
    result = label(folder, tiny_model)
    assert result.exit_code == 6
    assert (folder / "out" / "report.json").read_text() == text


def test_a_cloud_that_fails_again_beside_finished_ones_is_listed(folder, tiny_model):
    (folder / "in" / "bad.txt").write_text("1 2 3 1\n4 5 6 1\n7 8\n")
    for _ in range(2):
        result = label(folder, tiny_model)
        assert result.exit_code == 3, result.stderr
        assert [failure["cloud"] for failure in report(folder)["failures"]] == ["bad"]
        assert sorted(report(folder)["clouds"]) == ["a", "b"]
