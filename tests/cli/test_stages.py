"""The stages one by one over a work directory: same labels as in memory, and files that others can open."""

import json

import laspy
import numpy as np
import pytest
import rasterio

from bevseg.config import GroundConfig, to_table
from bevseg.ground.find import find_ground
from bevseg.io.read import read_cloud
from bevseg.workdir.folder import STAGES, Folder
from tests import tiny
from tests.cli.invoke import bevseg, left_behind
from tests.io.test_geotiff import assert_cloud_optimised


def stages(clouds, work, model):
    """The commands in running order."""
    return [
        ("ingest", clouds, "-o", work),
        ("ground", work, "-m", model),
        ("rasterize", work, "-m", model),
        ("predict", work, "-m", model),
        ("backproject", work),
    ]


@pytest.fixture(scope="module")
def worked(streets, tiny_model, tmp_path_factory):
    """A run that keeps its work directory, and the stages one by one beside it."""
    folder = tmp_path_factory.mktemp("worked")
    result = bevseg("run", streets, "-o", folder / "out", "-m", tiny_model, "--work", folder / "kept")
    assert result.exit_code == 0, result.stderr
    for arguments in stages(streets, folder / "work", tiny_model):
        result = bevseg(*arguments)
        assert result.exit_code == 0, result.stderr
    return folder


@pytest.mark.parametrize("name", [name for files in STAGES.values() for name in files])
def test_every_file_is_the_same_as_from_memory(worked, name):
    for stem in "abc":
        kept, made = (worked / which / stem / name for which in ("kept", "work"))
        assert kept.read_bytes() == made.read_bytes()


def test_a_work_directory_holds_what_it_should(worked):
    assert left_behind(worked / "work") == ["a", "b", "c", "settings.json"]
    assert left_behind(worked / "work" / "a") == sorted(name for files in STAGES.values() for name in files)


def test_the_labels_exported_are_those_of_the_run(worked, tmp_path):
    assert bevseg("export", worked / "work", "-o", tmp_path / "out").exit_code == 0
    for stem in "abc":
        one, other = tmp_path / "out" / f"{stem}.laz", worked / "out" / f"{stem}.laz"
        assert one.read_bytes() == other.read_bytes()


def test_the_settings_in_force_are_recorded(worked):
    recorded = json.loads((worked / "work" / "settings.json").read_text())
    table = to_table(tiny.SETTINGS)
    assert recorded == {group: table[group] for group in ("ground", "raster", "slices")}


def test_bands_are_named_in_the_files(worked):
    for name, bands in (("dem", ("height", "source", "distance")), ("low_classes", ("class", "confidence"))):
        with rasterio.open(worked / "work" / "a" / f"{name}.tif") as file:
            assert file.descriptions == bands
            assert file.transform.a == 0.4


def test_bands_tell_their_units(worked):
    with rasterio.open(worked / "work" / "a" / "low.tif") as file:
        units = dict(zip(file.descriptions, file.units, strict=True))
    assert (units["h_max"], units["density"]) == ("m", "log(1 + points)")
    assert all(units.values())


@pytest.mark.parametrize(
    "name", [name for files in STAGES.values() for name in files if name.endswith(".tif")]
)
def test_every_raster_of_a_work_directory_is_cloud_optimised(worked, name):
    assert_cloud_optimised(worked / "work" / "a" / name)


def test_label_rasters_carry_their_colours(worked):
    with rasterio.open(worked / "work" / "a" / "low_labels.tif") as file:
        assert file.colormap(1)[1][:3] == (0xC0, 0x50, 0x4D)


def test_the_cloud_holds_train_ids_as_classes(worked, streets):
    las = laspy.read(worked / "work" / "a" / "cloud.las")
    labels = np.loadtxt(streets / "a.txt", usecols=3)
    np.testing.assert_array_equal(las.classification, labels)


def test_cloud_json_tells_the_source(worked, streets):
    facts = json.loads((worked / "work" / "a" / "cloud.json").read_text())
    assert facts["source"] == str((streets / "a.txt").resolve())
    assert facts["points"] == sum(facts["classes"].values())


def test_labels_are_arrays_without_pickle(worked):
    with np.load(worked / "work" / "a" / "labels.npz", allow_pickle=False) as arrays:
        assert {name: arrays[name].dtype.name for name in arrays} == {
            "classes": "uint8",
            "confidence": "uint8",
        }


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
    assert left_behind(copied / "a") == ["cloud.json", "cloud.las", "dem.tif"]


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


def test_export_needs_the_original_as_it_was(streets, tiny_model, tmp_path):
    source = tmp_path / "a.txt"
    source.write_bytes((streets / "a.txt").read_bytes())
    for arguments in stages(source, tmp_path / "work", tiny_model):
        assert bevseg(*arguments).exit_code == 0
    source.write_text("1 2 3 1\n")
    result = bevseg("export", tmp_path / "work", "-o", tmp_path / "out")
    assert result.exit_code == 4
    assert "changed" in result.stderr
    source.unlink()
    assert bevseg("export", tmp_path / "work", "-o", tmp_path / "out").exit_code == 4
    assert left_behind(tmp_path / "out") == []


def test_export_in_several_formats_and_codes(worked, streets, tmp_path):
    arguments = ["-o", tmp_path, "--format", "txt,las,ply", "--out-classes", "shrec20"]
    result = bevseg("export", worked / "work", *arguments)
    assert result.exit_code == 0, result.stderr
    assert len(left_behind(tmp_path)) == 9
    labels = Folder(worked / "work" / "a").read_labels().classes
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "a.txt", usecols=3, skiprows=1), labels)
    np.testing.assert_array_equal(laspy.read(tmp_path / "a.las").classification, labels)


def test_ground_of_a_single_cloud_with_its_points(streets, tmp_path):
    dem, points = tmp_path / "dem.tif", tmp_path / "ground.laz"
    result = bevseg("ground", streets / "a.txt", "-o", dem, "--points", points)
    assert result.exit_code == 0, result.stderr
    las, xyz = laspy.read(points), np.loadtxt(streets / "a.txt")[:, :3]
    np.testing.assert_allclose(las.xyz, xyz, atol=1e-6)
    assert set(np.unique(las.classification)) == {1, 2}
    above = np.asarray(las.height_above_ground)
    is_ground = np.asarray(las.classification) == 2
    np.testing.assert_array_equal(
        is_ground, find_ground(read_cloud(streets / "a.txt"), 0.2, GroundConfig()).is_ground
    )
    assert np.abs(above[is_ground]).max() < 0.2 and is_ground[np.abs(above) < 0.01].all()
    with rasterio.open(dem) as file:
        assert file.descriptions == ("height", "source", "distance")


def test_ground_of_a_single_cloud_needs_an_output(streets):
    assert bevseg("ground", streets / "a.txt").exit_code == 2


def test_columns_are_named_on_ingest(tmp_path):
    (tmp_path / "a.txt").write_text("9 3.0 1.0 2.0\n1 3.5 1.5 2.5\n")
    result = bevseg("ingest", tmp_path / "a.txt", "-o", tmp_path / "work", "--columns", "label,z,x,y")
    assert result.exit_code == 0, result.stderr
    cloud = Folder(tmp_path / "work" / "a").read_cloud()
    np.testing.assert_allclose(cloud.xyz, [[1.0, 2.0, 3.0], [1.5, 2.5, 3.5]])
