"""What a training is refused, and what goes into a model."""

import dataclasses
import logging

import numpy as np
import pytest
import torch

from bevseg.config import NetConfig, Settings, TrainConfig, with_training
from bevseg.core.labels import GROUND, UNDEFINED
from bevseg.errors import InputError, LabelError, UsageError
from bevseg.seg.losses.learner import Learned
from bevseg.seg.losses.loss_text import parse
from bevseg.training import Example, ExtraSupervision, fit, prepare_example, train
from bevseg.training.requirements import check_training_settings
from tests import tiny


@pytest.fixture(scope="module")
def examples():
    return [prepare_example(tiny.thin_street(name, seed), tiny.SETTINGS) for seed, name in enumerate("xyz")]


def weights(model):
    return {f"{s}/{k}": v for s, net in model.nets.items() for k, v in net.state_dict().items()}


def test_a_seed_gives_the_same_weights_on_cpu(examples):
    one, two, other = (
        weights(train(examples, tiny.SETTINGS, seed=seed, device="cpu")[0]) for seed in (5, 5, 6)
    )
    assert all((one[key] == two[key]).all() for key in one)
    assert not all((one[key] == other[key]).all() for key in one)


@pytest.mark.parametrize(("clouds", "share"), [(1, 0.75), (3, 0.5)])
def test_a_model_worth_three_clouds_keeps_its_part_of_the_weights(examples, clouds, share):
    start, _ = train(examples, tiny.SETTINGS, device="cpu")
    ours = weights(start)
    plain, kept = (
        weights(
            train(
                examples[:clouds],
                with_training(tiny.SETTINGS, init_worth=worth, val_share=0.0),
                init=start,
                seed=1,
                device="cpu",
            )[0]
        )
        for worth in (0.0, 3.0)
    )
    key = "low/head.weight"
    assert not torch.equal(plain[key], ours[key])
    torch.testing.assert_close(kept[key], share * ours[key] + (1 - share) * plain[key])


def test_progress_tells_steps_of_both_slices(examples):
    steps = []
    train(examples, tiny.SETTINGS, device="cpu", progress=steps.append)
    assert list(dict.fromkeys(step.task for step in steps)) == ["train low", "train high"]
    assert [step.done for step in steps if step.task == "train low"] == [0.25, 0.5, 0.75, 1.0]


def test_a_slice_without_the_class_to_sample_is_refused_before_the_first_is_trained(examples):
    config = dataclasses.replace(tiny.SETTINGS.train, sampling="half_positive:car")
    steps = []
    with pytest.raises(LabelError, match="--slice"):
        train(
            examples,
            dataclasses.replace(tiny.SETTINGS, train=config),
            device="cpu",
            progress=steps.append,
        )
    assert steps == []


def test_clouds_without_labels_that_lack_a_slice_are_named_before_the_first_is_trained(examples):
    cloud = examples[0].cloud
    top = np.int32(cloud.z.min() + 2.5 / cloud.scale[2])
    flat = dataclasses.replace(cloud, z=np.minimum(cloud.z, top))
    steps = []
    with pytest.raises(InputError, match="high slice of the clouds without labels"):
        train(
            examples,
            tiny.SETTINGS,
            extra=ExtraSupervision(unlabelled=[Example(flat, examples[0].dem)]),
            device="cpu",
            progress=steps.append,
        )
    assert steps == []


def test_a_plateau_that_nothing_is_held_out_for_is_warned_of(examples, caplog):
    config = dataclasses.replace(tiny.SETTINGS.train, schedule="plateau")
    settings = dataclasses.replace(tiny.SETTINGS, train=config)
    with caplog.at_level(logging.WARNING):
        train(examples[:1], settings, slices=["low"], device="cpu")
        assert "plateau" in caplog.text
        caplog.clear()
        train(examples[:2], settings, slices=["low"], device="cpu")
        assert "plateau" not in caplog.text


@pytest.fixture(scope="module")
def calibrated(examples):
    """A model whose confidences are right on two clouds."""
    return train(examples, tiny.SETTINGS, val=["x", "y"], device="cpu")[0]


def test_networks_get_the_temperatures_that_clouds_held_out_tell(calibrated):
    assert set(calibrated.temperatures) == {"low", "high"} and 1.0 not in calibrated.temperatures.values()


