"""The report of a real run, and of results without maps."""

import shutil

import numpy as np
import pytest

from bevseg.core.grid import Grid
from bevseg.errors import OutputExistsError
from bevseg.report.findings import find
from bevseg.report.maps_file import maps_path, read_maps
from bevseg.report.maps_of_points import maps_of_points
from bevseg.report.page_names import PAGE
from bevseg.report.pages import ensure_own_page
from bevseg.review.run_outputs import REVIEW, RunOutputs
from tests.cli.invoke import bevseg


@pytest.fixture(scope="module")
def labelled(streets, tiny_model, tmp_path_factory):
    """Results of a run over two labelled text clouds."""
    out = tmp_path_factory.mktemp("pages") / "out"
    result = bevseg(
        "run",
        streets / "a.txt",
        streets / "b.txt",
        "-o",
        out,
        "-m",
        tiny_model,
        "--classes",
        "shrec20",
        "--apart",
    )
    assert result.exit_code == 0, result.stderr
    return out


@pytest.fixture
def out(labelled, tmp_path):
    """A copy that a test may change."""
    shutil.copytree(labelled, tmp_path / "out")
    return tmp_path / "out"


def test_a_run_writes_a_report_and_the_command_writes_the_same_again(out):
    page = (out / PAGE).read_text(encoding="utf-8")
    assert page.count('class="cloud"') == 2 and page.count("<image ") == 10
    (out / PAGE).unlink()
    result = bevseg("report", out)
    assert result.exit_code == 0, result.stderr
    assert PAGE in result.stderr
    again = (out / PAGE).read_text(encoding="utf-8")
    assert len(again) == pytest.approx(len(page), rel=0.01)  # the directory has another name now


def test_maps_of_a_run_show_the_labels_of_the_highest_points(out):
    """A plain loop over the labelled points finds what the blocks of the run have found."""
    for cloud in RunOutputs.open(out).clouds:
        maps, read = read_maps(maps_path(out, cloud.name)), cloud.read()
        assert maps.factor == 1
        x, y, z = read.cloud.xyz.T
        grid = Grid.covering(maps.cell, (x.min(), x.max()), (y.min(), y.max()))
        assert (grid.shape, grid.left, grid.top) == (maps.shape, maps.left, maps.top)
        row, col = np.divmod(grid.cell_of(x, y), grid.cols)
        top = np.full(maps.shape, -np.inf)
        np.maximum.at(top, (row, col), z)
        truth = cloud.read_truth()
        at_top = z >= top[row, col] - 1e-6
        for band, values in (
            (maps.classes, read.classes),
            (maps.truth, truth),
            (maps.confidence, read.confidence),
        ):
            agree = band[row[at_top], col[at_top]] == values[at_top]
            assert agree.mean() > 0.99  # several points of one height
        assert maps.heights.sum() == len(read)
        np.testing.assert_array_equal(maps.heights.sum(1), np.bincount(read.classes, minlength=6))


def test_results_without_maps_are_drawn_from_their_points(out):
    kept = [read_maps(maps_path(out, cloud.name)) for cloud in RunOutputs.open(out).clouds]
    for cloud, maps in zip(RunOutputs.open(out).clouds, kept, strict=True):
        found = maps_of_points(cloud)
        assert (found.classes > 0).sum() * found.cell**2 == pytest.approx(
            (maps.classes > 0).sum() * maps.cell**2, rel=0.6
        )
        assert found.truth.any() and found.confidence.any()
    shutil.rmtree(out / REVIEW)
    result = bevseg("report", out)
    assert result.exit_code == 0, result.stderr
    page = (out / PAGE).read_text(encoding="utf-8")
    assert page.count("<image ") == 8  # no ground


def test_objects_and_places_are_found_in_a_labelled_cloud(out):
    found = find(RunOutputs.open(out).clouds[0])
    assert found.places is not None
    assert found.objects is None or sum(found.objects.counts().values()) >= 0


def test_a_run_without_pictures_keeps_no_maps_and_reports_numbers(streets, tiny_model, tmp_path):
    result = bevseg("run", streets / "a.txt", "-o", tmp_path / "out", "-m", tiny_model, "--no-pictures")
    assert result.exit_code == 0, result.stderr
    assert not (tmp_path / "out" / REVIEW).exists()
    page = (tmp_path / "out" / PAGE).read_text(encoding="utf-8")
    assert "<image" not in page and "This run has drawn no maps" in page


def test_a_file_of_that_name_that_bevseg_did_not_write_is_kept(out, streets, tiny_model, tmp_path):
    (out / PAGE).write_text("mine")
    with pytest.raises(OutputExistsError, match="did not write it"):
        ensure_own_page(out)
    assert bevseg("report", out).exit_code == 6
    assert bevseg("run", streets / "a.txt", "-o", out, "-m", tiny_model).exit_code == 6
    assert (out / PAGE).read_text() == "mine"
    assert bevseg("report", out, "--overwrite").exit_code == 0
    assert (out / PAGE).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_directory_that_is_no_result_is_refused_in_words(tmp_path):
    result = bevseg("report", tmp_path)
    assert result.exit_code == 4
    assert "no report.json" in result.stderr


def test_maps_that_are_left_over_from_before_do_not_stop_a_run(labelled, streets, tiny_model, tmp_path):
    shutil.copytree(labelled / REVIEW, tmp_path / "out" / REVIEW)
    result = bevseg("run", streets / "a.txt", "-o", tmp_path / "out", "-m", tiny_model)
    assert result.exit_code == 0, result.stderr
