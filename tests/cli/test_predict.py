"""`bevseg predict` and `bevseg run` with test-time augmentation and a CRF."""

import json

import pytest

from bevseg.workdir.folder import Folder
from tests.cli.invoke import bevseg, left_behind

LOOKS = ["--scales", "1,0.5", "--turns", "2", "--crf"]


@pytest.fixture(scope="module")
def work(streets, tiny_model, tmp_path_factory):
    """Rasters of one cloud, ready for prediction."""
    folder = tmp_path_factory.mktemp("predict") / "work"
    assert bevseg("ingest", streets / "a.txt", "-o", folder).exit_code == 0
    for stage in ("ground", "rasterize"):
        assert bevseg(stage, folder, "-m", tiny_model).exit_code == 0
    return folder


def predicted(work, model, *options):
    result = bevseg("predict", work, "-m", model, "--overwrite", *options)
    assert result.exit_code == 0, result.stderr
    return Folder(work / "a").read_classes()["low"].values


def test_tta_changes_confidence_and_leave_empty_cells_empty(work, tiny_model):
    plain = predicted(work, tiny_model)
    assert (predicted(work, tiny_model, "--scales", "1", "--turns", "1") == plain).all()
    for options in (["--scales", "1,0.75,0.5"], ["--turns", "8"], ["--crf"], LOOKS):
        said = predicted(work, tiny_model, *options)
        assert ((said[0] == 0) == (plain[0] == 0)).all()
        assert (said[1] != plain[1]).any()


def test_a_run_takes_the_tta_that_is_asked_for_and_reports_it(work, streets, tiny_model, tmp_path):
    arguments = ["-o", tmp_path / "out", "-m", tiny_model, "--work", tmp_path / "kept"]
    result = bevseg("run", streets / "a.txt", *arguments, *LOOKS)
    assert result.exit_code == 0, result.stderr
    kept = Folder(tmp_path / "kept" / "a").read_classes()["low"].values
    assert (kept == predicted(work, tiny_model, *LOOKS)).all()
    tta = json.loads((tmp_path / "out" / "report.json").read_text())["looks"]
    assert tta["scales"] == [1, 0.5] and tta["turns"] == 2 and tta["crf"] is True


@pytest.mark.parametrize(
    ("options", "word"),
    [(["--scales", "1,0.7"], "multiple of 0.125"), (["--scales", "a"], "1,0.75"), (["--turns", "3"], "4, 8")],
)
def test_scales_and_symmetries_that_cannot_be_are_usage_errors(tmp_path, options, word):
    result = bevseg("predict", tmp_path, "-m", tmp_path / "m", *options)
    assert result.exit_code == 2
    assert word in result.stderr
    assert left_behind(tmp_path) == []