def test_where_nothing_is_held_out_the_temperature_of_the_start_stays_and_it_is_told(
    examples, calibrated, caplog
):
    with caplog.at_level(logging.INFO):
        alone, _ = train(examples[:1], tiny.SETTINGS, slices=["low"], init=calibrated, device="cpu")
    assert alone.temperatures == calibrated.temperatures
    said = [record for record in caplog.records if "temperature" in record.message]
    assert [record.levelno for record in said] == [logging.INFO]
    assert "low slice" in said[0].message and "--val-blocks" in said[0].message


def test_without_a_start_and_without_clouds_held_out_the_temperature_is_1(examples):
    alone, _ = train(examples[:1], tiny.SETTINGS, slices=["low"], device="cpu")
    assert alone.temperatures == {"low": 1.0}


def test_a_loss_that_starts_anew_does_not_keep_the_temperature_of_the_model_that_taught_it(
    examples, calibrated, monkeypatch
):
    monkeypatch.setattr(fit, "_prepared", lambda *_: (parse("ce"), Learned(None, {}, "", None)))
    settings = with_training(tiny.SETTINGS, loss="neuro-iou:no-init")
    alone, _ = train(examples[:1], settings, slices=["low"], init=calibrated, device="cpu")
    assert alone.temperatures == calibrated.temperatures | {"low": 1.0}


def test_an_init_of_other_nets_is_refused(examples):
    model, _ = train(examples[:1], tiny.SETTINGS, device="cpu")
    wider = dataclasses.replace(tiny.SETTINGS, net=dataclasses.replace(tiny.SETTINGS.net, filters=6))
    with pytest.raises(UsageError, match="other settings"):
        train(examples, wider, init=model, device="cpu")


@pytest.mark.parametrize("label", [UNDEFINED, GROUND])
def test_nothing_to_learn_is_an_error_that_names_the_classes_option(label):
    cloud = tiny.thin_street("a")
    cloud = dataclasses.replace(cloud, labels=cloud.labels * 0 + label)
    with pytest.raises(LabelError, match="--classes"):
        train([prepare_example(cloud, tiny.SETTINGS)], tiny.SETTINGS, device="cpu")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("batch", 0),
        ("crop", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("weight_decay", -1.0),
        ("momentum", 1.0),
        ("power", -1.0),
        ("teacher_weight", 2.0),
        ("unlabelled_weight", -1.0),
        ("confidence", 2.0),
        ("average", 2.0),
        ("init_worth", -1.0),
        ("validate_every", 0),
        ("patience", 0),
        ("val_share", 2.0),
        ("max_minutes", -1.0),
    ],
)
def test_a_setting_that_no_training_can_have_is_refused_by_its_name(name, value):
    with pytest.raises(UsageError, match=f"train.{name}"):
        TrainConfig(**{name: value})


def test_the_default_settings_are_none_of_those():
    check_training_settings(Settings())


def test_all_texts_that_no_training_can_have_come_in_one_message():
    settings = Settings(
        net=NetConfig(kind="unte"), train=TrainConfig(loss="power_jacard", sampling="half_positive:cra")
    )
    with pytest.raises(UsageError, match="3 settings") as caught:
        check_training_settings(settings)
    for said in (
        "net.kind = 'unte': No network",
        "did you mean 'unet'?",
        "train.loss = 'power_jacard': No loss",
        "did you mean 'power_jaccard'?",
        "train.sampling = 'half_positive:cra'",
        "did you mean 'car'?",
    ):
        assert said in caught.value.why


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        (Settings(net=NetConfig(kind="unte")), "net.kind = 'unte'"),
        (Settings(train=TrainConfig(loss="CEE")), "train.loss = 'CEE'"),
        (
            Settings(train=TrainConfig(loss="ce", sampling="equibatch:car")),
            "train.sampling = 'equibatch:car'",
        ),
        (Settings(train=TrainConfig(loss="neuro-iou")), "--init"),
        (Settings(train=TrainConfig(batch=1, crop=8)), "train.crop = 8"),
        (Settings(train=TrainConfig(loss="lovasz_softmax", smooth_boundary=0.5)), "--smooth-boundary"),
    ],
)
def test_one_text_that_no_training_can_have_is_refused_by_its_key(settings, where):
    with pytest.raises(UsageError) as caught:
        check_training_settings(settings)
    assert caught.value.where == where
    assert caught.value.hint


@pytest.mark.parametrize(("loss", "near"), [("CE", "ce"), ("Power_Jaccard", "power_jaccard")])
def test_a_loss_in_capitals_is_answered_with_its_name(loss, near):
    with pytest.raises(UsageError, match=f"did you mean {near!r}"):
        check_training_settings(Settings(train=TrainConfig(loss=loss)))
