"""From the text of a NeuroIoU loss to the loss: spellings, recipe, and the four steps on a toy."""

import dataclasses
import functools

import numpy as np
import pytest
import torch

from bevseg.config import TrainConfig
from bevseg.core.raster import Band
from bevseg.errors import UsageError
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.models.unet import UNet
from bevseg.seg.neuro_iou import learn
from bevseg.seg.neuro_iou.learn import NeuroIoU
from bevseg.seg.training.batches import one_by_one

BANDS = (Band("height", 1.0, "m"),)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("neuro_iou", NeuroIoU("3", False)),
        ("neuro-iou", NeuroIoU("3", False)),
        ("neuro_iou:3", NeuroIoU("3", False)),
        ("neuro-iou:6", NeuroIoU("6", False)),
        ("neuro_hinge", NeuroIoU("hinge", False)),
        ("neuro-iou:no-init", NeuroIoU("3", True)),
        ("neuro_iou:6:no_init", NeuroIoU("6", True)),
        ("neuro_hinge:no_init", NeuroIoU("hinge", True)),
        ("neuro_iou(inputs=6, no_init=true)", NeuroIoU("6", True)),
        ("neuro_hinge(no_init=true)", NeuroIoU("hinge", True)),
        ("ce+0.5*lovasz_softmax", None),
    ],
)
def test_a_text_names_a_form(text, form):
    loss = parse(text)
    assert loss.learner == form
    assert loss.needs_init == (form is not None)
    assert loss.starts_anew == (form is not None and form.starts_anew)
    assert not loss.takes_soft_labels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("neuro", "did you mean 'neuro_iou'"),
        ("neuro_iou:12", "neuro_iou:6"),
        ("neuro_hinge:6", "takes no number"),
        ("neuro_iou+ce", "cannot be part of a sum"),
        ("0.5*neuro_iou", "cannot be part of a sum"),
        ("neuro_iou:1.5", "whole number"),
        ("neuro_iou:noinit", "did you mean 'no_init'"),
    ],
)
def test_other_texts_are_refused(text, message):
    with pytest.raises(UsageError, match=message):
        parse(text)


def test_nothing_can_be_learned_without_a_network():
    with pytest.raises(UsageError, match="--init"):
        parse("neuro_iou").ensure_init(has_init=False)
    parse("neuro_iou").ensure_init(has_init=True)
    parse("ce").ensure_init(has_init=False)


def test_a_loss_that_is_not_learned_yet_cannot_be_computed():
    with pytest.raises(UsageError, match="not been learned"):
        parse("neuro_iou")(torch.zeros(1, 5, 2, 2), torch.zeros(1, 2, 2, dtype=torch.long))


def test_the_recipe_takes_the_place_of_defaults_only():
    own = parse("neuro_iou").recipe(TrainConfig(loss="neuro_iou", batch=7))
    assert own.batch == 7
    assert own == dataclasses.replace(TrainConfig(), loss="neuro_iou", **{**learn.RECIPE, "batch": 7})
    assert parse("neuro_iou:no_init").recipe(TrainConfig()) == TrainConfig()
    assert parse("ce").recipe(TrainConfig()) == TrainConfig()


def sampler(number, rng):
    """Crops of two classes that differ in their height, with a class to ignore."""
    labels = rng.choice(np.array([0, 2, 3], np.uint8), (16, 16), p=(0.2, 0.4, 0.4))
    heights = labels + rng.normal(0, 0.8, labels.shape)
    return heights[None].astype(np.float32), labels


@pytest.mark.parametrize("text", ["neuro_iou", "neuro_iou:6", "neuro_hinge"])
def test_the_loss_is_one_of_logits_and_targets(monkeypatch, text):
    monkeypatch.setattr(learn, "CROPS", 30)
    monkeypatch.setattr(learn, "STEPS", 20)
    torch.manual_seed(0)
    net = UNet(1, len(OUTPUTS), 4, 1)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    seen = []
    crops = functools.partial(one_by_one, sampler, BANDS, 0, lambda done, count: seen.append((done, count)))
    loss, learned = parse(text).prepared(net, crops, seed=0, device="cpu")
    assert not loss.needs_init and loss.text == text
    logits = torch.randn(2, len(OUTPUTS), 8, 8, requires_grad=True)
    target = torch.full((2, 8, 8), 255, dtype=torch.uint8)
    target[0, 0] = 1
    value = loss(logits, target, 255)
    value.backward()
    assert torch.isfinite(value)
    assert logits.grad[0, :, 0].any()
    assert not logits.grad[1].any()
    known = learned.facts["surrogate"]
    assert known["fitted"] + known["held_out"] == 60
    assert f"{known['rmse']:.4f}" in learned.summary
    assert seen[-1] == (30, 30)
    assert net.training
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
