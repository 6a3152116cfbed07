"""A finished cloud is not done again, and what has changed since is said."""

import json

import pytest

from bevseg import pipeline
from bevseg.report.page_names import PAGE, VIEWER
from bevseg.review.run_outputs import REVIEW
from bevseg.runner import lay_cloud, train_first, write_cloud
from bevseg.survey import find_ground
from bevseg.workdir.facts import sha256
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
    monkeypatch.setattr(lay_cloud, "lay_cloud", lambda *rest: pytest.fail("worked again"))
    again = label(folder, tiny_model)
    assert again.exit_code == 0, again.stderr
    assert again.stderr.count("already done") == 2
    assert again.stdout == first.stdout
    after = report(folder)
    assert after["clouds"] == before["clouds"]
    assert after["scores"] == before["scores"]
    assert after["oracle"] == before["oracle"]


def moved(path, source, east):
    """Write a street that lies somewhere else."""
    rows = [line.split() for line in source.read_text().splitlines()]
    path.write_text("".join(f"{float(x) + east:.3f} {' '.join(rest)}\n" for x, *rest in rows))


def stamps(folder):
    """When each labelled cloud was written."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / "out").glob("*.txt")}


@pytest.mark.parametrize(
    ("east", "options", "again"),
    [
        (0, ("--apart",), set()),
        (0, (), {"a.txt", "b.txt"}),
        (2000, (), set()),
    ],
    ids=["apart", "overlapping", "elsewhere"],
)
def test_a_cloud_that_came_later_changes_only_those_it_overlaps(
    east, options, again, folder, tiny_model, streets
):
    assert label(folder, tiny_model, *options).exit_code == 0
    before = stamps(folder)
    moved(folder / "in" / "c.txt", streets / "c.txt", east)
    result = label(folder, tiny_model, *options)
    assert result.exit_code == 0, result.stderr
    after = stamps(folder)
    assert {name for name in before if after[name] != before[name]} == again
    assert list(report(folder)["clouds"]) == ["a", "b", "c"]
    written = result.stderr[result.stderr.index("written:") :]
    assert {name for name in before if f"{name}\n" in written} == again
    assert result.stderr.count("already done") == 2 - len(again)
    settled = label(folder, tiny_model, *options)
    assert settled.exit_code == 0, settled.stderr
    assert settled.stderr.count("already done") == 3
    assert stamps(folder) == after


def test_a_cloud_that_is_gone_changes_those_it_overlapped(folder, tiny_model):
    assert label(folder, tiny_model).exit_code == 0
    together = (folder / "out" / "a.txt").read_bytes()
    (folder / "in" / "b.txt").unlink()
    assert label(folder, tiny_model).exit_code == 0
    left = (folder / "out" / "a.txt").read_bytes()
    alone = bevseg("run", folder / "in", "-o", folder / "alone", "-m", tiny_model)
    assert alone.exit_code == 0, alone.stderr
    assert left == (folder / "alone" / "a.txt").read_bytes() != together


def test_clouds_that_are_not_named_again_stay_in_the_report(folder, tiny_model):
    for name in ("a.txt", "b.txt"):
        result = bevseg("run", folder / "in" / name, "-o", folder / "out", "-m", tiny_model)
        assert result.exit_code == 0, result.stderr
    assert sorted(report(folder)["clouds"]) == ["a", "b"]


def test_clouds_of_folders_below_stay_in_the_report(folder, tiny_model):
    for name in "ab":
        (folder / "in" / name).mkdir()
        (folder / "in" / f"{name}.txt").rename(folder / "in" / name / "scan.txt")
    assert label(folder, tiny_model, "--recursive", "--apart").exit_code == 0
    (folder / "in" / "a" / "scan.txt").unlink()
    result = label(folder, tiny_model, "--recursive", "--apart")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.count("already done") == 1
    assert sorted(report(folder)["clouds"]) == ["a/scan", "b/scan"]
    other = label(folder, tiny_model, "--recursive", "--apart", "--turns", "2")
    assert other.exit_code == 6


def test_a_changed_source_is_done_again(folder, tiny_model, streets):
    assert label(folder, tiny_model, "--apart").exit_code == 0
    before = stamps(folder)
    (folder / "in" / "a.txt").write_bytes((streets / "c.txt").read_bytes())
    result = label(folder, tiny_model, "--apart")
    assert result.exit_code == 0, result.stderr
    assert "already done: b" in result.stderr
    assert stamps(folder)["b.txt"] == before["b.txt"]
    alone = bevseg("run", streets / "c.txt", "-o", folder / "alone", "-m", tiny_model)
    assert alone.exit_code == 0, alone.stderr
    assert (folder / "out" / "a.txt").read_bytes() == (folder / "alone" / "c.txt").read_bytes()
    assert report(folder)["clouds"]["a"]["sha256"] == sha256(streets / "c.txt")


def test_a_changed_source_whose_output_somebody_else_changed_is_not_replaced(folder, tiny_model, streets):
    assert label(folder, tiny_model).exit_code == 0
    change_output(folder)
    (folder / "in" / "a.txt").write_bytes((streets / "c.txt").read_bytes())
    result = label(folder, tiny_model)
    assert result.exit_code == 6, result.stderr
    assert (folder / "out" / "a.txt").read_text() == "x y z label\n"


def change_output(folder):
    (folder / "out" / "a.txt").write_text("x y z label\n")


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (change_output, (), "changed since bevseg wrote it"),
        (None, ("--turns", "2"), "other options of test-time augmentation"),
        (None, ("--out-classes", "oakland"), "--out-classes None, now oakland"),
        (None, ("-m", "default"), "another model"),
        (None, ("--apart",), "--apart False, now True"),
        (None, ("--work", "{folder}/work"), "--apart False, now True"),
    ],
)
def test_what_differs_is_said_and_nothing_is_replaced(change, options, words, folder, tiny_model):
    assert label(folder, tiny_model).exit_code == 0
    if change is not None:
        change(folder)
    before = contents(folder / "out")
    options = [option.format(folder=folder) for option in options]
    model = [] if "-m" in options else ["-m", tiny_model]
    result = bevseg("run", folder / "in", "-o", folder / "out", *model, *options)
    assert result.exit_code == 6, result.stderr
    assert words in result.stderr
    assert "--overwrite" in result.stderr
    assert contents(folder / "out") == before


def test_overwrite_does_all_again(folder, tiny_model):
    assert label(folder, tiny_model).exit_code == 0
    change_output(folder)
    result = label(folder, tiny_model, "--overwrite")
    assert result.exit_code == 0, result.stderr
    assert "already done" not in result.stderr
    assert (folder / "out" / "a.txt").read_text().count("\n") > 100


def interrupted_at(name, monkeypatch):
    """Let the run be ended when it comes to the writing of a cloud."""
    honest = write_cloud.write_labelled

    def ended(task, work):
        if task.stem == name:
            raise KeyboardInterrupt
        return honest(task, work)

    monkeypatch.setattr(write_cloud, "write_labelled", ended)


def test_an_interrupted_run_goes_on_where_it_stopped(folder, tiny_model, monkeypatch):
    with monkeypatch.context() as patch:
        interrupted_at("b", patch)
        assert label(folder, tiny_model).exit_code == 130
    names = [REVIEW, ".bevseg-scratch", "a.png", "a.txt", "report.unfinished.jsonl"]
    assert left_behind(folder / "out") == names
    for module, name in ((find_ground, "find_ground_of_square"), (pipeline, "label_block")):
        monkeypatch.setattr(module, name, lambda *rest, **more: pytest.fail("worked again"))
    result = label(folder, tiny_model)
    assert result.exit_code == 0, result.stderr
    assert "already done: a" in result.stderr
    assert left_behind(folder / "out") == [
        REVIEW,
        "a.png",
        "a.txt",
        "b.png",
        "b.txt",
        PAGE,
        "report.json",
        VIEWER,
    ]
    assert list(report(folder)["clouds"]) == ["a", "b"]


def test_points_that_were_not_all_written_are_read_again(folder, tiny_model, monkeypatch):
    with monkeypatch.context() as patch:
        interrupted_at("a", patch)
        assert label(folder, tiny_model).exit_code == 130
    for path in (folder / "out" / ".bevseg-scratch").glob("*.points"):  # the system went down
        path.write_bytes(path.read_bytes()[:-1000])
    result = label(folder, tiny_model)
    assert result.exit_code == 0, result.stderr
    assert left_behind(folder / "out") == [
        REVIEW,
        "a.png",
        "a.txt",
        "b.png",
        "b.txt",
        PAGE,
        "report.json",
        VIEWER,
    ]


def test_overwrite_takes_nothing_that_an_interrupted_run_has_left(folder, tiny_model, monkeypatch):
    with monkeypatch.context() as patch:
        interrupted_at("b", patch)
        assert label(folder, tiny_model).exit_code == 130
    laid, honest = [], lay_cloud.lay_down

    def counted(file, *rest, **more):
        laid.append(file.stem)
        return honest(file, *rest, **more)

    monkeypatch.setattr(lay_cloud, "lay_down", counted)
    assert label(folder, tiny_model, "--overwrite").exit_code == 0
    assert laid == ["a", "b"]


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
    assert left_behind(folder / "out") == [
        REVIEW,
        "a.png",
        "a.txt",
        "b.png",
        "b.txt",
        PAGE,
        "report.json",
        VIEWER,
    ]


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


def test_results_of_a_newer_version_are_not_replaced(folder, tiny_model):
    assert label(folder, tiny_model).exit_code == 0
    newer = report(folder)
    assert newer["schema"] == 2
    newer["schema"] = 3
    (folder / "out" / "report.json").write_text(json.dumps(newer))
    result = label(folder, tiny_model)
    assert result.exit_code == 6
    assert "newer bevseg" in result.stderr
    assert "schema 3" in result.stderr


def test_a_cloud_that_fails_again_beside_finished_ones_is_listed(folder, tiny_model):
    (folder / "in" / "bad.txt").write_text("1 2 3 1\n4 5 6 1\n7 8\n")
    for _ in range(2):
        result = label(folder, tiny_model)
        assert result.exit_code == 3, result.stderr
        assert [failure["cloud"] for failure in report(folder)["failures"]] == ["bad"]
        assert sorted(report(folder)["clouds"]) == ["a", "b"]
