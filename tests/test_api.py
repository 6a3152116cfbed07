"""The public API: names on demand, files, clouds and arrays in, without torch until a network is needed."""

import dataclasses
import inspect
import subprocess
import sys
from pathlib import Path

import laspy
import numpy as np
import pytest

import bevseg
from bevseg import pipeline, weights
from bevseg.config import PredictConfig, load
from bevseg.errors import (
    BevsegError,
    CloudFormatError,
    CloudNotFoundError,
    InputError,
    LabelError,
    ModelError,
    OutputExistsError,
    OutputWriteError,
    UsageError,
)
from bevseg.training import prepare_example, train
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


def test_the_parts_of_a_street_are_labelled_as_the_whole(streets, tiny_model):
    cloud, model = bevseg.read(streets / "a.txt"), bevseg.load_model(tiny_model)
    whole = bevseg.label(cloud, model=model)
    west = cloud.x < np.median(cloud.x)
    parts = bevseg.label_survey([cloud.take(np.flatnonzero(west)), cloud.xyz[~west]], model=model)
    for part, found in zip((west, ~west), parts, strict=True):
        np.testing.assert_array_equal(found.classes, whole.classes[part])
        np.testing.assert_array_equal(found.confidence, whole.confidence[part])


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
def cloud_file(tmp_path):
    """A file of four points with labels."""
    path = tmp_path / "orig.txt"
    path.write_text("0 0 0 1\n1 0 0 2\n0 1 0 3\n1 1 0 4\n")
    return path


@pytest.fixture
def nothing_computed(monkeypatch):
    """Fail where a stage begins to work."""

    def fail(*args, **options):
        pytest.fail("computed before the argument was refused")

    monkeypatch.setattr("bevseg.pipeline.label", fail)
    monkeypatch.setattr("bevseg.training.prepare_example", fail)
    monkeypatch.setattr("bevseg.training.train", fail)


def test_the_file_of_a_cloud_is_never_replaced(cloud_file, tiny_model, nothing_computed, monkeypatch):
    before = cloud_file.read_bytes()
    monkeypatch.chdir(cloud_file.parent)
    cloud = bevseg.read("orig.txt")
    monkeypatch.chdir("/")
    changed = dataclasses.replace(cloud, labels=None)
    for made in (cloud, changed):
        with pytest.raises(UsageError, match="overwrite an input"):
            bevseg.label(made, cloud_file, model=tiny_model, overwrite=True)
        with pytest.raises(UsageError, match="overwrite an input"):
            bevseg.write(made, np.zeros(4, np.uint8), cloud_file, overwrite=True)
    with pytest.raises(UsageError, match="overwrite an input"):
        bevseg.label(cloud_file, cloud_file, model=tiny_model, overwrite=True)
    for clouds, output in (
        ([cloud_file], cloud_file),
        ([cloud], cloud_file),
        ([cloud_file.rename(cloud_file.with_name("history.csv"))], cloud_file.with_name("model.safetensors")),
    ):
        if not cloud_file.exists():
            cloud_file.write_bytes(before)
        with pytest.raises(UsageError, match="overwrite an input"):
            bevseg.train(clouds, output, overwrite=True)
    assert cloud_file.read_bytes() == before
    assert (cloud_file.parent / "history.csv").read_bytes() == before


def test_a_model_is_not_trained_on_two_clouds_of_one_name(cloud_file, tmp_path, nothing_computed):
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "orig.txt"
    other.write_bytes(cloud_file.read_bytes())
    for clouds in ([cloud_file, tmp_path / "other"], [cloud_file, bevseg.read(other)]):
        with pytest.raises(UsageError, match="Two clouds have the name 'orig'"):
            bevseg.train(clouds)


def test_examples_of_one_name_are_refused():
    examples = [prepare_example(tiny.thin_street("same", seed), tiny.SETTINGS) for seed in range(2)]
    with pytest.raises(UsageError, match="Two clouds have the name 'same'"):
        train(examples, tiny.SETTINGS)
    with pytest.raises(UsageError, match="no cloud to train on"):
        train([], tiny.SETTINGS)


def test_clouds_without_a_name_get_numbers(quick_config):
    clouds = [dataclasses.replace(tiny.thin_street("", seed), name="") for seed in range(3)]
    model = bevseg.train(clouds, config=quick_config, val="cloud 2")
    assert model.scores["trained_on"] == ["cloud 1", "cloud 3"]
    assert model.scores["validation"]["clouds"] == ["cloud 2"]


