"""A cloud that is unlike the training is named before anything is labelled; one of its kind is not."""

import dataclasses
import json
import warnings

import laspy
import numpy as np
import pytest

import bevseg as api
from bevseg import pipeline
from bevseg.core.pointcloud import PointCloud
from bevseg.core.reasons import NONE, UNLIKE
from bevseg.core.scan_ranges import unlike
from bevseg.io.read import read_cloud
from bevseg.runner import label_clouds
from bevseg.seg import checkpoint
from bevseg.training import prepare_example
from bevseg.training.scans import scans_of
from bevseg.weights import default_model
from tests import tiny
from tests.cli.invoke import bevseg
from tests.core.test_scan_counts import statistics
from tests.runner.cut_clouds import by_lines, label, write_las
from tests.scenes import from_above, from_the_street

KNOWN = range(100, 150)
REPEATED = 4
"""So many times the streets of KNOWN: as many as show a range."""


@pytest.fixture(scope="module")
def model(tiny_model, tmp_path_factory):
    """The tiny model as if it had been trained on streets seen from the street."""
    examples = [prepare_example(from_the_street(seed), tiny.SETTINGS) for seed in KNOWN] * REPEATED
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    trained = checkpoint.load(tiny_model)
    checkpoint.save(dataclasses.replace(trained, scans=scans_of(examples, tiny.SETTINGS, None)), path)
    return path


def moved(cloud, east):
    return PointCloud.from_xyz(np.rint((cloud.xyz + np.array([east, 0, 0])) * 1000) / 1000, name=cloud.name)


def report(folder):
    return json.loads((folder / "out" / "report.json").read_text())["clouds"]


@pytest.mark.parametrize("seed", range(4))
def test_a_scan_of_the_kind_is_silent_and_one_from_above_is_not(model, seed):
    scans = checkpoint.load(model).scans
    cell = tiny.SETTINGS.raster.cell
    assert unlike(statistics(from_the_street(seed), cell), scans) == []
    assert "density_factor" in {each.name for each in unlike(statistics(from_above(seed), cell), scans)}


