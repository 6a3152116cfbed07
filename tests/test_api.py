"""The public API: names on demand, files, clouds and arrays in, without torch until a network is needed."""

import subprocess
import sys

import laspy
import numpy as np
import pytest

import bevseg
from bevseg import pipeline
from bevseg.errors import CloudFormatError, ModelError, OutputExistsError, UsageError
from tests import tiny


def modules_after(code):
    """Names of all modules that are loaded after a program."""
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()


def test_every_public_name_is_there():
    for name in bevseg.__all__:
        assert getattr(bevseg, name) is not None
        assert name in dir(bevseg)


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'labell'"):
        bevseg.labell  # noqa: B018


def test_the_import_is_light():
    loaded = modules_after("import bevseg")
    assert not {"numpy", "torch", "laspy", "numba", "click"} & set(loaded)


def test_the_ground_needs_no_torch(streets):
    loaded = modules_after(f"import bevseg\nbevseg.find_ground({str(streets / 'a.txt')!r})")
    assert "numba" in loaded
    assert "torch" not in loaded


@pytest.mark.slow
def test_no_public_function_is_hidden_by_a_module_of_its_name():
    code = "import bevseg.ground, bevseg.training, bevseg.io.read, bevseg.pipeline, bevseg\n"
    code += "print(*[n for n in bevseg.__all__ if type(getattr(bevseg, n)).__name__ == 'module'])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_file_is_labelled_in_one_line(kind, streets, tiny_model, tmp_path):
    out = tmp_path / "labelled.laz"
    labels = bevseg.label(kind(streets / "a.txt"), kind(out), model=kind(tiny_model))
    with laspy.open(out) as file:
        assert file.header.point_count == len(labels.classes)
    np.testing.assert_array_equal(bevseg.read(out).labels, labels.classes)


def test_files_clouds_and_arrays_get_the_same_labels(streets, tiny_model):
    cloud = bevseg.read(streets / "a.txt")
    model = bevseg.load_model(tiny_model)
    classes, confidence = bevseg.label(cloud.xyz, model=model)
    assert classes.shape == confidence.shape == (len(cloud),)
    for points in (cloud, streets / "a.txt"):
        again = bevseg.label(points, model=model)
        np.testing.assert_array_equal(again.classes, classes)
        np.testing.assert_array_equal(again.confidence, confidence)


def test_label_is_the_pipeline_and_its_point_labels(streets, tiny_model):
    cloud, model = bevseg.read(streets / "a.txt"), bevseg.load_model(tiny_model)
    ours, whole = bevseg.label(cloud, model=model), pipeline.label(cloud, model).point_labels
    np.testing.assert_array_equal(ours.classes, whole.classes)
    np.testing.assert_array_equal(ours.confidence, whole.confidence)


def test_the_model_that_ships_is_the_default(streets):
    assert bevseg.load_model() is bevseg.load_model("default")
    assert set(bevseg.load_model().nets) == {"low", "high"}


def test_nothing_is_computed_for_an_output_that_exists(streets, tmp_path):
    out = tmp_path / "there.laz"
    out.write_bytes(b"mine")
    with pytest.raises(OutputExistsError):
        bevseg.label(tmp_path / "no such cloud.laz", out)
    assert out.read_bytes() == b"mine"


@pytest.mark.parametrize("xyz", [np.zeros((4, 2)), np.zeros(3), np.zeros((0, 3)), np.full((2, 3), "a")])
def test_an_array_that_is_no_cloud_is_refused(xyz):
    with pytest.raises(CloudFormatError, match="not a point cloud"):
        bevseg.find_ground(xyz)


def test_the_ground_of_an_array_is_that_of_its_cloud():
    cloud = tiny.thin_street("street")
    ground = bevseg.find_ground(cloud.xyz, cell=0.5)
    np.testing.assert_array_equal(ground.is_ground, bevseg.find_ground(cloud, cell=0.5).is_ground)
    assert ground.dem.grid.cell == 0.5


def test_wrong_values_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"did you mean .smrf."):
        bevseg.find_ground(np.zeros((3, 3)), method="smurf")
    with pytest.raises(ModelError):
        bevseg.load_model(tmp_path / "none.safetensors")


def test_a_model_is_trained_in_one_line_and_labels(streets, tmp_path, quick_config):
    out = tmp_path / "model.safetensors"
    model = bevseg.train(str(streets), str(out), config=quick_config)
    assert {out.name, "history.csv"} <= {path.name for path in tmp_path.iterdir()}
    classes, _ = bevseg.label(streets / "a.txt", model=model)
    np.testing.assert_array_equal(classes, bevseg.label(streets / "a.txt", model=out).classes)


def test_clouds_and_files_train_the_same_model(streets, quick_config):
    files = [streets / f"{name}.txt" for name in "abc"]
    one, other = (bevseg.train(c, config=quick_config) for c in (files, [bevseg.read(f) for f in files]))
    for name, net in one.nets.items():
        for key, value in net.state_dict().items():
            assert value.equal(other.nets[name].state_dict()[key])


def test_a_training_that_cannot_begin_reads_no_cloud(tmp_path):
    with pytest.raises(UsageError, match="loss"):
        bevseg.train(tmp_path / "no such folder", loss="power_jacard")


@pytest.fixture
def quick_config(tmp_path):
    path = tmp_path / "quick.toml"
    path.write_text("[train]\nsteps = 2\nbatch = 1\ncrop = 32\n[net]\nfilters = 2\ndepth = 1\n")
    return path
