"""`bevseg train` over a work directory."""

import dataclasses

import pytest

from bevseg.seg import checkpoint
from tests import tiny
from tests.cli.invoke import bevseg, left_behind


@pytest.fixture(scope="module")
def work(streets, tmp_path_factory):
    """A work directory of labelled clouds, ready for training."""
    folder = tmp_path_factory.mktemp("train")
    (folder / "tiny.toml").write_text(tiny.TOML)
    assert bevseg("ingest", streets, "-o", folder / "work").exit_code == 0
    assert bevseg("ground", folder / "work", "--config", folder / "tiny.toml").exit_code == 0
    return folder


def train(work, output, *options, config="tiny.toml"):
    return bevseg("train", work / "work", "-o", output, "--config", work / config, *options)


@pytest.fixture(scope="module")
def model(work):
    """Both networks, trained over the work directory."""
    result = train(work, work / "both.safetensors", "--device", "cpu", "--val", "b")
    assert result.exit_code == 0, result.stderr
    return work / "both.safetensors", result


def test_the_model_holds_both_networks_and_the_scores_of_the_cloud_held_out(model):
    loaded = checkpoint.load(model[0])
    assert set(loaded.nets) == {"low", "high"}
    assert loaded.settings.train.steps == 4
    assert loaded.scores["trained_on"] == ["a", "c"]
    assert loaded.scores["validation"]["scores"]["points"] > 0
    assert "held out: b" in model[1].stdout


@pytest.mark.slow
def test_training_over_a_work_directory_is_training_in_memory(model, work, streets, tmp_path):
    arguments = ["--train-on", streets, "--config", work / "tiny.toml", "--val", "b", "--device", "cpu"]
    assert bevseg("run", streets / "a.txt", "-o", tmp_path, *arguments).exit_code == 0
    assert (tmp_path / "model.safetensors").read_bytes() == model[0].read_bytes()