def test_a_run_warns_before_it_labels_and_the_report_says_it_too(model, tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    write_las(tmp_path / "in" / "street.las", from_the_street().xyz)
    write_las(tmp_path / "in" / "roofs.las", moved(from_above(), 400).xyz)
    said = []
    blocks = label_clouds._label_block
    monkeypatch.setattr(label_clouds, "_label_block", lambda *a, **k: said.append("label") or blocks(*a, **k))
    monkeypatch.setattr(label_clouds.log, "warning", lambda text, *a: said.append(text % a))
    label(tmp_path, model, "--jobs", "1")
    assert said[0].startswith("roofs: unlike the clouds that the model was trained on, ")
    assert said[1:] == ["label"] * len(said[1:])
    found = report(tmp_path)
    assert found["street"]["unlike"] == {}
    assert found["street"]["warnings"] == []
    assert found["roofs"]["unlike"].keys() >= {"density_factor"}
    assert found["roofs"]["warnings"] == [said[0]]
    least, most = found["roofs"]["unlike"]["density_factor"]
    assert found["roofs"]["scan"]["density_factor"] < least < found["street"]["scan"]["density_factor"] < most


def test_pieces_of_a_cloud_within_a_block_are_the_same_kind_of_scan(model, tmp_path):
    cloud = moved(from_above(), 40)
    xyz = cloud.xyz
    (tmp_path / "in").mkdir()
    for number, piece in enumerate(by_lines(len(xyz), 3)):
        write_las(tmp_path / "in" / f"{number}.las", xyz[piece])
    result = label(tmp_path, model)
    found = report(tmp_path)
    expected = statistics(cloud, tiny.SETTINGS.raster.cell)
    for each in found.values():
        assert each["scan"] == pytest.approx(expected, rel=1e-3)
    assert "0, 1, 2: unlike the clouds" in result.stderr


def test_python_warns_too_of_a_cloud_and_of_the_clouds_of_a_survey(model):
    roofs, streets = moved(from_above(), 400), from_the_street()
    with pytest.warns(UserWarning, match="from above: unlike the clouds.*bevseg.train") as caught:
        api.label(roofs, model=model)
    assert [each.filename for each in caught] == [__file__]
    with pytest.warns(UserWarning, match="unlike") as caught:
        api.label_survey([streets, roofs], model=model)
    assert [str(each.message).split(":")[0] for each in caught] == ["from above"]
    assert [each.filename for each in caught] == [__file__]


def doubted(labels):
    """The reasons of labels of a cloud that is unlike the training, given those without a word of it."""
    return np.where((labels.reasons == NONE) & (labels.classes > 0), UNLIKE, labels.reasons)


def reasons_in(path):
    return np.asarray(laspy.read(path).bevseg_reason)


@pytest.mark.filterwarnings("ignore:.*unlike the clouds")
def test_it_is_a_reason_to_doubt_each_point_that_has_no_other_one(model, tiny_model, tmp_path):
    roofs, streets = moved(from_above(), 400), from_the_street()
    (tmp_path / "in").mkdir()
    for name, cloud in (("roofs", roofs), ("street", streets)):
        write_las(tmp_path / "in" / f"{name}.las", cloud.xyz)
    plain = api.label(roofs, model=tiny_model)
    assert len(np.unique(plain.reasons)) > 1 and NONE in plain.reasons
    np.testing.assert_array_equal(api.label(roofs, model=model).reasons, doubted(plain))
    street, roof = api.label_survey([streets, roofs], model=tiny_model)
    found = api.label_survey([streets, roofs], model=model)
    np.testing.assert_array_equal(found[0].reasons, street.reasons)
    np.testing.assert_array_equal(found[1].reasons, doubted(roof))
    label(tmp_path, model, "--jobs", "1")
    of_roofs, of_street = (set(reasons_in(tmp_path / "out" / f"{name}.las")) for name in ("roofs", "street"))
    assert UNLIKE in of_roofs and NONE not in of_roofs
    assert NONE in of_street and UNLIKE not in of_street


def test_the_commands_of_single_stages_find_the_same(model, tmp_path):
    work, out = tmp_path / "work", tmp_path / "out"
    (tmp_path / "in").mkdir()
    write_las(tmp_path / "in" / "roofs.las", from_above().xyz)
    label(tmp_path, model, "--jobs", "1", "--work", work)
    kept = dict(np.load(work / "roofs" / "labels.npz"))
    np.testing.assert_array_equal(kept["reasons"], reasons_in(out / "roofs.las"))
    assert UNLIKE in kept["reasons"]
    result = bevseg("predict", work, "-m", model, "--overwrite")
    assert result.exit_code == 0 and "roofs: unlike the clouds" in result.stderr
    assert bevseg("backproject", work, "--overwrite").exit_code == 0
    again = np.load(work / "roofs" / "labels.npz")
    for name, values in kept.items():
        np.testing.assert_array_equal(again[name], values)


def test_a_model_that_knows_no_training_clouds_says_nothing_and_nothing_is_counted(tiny_model, monkeypatch):
    trained = dataclasses.replace(checkpoint.load(tiny_model), scans={})
    monkeypatch.setattr(pipeline, "scan_counts", lambda *_: pytest.fail("the scan was counted"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        api.label(from_above(), model=trained)
        api.label_survey([from_above()], model=trained)


def test_the_report_of_such_a_model_does_not_say_that_a_cloud_is_like_the_training(tiny_model, tmp_path):
    (tmp_path / "in").mkdir()
    write_las(tmp_path / "in" / "roofs.las", from_above().xyz)
    label(tmp_path, tiny_model, "--jobs", "1")
    found = report(tmp_path)["roofs"]
    assert found["scan"]["points_per_m2"] > 0
    assert "unlike" not in found


@pytest.fixture(scope="module")
def shipped():
    return checkpoint.load(default_model()).scans


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("oakland3d/oakland_part2_ac.xyz_label_conf.gz", set()),
        ("oakland3d/oakland_part2_ak.xyz_label_conf.gz", set()),
        ("oakland3d/oakland_part2_ao.xyz_label_conf.gz", set()),
        ("lille_street_unlabelled/Lille_street_small.ply", set()),
        ("ahn3_delft/ahn3_cropped_2.laz", {"density_factor"}),
        ("ign_lidarhd/test_data_77050_627760_LA93_IGN69.laz", {"density_factor"}),
        ("isprs_filtertest/samp51.txt.gz", {"density_factor", "points_per_m2"}),
    ],
)
@pytest.mark.filterwarnings("ignore:.*are not in scheme")
def test_the_model_that_ships_knows_street_scans_from_airborne_ones(shipped, shared_data, path, names):
    if not (shared_data / path).exists():
        pytest.skip(f"{path} is not in the shared data")
    found = {each.name for each in unlike(statistics(read_cloud(shared_data / path)), shipped)}
    assert found >= names
    assert bool(found) == bool(names)
