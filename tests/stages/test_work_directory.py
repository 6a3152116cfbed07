"""The stages one by one over a work directory: same labels as in memory, and files that others can open."""

import json

import pytest
import rasterio

from bevseg.config import to_table
from bevseg.workdir.folder import STAGES
from tests import tiny
from tests.cli.invoke import bevseg, left_behind
from tests.io.test_geotiff import assert_cloud_optimised


@pytest.mark.parametrize("name", [name for files in STAGES.values() for name in files])
def test_every_file_is_the_same_as_from_memory(worked, name):
    for stem in "abc":
        kept, made = (worked / which / stem / name for which in ("kept", "work"))
        assert kept.read_bytes() == made.read_bytes()


def test_a_work_directory_holds_what_it_should(worked):
    assert left_behind(worked / "work") == ["a", "b", "c", "settings.json"]
    assert left_behind(worked / "work" / "a") == sorted(name for files in STAGES.values() for name in files)


def test_the_settings_in_force_are_recorded(worked):
    recorded = json.loads((worked / "work" / "settings.json").read_text())
    table = to_table(tiny.SETTINGS)
    assert recorded == {group: table[group] for group in ("ground", "raster", "slices")}


def test_bands_are_named_in_the_files(worked):
    for name, bands in (("dem", ("height", "source", "distance")), ("low_classes", ("class",))):
        with rasterio.open(worked / "work" / "a" / f"{name}.tif") as file:
            assert file.descriptions == bands
            assert file.transform.a == 0.4


@pytest.mark.parametrize(
    "name", [name for files in STAGES.values() for name in files if name.endswith(".tif")]
)
def test_every_raster_of_a_work_directory_is_cloud_optimised(worked, name):
    assert_cloud_optimised(worked / "work" / "a" / name)


@pytest.fixture
def copied(worked, tmp_path):
    """The work directory, to be spoilt."""
    import shutil

    return shutil.copytree(worked / "work", tmp_path / "work")


@pytest.mark.parametrize("stage", ["ground", "rasterize", "predict", "backproject"])
def test_a_stage_that_is_done_is_refused_without_overwrite(copied, tiny_model, stage):
    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*")}
    model = ["-m", tiny_model] if stage == "predict" else []
    assert bevseg(stage, copied, *model).exit_code == 6
    assert {path: path.stat().st_mtime_ns for path in copied.rglob("*")} == before


def test_a_stage_made_anew_takes_what_was_made_of_the_old_with_it(copied):
    result = bevseg("ground", copied, "--overwrite")
    assert result.exit_code == 0, result.stderr
    assert left_behind(copied / "a") == ["cloud.json", "cloud.las", "dem.qml", "dem.tif"]


def test_only_clouds_that_are_not_done_are_worked_on(copied):
    (copied / "b" / "labels.npz").unlink()
    result = bevseg("backproject", copied)
    assert result.exit_code == 3
    assert (copied / "b" / "labels.npz").exists()
    assert "2 of 3 clouds failed" in result.stderr


def test_other_settings_are_refused_where_they_would_mix(copied):
    (copied / "b" / "dem.tif").unlink()
    result = bevseg("ground", copied, "--config", "default")
    assert result.exit_code == 2
    assert "other settings" in result.stderr
    assert not (copied / "b" / "dem.tif").exists()


def test_a_model_for_other_slices_is_refused(copied, tiny_model):
    settings = json.loads((copied / "settings.json").read_text())
    settings["slices"]["split"] = 2.0
    (copied / "settings.json").write_text(json.dumps(settings))
    result = bevseg("predict", copied, "-m", tiny_model, "--overwrite")
    assert result.exit_code == 2
    assert "split" in result.stderr


@pytest.mark.parametrize(
    ("stage", "needs"),
    [("ground", None), ("rasterize", "ground"), ("predict", "rasterize"), ("backproject", "ground")],
)
def test_a_stage_out_of_turn_says_what_to_run_first(streets, tiny_model, tmp_path, stage, needs):
    work = tmp_path / "work"
    if needs:
        assert bevseg("ingest", streets / "a.txt", "-o", work).exit_code == 0
    result = bevseg(stage, work, *(["-m", tiny_model] if stage == "predict" else []))
    assert result.exit_code == 4
    assert f"bevseg {needs or 'ingest'}" in result.stderr