def test_one_slice_is_trained_and_the_other_taken_over(model, work, tmp_path):
    output = tmp_path / "new.safetensors"
    options = ["--slice", "high", "--init", model[0], "--loss", "lovasz_softmax", "--val", "b"]
    result = train(work, output, *options)
    assert result.exit_code == 0, result.stderr
    old, new = checkpoint.load(model[0]), checkpoint.load(output)
    same = {
        name: all(
            map(lambda a, b: bool((a == b).all()), *(m.nets[name].state_dict().values() for m in (old, new)))
        )
        for name in ("low", "high")
    }
    assert same == {"low": True, "high": False}
    assert new.settings.train.loss == "lovasz_softmax"


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--loss", "guess"], "lovasz_hinge"),
        (["--slice", "middle"], "low, high"),
        (["--val", "nobody"], "a, b, c"),
        (["--val", "a,b,c"], "none is left"),
        (["--max-minutes", "0"], "max-minutes"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_options_that_make_no_sense_are_usage_errors_that_name_the_choices(work, tmp_path, options, word):
    result = train(work, tmp_path / "m.safetensors", *options)
    assert result.exit_code == 2
    assert word in result.stderr
    assert left_behind(tmp_path) == []


def test_settings_other_than_those_of_the_work_directory_are_refused(work, tmp_path):
    result = bevseg("train", work / "work", "-o", tmp_path / "m.safetensors", "--config", "default")
    assert result.exit_code == 2
    assert "other settings" in result.stderr
    assert left_behind(tmp_path) == []


@pytest.fixture(scope="module")
def further(work):
    """A work directory of a cloud without labels."""
    tiny.write_text(work / "bare.txt", tiny.thin_street("bare", 7).xyz)
    assert bevseg("ingest", work / "bare.txt", "-o", work / "further").exit_code == 0
    assert bevseg("ground", work / "further", "--config", work / "tiny.toml").exit_code == 0
    return work / "further"


@pytest.mark.slow
def test_a_teacher_and_clouds_without_labels_change_a_training(model, work, further, tmp_path):
    extra = ["--teacher", model[0], "--unlabelled", further, "--loss", "ce", "--smooth-boundary", "0.3"]
    for name, options in (("plain", ["--loss", "ce"]), ("extra", extra), ("again", extra)):
        output = tmp_path / name / "m.safetensors"
        result = train(work, output, "--device", "cpu", "--slice", "low", *options)
        assert result.exit_code == 0, result.stderr
    plain, other, again = (tmp_path / name / "m.safetensors" for name in ("plain", "extra", "again"))
    assert other.read_bytes() == again.read_bytes()
    plain, other = checkpoint.load(plain), checkpoint.load(other)
    assert not (plain.nets["low"].head.weight == other.nets["low"].head.weight).all()
    assert other.settings.train.smooth_boundary == 0.3


def test_extra_supervision_that_does_not_fit_are_usage_errors(model, work, further, tmp_path):
    teacher_of_others = tmp_path / "others.safetensors"
    loaded = checkpoint.load(model[0])
    raster = dataclasses.replace(loaded.settings.raster, cell=0.2)
    checkpoint.save(
        dataclasses.replace(loaded, settings=dataclasses.replace(loaded.settings, raster=raster)),
        teacher_of_others,
    )
    for options, code, word in (
        (["--teacher", teacher_of_others], 2, "The teacher needs other rasters"),
        (["--teacher", tmp_path / "none"], 4, "No such model file"),
        (["--unlabelled", work / "work"], 2, "are the training clouds"),
        (["--unlabelled", tmp_path / "none"], 4, "bevseg ingest"),
        (["--smooth-boundary", "0.3"], 2, "soft labels"),
        (["--smooth-boundary", "1.3"], 2, "smooth-boundary"),
    ):
        result = train(work, tmp_path / "out" / "m.safetensors", *options)
        assert (result.exit_code, word in result.stderr) == (code, True), result.stderr
    assert left_behind(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ('optimiser = "lion"', "adadelta"),
        ('schedule = "cosine"', "plateau"),
        ('sampling = "half_positive:bus"', "vegetation"),
        ("teacher_weight = 2", "from 0 to 1"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_the_clouds_are_read(tmp_path, setting, word):
    (tmp_path / "wrong.toml").write_text(f"{tiny.TOML}{setting}\n")
    result = bevseg("train", tmp_path / "w", "-o", tmp_path / "m", "--config", tmp_path / "wrong.toml")
    assert result.exit_code == 2
    assert word in result.stderr


def test_an_unlabelled_cloud_cannot_be_trained_on(work, tmp_path):
    tiny.write_text(tmp_path / "bare.txt", tiny.thin_street("bare").xyz)
    assert bevseg("ingest", tmp_path / "bare.txt", "-o", tmp_path / "work").exit_code == 0
    assert bevseg("ground", tmp_path / "work").exit_code == 0
    result = bevseg("train", tmp_path / "work", "-o", tmp_path / "m.safetensors")
    assert result.exit_code == 4
    assert "bare" in result.stderr
    assert not (tmp_path / "m.safetensors").exists()


def test_a_model_that_exists_is_not_replaced(model, work):
    before = model[0].read_bytes()
    assert train(work, model[0]).exit_code == 6
    assert model[0].read_bytes() == before


def test_one_cloud_trains_without_validation_and_says_so(work, streets, tmp_path):
    arguments = ["--train-on", streets / "a.txt", "--config", work / "tiny.toml"]
    result = bevseg("run", streets / "b.txt", "-o", tmp_path, *arguments)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.count("none is held out") == 1


@pytest.mark.slow
def test_the_limit_of_minutes_ends_the_training(work, tmp_path):
    (tmp_path / "long.toml").write_text(tiny.TOML.replace("steps = 4", "steps = 100000"))
    output = tmp_path / "m.safetensors"
    result = train(work, output, "--max-minutes", "0.02", config=tmp_path / "long.toml")
    assert result.exit_code == 0, result.stderr
    assert output.exists()


@pytest.mark.parametrize("options", [["--teacher"], ["--init"], ["--loss", "neuro-iou", "--init"]])
def test_a_model_that_does_not_go_with_the_training_is_refused_before_the_clouds_are_read(
    model, work, tmp_path, options
):
    loaded = checkpoint.load(model[0])
    other = dataclasses.replace(loaded.settings, raster=dataclasses.replace(loaded.settings.raster, cell=0.3))
    checkpoint.save(dataclasses.replace(loaded, settings=other), tmp_path / "other.safetensors")
    result = train(work, tmp_path / "m.safetensors", *options, tmp_path / "other.safetensors")
    assert result.exit_code == 2
    assert options[-1] in result.stderr
    assert "read the training clouds" not in result.stderr
    assert left_behind(tmp_path) == ["other.safetensors"]


@pytest.mark.parametrize("options", [["--teacher"], ["--loss", "neuro-iou", "--init"]])
def test_a_model_without_a_slice_that_it_is_asked_about_is_refused_before_the_clouds_are_read(
    model, work, tmp_path, options
):
    loaded = checkpoint.load(model[0])
    low = {name: of["low"] for name, of in (("nets", loaded.nets), ("bands", loaded.bands))}
    half = dataclasses.replace(loaded, **{name: {"low": of} for name, of in low.items()})
    checkpoint.save(half, tmp_path / "low.safetensors")
    result = train(work, tmp_path / "m.safetensors", *options, tmp_path / "low.safetensors")
    assert result.exit_code == 4
    assert "no network for the high slice" in result.stderr
    assert "read the training clouds" not in result.stderr


def test_clouds_without_labels_that_are_not_there_are_missed_before_the_others_are_read(work, tmp_path):
    result = train(work, tmp_path / "m.safetensors", "--unlabelled", tmp_path / "nothing")
    assert result.exit_code == 4
    assert str(tmp_path / "nothing") in result.stderr
    assert "read the training clouds" not in result.stderr


def test_the_model_tells_what_it_learned_from_beside_labels(model, work, streets, tmp_path):
    assert not {"init", "teacher", "unlabelled", "surrogate"} & set(checkpoint.load(model[0]).scores)
    assert bevseg("ingest", streets / "a.txt", "-o", tmp_path / "more").exit_code == 0
    assert bevseg("ground", tmp_path / "more", "--config", work / "tiny.toml").exit_code == 0
    output, more = tmp_path / "m.safetensors", tmp_path / "more"
    options = ["--init", model[0], "--teacher", model[0], "--unlabelled", more, "--slice", "low"]
    assert train(work, output, *options).exit_code == 0
    scores = checkpoint.load(output).scores
    assert {scores["init"], scores["teacher"]} == {str(model[0])}
    assert scores["unlabelled"] == ["a"]