@pytest.mark.parametrize(
    ("output", "error", "name"),
    [
        ("x.foo", UsageError, "x.foo"),
        ("x.e57", UsageError, "x.e57"),
        ("orig.txt/x.laz", OutputWriteError, "orig.txt"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_before_any_work(
    output, error, name, cloud_file, tiny_model, nothing_computed
):
    with pytest.raises(error) as caught:
        bevseg.label(cloud_file, cloud_file.parent / output, model=tiny_model)
    assert caught.value.where == cloud_file.parent / name


@pytest.fixture
def cars_only(tmp_path):
    path = tmp_path / "cars.toml"
    path.write_text('name = "cars"\n[[classes]]\ncode = 5\nname = "car"\ntrain = "car"\n')
    return path


def test_an_output_scheme_without_a_class_is_refused_before_any_work(
    cloud_file, cars_only, tiny_model, nothing_computed
):
    out = cloud_file.with_name("out.laz")
    with pytest.raises(LabelError, match="no code for class 'building'") as caught:
        bevseg.label(cloud_file, out, model=tiny_model, out_classes=cars_only)
    assert caught.value.where == str(out)


def test_an_error_of_a_writer_names_the_output(cloud_file, cars_only):
    out = cloud_file.with_name("out.laz")
    with pytest.raises(LabelError) as caught:
        bevseg.write(bevseg.read(cloud_file), np.full(4, 1), out, classes=cars_only)
    assert str(caught.value.where) == str(out)
    assert not out.exists()


def test_a_class_scheme_may_be_a_path(cloud_file, cars_only):
    out = cloud_file.with_name("out.txt")
    cloud = bevseg.read(cloud_file)
    bevseg.write(cloud, np.full(4, 2), out, classes=cars_only)
    np.testing.assert_array_equal(bevseg.read(out, classes=cars_only).labels, 2)


XYZ = np.zeros((4, 3))
COMPLEX, MASKED = XYZ + 1j, np.ma.masked_equal(np.eye(3), 1)


@pytest.mark.parametrize(
    ("points", "error"),
    [
        (np.full((3, 3), 1e300), InputError),
        (np.array([[-1e308] * 3, [1e308] * 3]), InputError),
        ([[1, 2], [3]], CloudFormatError),
        (COMPLEX, CloudFormatError),
        (MASKED, CloudFormatError),
        (None, CloudFormatError),
    ],
)
def test_points_that_are_none_are_refused(points, error, tiny_model):
    with pytest.raises(error) as caught:
        bevseg.label(points, model=tiny_model)
    assert caught.value.why
    assert caught.value.hint


def test_a_masked_array_without_a_mask_is_an_array():
    xyz = tiny.thin_street("street").xyz
    ours = bevseg.find_ground(np.ma.masked_array(xyz), cell=0.5).is_ground
    np.testing.assert_array_equal(ours, bevseg.find_ground(xyz, cell=0.5).is_ground)


@pytest.mark.parametrize(
    "options",
    [
        {"model": None},
        {"device": None},
        {"device": "tpu"},
        {"scales": None},
        {"scales": "1,0.5"},
        {"scales": 1.03},
        {"turns": [2]},
        {"crf": 1},
        {"columns": ["x", "y", "z"]},
        {"columns": "x,y,z"},
        {"out_classes": "shrec21"},
        {"out_classes": 3},
        {"output": 3},
    ],
    ids=str,
)
def test_a_wrong_argument_of_label_is_refused_before_any_work(options, tiny_model, nothing_computed):
    with pytest.raises(BevsegError) as caught:
        bevseg.label(XYZ, **({"model": tiny_model} | options))
    assert isinstance(caught.value, UsageError | CloudNotFoundError)
    assert caught.value.hint


@pytest.mark.parametrize("columns", [["x", "y", "z"], 3])
def test_wrong_columns_of_a_file_are_refused(columns, cloud_file):
    with pytest.raises(UsageError, match="columns"):
        bevseg.read(cloud_file, columns=columns)


def test_one_scale_may_be_a_number(streets, tiny_model):
    one, other = (bevseg.label(streets / "a.txt", model=tiny_model, scales=s) for s in (0.5, [0.5]))
    np.testing.assert_array_equal(one.confidence, other.confidence)


@pytest.mark.parametrize(
    ("clouds", "options"),
    [
        ([], {}),
        (None, {}),
        (XYZ, {}),
        ([XYZ], {}),
        (3, {}),
        ("file", {"seed": -1}),
        ("file", {"seed": 1.5}),
        ("file", {"seed": "a"}),
        ("file", {"device": None}),
        ("file", {"init": 3}),
        ("file", {"config": 3}),
        ("file", {"classes": 3}),
        ("file", {"val": 3}),
        ("file", {"val": [3]}),
        ("file", {"val": "orig"}),
        ("file", {"val": "orgi"}),
        ("file", {"max_minutes": "a"}),
    ],
    ids=str,
)
def test_a_wrong_argument_of_train_is_refused_before_any_work(clouds, options, cloud_file, nothing_computed):
    with pytest.raises(UsageError) as caught:
        bevseg.train(cloud_file if isinstance(clouds, str) else clouds, **options)
    assert caught.value.hint


def test_a_model_in_memory_starts_a_training_as_its_file_does(streets, tmp_path, tiny_model):
    model = bevseg.load_model(tiny_model)
    config = tmp_path / "short.toml"
    config.write_text("[train]\nsteps = 2\nbatch = 1\nsimulated = 0\n")
    one, other = (bevseg.train(streets / "a.txt", init=init, config=config) for init in (model, tiny_model))
    assert one.settings == other.settings
    for name, net in one.nets.items():
        for key, value in net.state_dict().items():
            assert value.equal(other.nets[name].state_dict()[key])


def test_a_training_starts_from_the_model_that_ships_unless_none_is_named(streets, tiny_model, monkeypatch):
    monkeypatch.setattr(weights, "DEFAULT", tiny_model)
    trained = [bevseg.train(streets / "a.txt", init=init, config=tiny.SETTINGS) for init in (None, "none")]
    assert [model.scores.get("init") for model in trained] == [str(tiny_model), None]


def test_settings_may_be_given_as_they_are(streets, quick_config):
    model = bevseg.train(bevseg.read(streets / "a.txt"), config=load(str(quick_config)), max_minutes=5)
    assert (model.settings.train.steps, model.settings.train.max_minutes) == (2, 5)


CLASSES = np.array([0, 1, 2, 3], np.uint8)


@pytest.mark.parametrize(
    ("labels", "confidence"),
    [
        (CLASSES, [0, 255, 255, 255]),
        (CLASSES.astype(np.int64), [0, 255, 255, 255]),
        ((CLASSES, np.array([0, 7, 8, 9])), [0, 7, 8, 9]),
        (bevseg.PointLabels(CLASSES, np.array([0, 7, 8, 9], np.uint8)), [0, 7, 8, 9]),
    ],
)
def test_labels_are_written_from_arrays(labels, confidence, cloud_file):
    out = cloud_file.with_name("out.laz")
    bevseg.write(bevseg.read(cloud_file), labels, out)
    with laspy.open(out) as file:
        np.testing.assert_array_equal(file.read().points.array["bevseg_confidence"], confidence)
    np.testing.assert_array_equal(bevseg.read(out).labels, CLASSES)


@pytest.mark.parametrize(
    "labels",
    [
        CLASSES[:3],
        (CLASSES, CLASSES[:3]),
        (CLASSES,),
        np.full(4, 99),
        np.full(4, -1),
        CLASSES.astype(float),
        (CLASSES, np.full(4, 0.5)),
        (CLASSES, np.full(4, 256)),
        ([[1], [2, 3]], CLASSES),
        np.ma.masked_equal(CLASSES, 1),
        "labels",
        None,
    ],
    ids=str,
)
def test_labels_that_do_not_fit_are_refused(labels, cloud_file):
    out = cloud_file.with_name("out.laz")
    with pytest.raises(UsageError) as caught:
        bevseg.write(bevseg.read(cloud_file), labels, out)
    assert caught.value.why
    assert caught.value.hint
    assert not out.exists()


def test_coordinates_are_not_written_without_a_cloud(tmp_path):
    with pytest.raises(UsageError, match=r"PointCloud\.from_xyz"):
        bevseg.write(XYZ, CLASSES, tmp_path / "out.laz")


def test_the_word_for_the_model_that_ships_may_be_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert bevseg.load_model(Path("default")) is bevseg.load_model()
    Path("default").write_text("no model")
    assert bevseg.load_model("default") is bevseg.load_model()
    with pytest.raises(ModelError):
        bevseg.load_model(Path("default"))


def test_the_defaults_of_label_are_those_of_the_settings():
    defaults = inspect.signature(bevseg.label).parameters
    for field in dataclasses.fields(PredictConfig):
        assert defaults[field.name].default == field.default


@pytest.fixture
def quick_config(tmp_path):
    path = tmp_path / "quick.toml"
    path.write_text("[train]\nsteps = 2\nbatch = 1\ncrop = 32\n[net]\nfilters = 2\ndepth = 1\n")
    return path
