"""An interrupted training goes on only if it is asked for the same; what differs is named."""

import dataclasses

import numpy as np
import pytest

from bevseg.config import with_training
from bevseg.errors import OutputExistsError
from bevseg.seg.checkpoint import weights_sha256
from bevseg.seg.training.state_file import TrainingState
from bevseg.training import ExtraSupervision, prepare_example
from bevseg.training.asked import asked_clouds, asked_settings, ensure_same
from tests import tiny
from tests.seg import scenes


@pytest.fixture(scope="module")
def examples():
    return [prepare_example(tiny.thin_street(name, seed), tiny.SETTINGS) for seed, name in enumerate("xyz")]


def changed(example, **columns):
    return dataclasses.replace(example, cloud=dataclasses.replace(example.cloud, **columns))


def clouds(examples, held_out=("y",), init=None, **extra):
    return asked_clouds(examples, held_out, init, ExtraSupervision(**extra))


def differences(before, now):
    """Return the lines that say what differs."""
    with pytest.raises(OutputExistsError, match="asked for something else") as caught:
        ensure_same(TrainingState(before, source="m.state"), now)
    assert caught.value.where == "m.state"
    assert "--overwrite" in caught.value.hint
    return [line.strip() for line in caught.value.why.splitlines()]


def settings(settings=tiny.SETTINGS, slices=("low", "high"), seed=0, device="cpu"):
    return asked_settings(settings, slices, seed, device)


def test_the_same_is_the_same(examples):
    for asked in (settings(), clouds(examples)):
        ensure_same(TrainingState(asked), asked)
    copied = [dataclasses.replace(example) for example in examples]
    ensure_same(TrainingState(settings() | clouds(examples)), clouds(copied))


def test_each_setting_that_differs_is_named_with_both_values():
    other = with_training(tiny.SETTINGS, steps=9, loss="ce")
    assert differences(settings(), settings(other)) == [
        f"train.loss: {tiny.SETTINGS.train.loss!r} then, 'ce' now",
        "train.steps: 4 then, 9 now",
    ]


def test_slices_seed_and_version_count(monkeypatch):
    assert differences(settings(), settings(slices=["low"])) == ["slice: low, high then, low now"]
    assert differences(settings(), settings(seed=3)) == ["seed: 0 then, 3 now"]
    before = settings()
    monkeypatch.setattr("bevseg.__version__", "99")
    assert len(differences(before, settings())) == 1


@pytest.mark.parametrize("column", ["x", "z", "labels", "offset", "finite"])
def test_a_cloud_is_another_if_anything_of_it_is(examples, column):
    cloud = examples[2].cloud
    if column == "offset":
        values = (1.0, 0.0, 0.0)
    elif column == "finite":
        values = np.ones(len(cloud), bool)
    else:
        values = getattr(cloud, column).copy()
        values[5] += 1
    now = clouds([*examples[:2], changed(examples[2], **{column: values})])
    (line,) = differences(clouds(examples), now)
    assert line.startswith("cloud.z: content ")


def test_a_cloud_is_another_on_another_dem(examples):
    dem = examples[0].dem
    lifted = dataclasses.replace(examples[0], dem=dataclasses.replace(dem, values=dem.values + 1))
    (line,) = differences(clouds(examples), clouds([lifted, *examples[1:]]))
    assert line.startswith("cloud.x: content ")


def test_strided_views_have_the_content_of_their_copies(examples):
    cloud = examples[0].cloud
    record = np.zeros(len(cloud), [("x", np.int32), ("y", np.int32)])
    record["x"] = cloud.x
    ensure_same(TrainingState(clouds(examples)), clouds([changed(examples[0], x=record["x"]), *examples[1:]]))


def test_clouds_that_came_or_went_and_the_split_are_named(examples):
    lines = differences(clouds(examples), clouds(examples[:2], held_out=["x"]))
    assert lines[:2] == ["order: x, y, z then, x, y now", "val: y then, x now"]
    assert lines[2].startswith("cloud.z: content ") and lines[2].endswith("then, not there now")


def test_another_split_by_blocks_is_named(examples):
    before, other = ({"share": share, "held_out": [[0, 0]], "seed": 0} for share in (0.2, 0.3))
    one = clouds(examples, held_out=before)
    ensure_same(TrainingState(one), clouds(examples, held_out=dict(before)))
    assert differences(one, clouds(examples, held_out=other)) == ["val.share: 0.2 then, 0.3 now"]
    for held_out in (["y"], []):
        assert "val.share: 0.2 then, not there now" in differences(one, clouds(examples, held_out=held_out))


def test_models_count_by_their_weights(examples):
    model = scenes.model()
    other = scenes.model()
    assert weights_sha256(model) == weights_sha256(other)
    other.nets["low"].head.bias.data += 1
    for role in ("init", "teacher"):
        (line,) = differences(clouds(examples, **{role: model}), clouds(examples, **{role: other}))
        assert line.startswith(f"{role}: content ")
        (line,) = differences(clouds(examples, **{role: model}), clouds(examples))
        assert line.endswith("then, None now")


def test_clouds_without_labels_count(examples):
    (line,) = differences(clouds(examples, unlabelled=examples[:1]), clouds(examples))
    assert line.startswith("unlabelled.x: content ")
