"""From the text of a NeuroIoU loss to the loss: spellings, recipe, and the four steps on a toy."""

import dataclasses

import numpy as np
import pytest
import torch

from bevseg.config import TrainConfig
from bevseg.core.raster import Band
from bevseg.errors import UsageError
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.models.unet import UNet
from bevseg.seg.neuro_iou import learn as learned_loss
from bevseg.seg.neuro_iou.learn import Variant, learn, recipe, refuse_unknown_loss, variant

BANDS = (Band("height", 1.0, "m"),)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("neuro_iou", Variant("3", False)),
        ("neuro-iou", Variant("3", False)),
        ("neuro_iou:3", Variant("3", False)),
        ("neuro-iou:6", Variant("6", False)),
        ("neuro_hinge", Variant("hinge", False)),
        ("neuro-iou:no-init", Variant("3", True)),
        ("neuro_iou:6:no_init", Variant("6", True)),
        ("neuro_hinge:no_init", Variant("hinge", True)),
        ("ce+0.5*lovasz_softmax", None),
    ],
)
def test_a_text_names_a_variant(text, form):
    assert variant(text, has_init=True) == form


@pytest.mark.parametrize("text", ["neuro", "neuro_iou:12", "neuro_hinge:6", "neuro_iou+ce", "neuro_iou:1.5"])
def test_other_texts_are_refused_with_the_spellings(text):
    with pytest.raises(UsageError, match="neuro_iou:6"):
        variant(text, has_init=True)


def test_nothing_can_be_learned_without_a_network():
    with pytest.raises(UsageError, match="--init"):
        variant("neuro_iou", has_init=False)


def test_other_losses_are_checked_as_ever():
    refuse_unknown_loss("ce", has_init=False)
    with pytest.raises(UsageError, match="No loss 'nce'"):
        refuse_unknown_loss("nce", has_init=True)


def test_the_recipe_takes_the_place_of_defaults_only():
    own = recipe(TrainConfig(loss="neuro_iou", batch=7), Variant("3", False))
    assert own.batch == 7
    assert own == dataclasses.replace(TrainConfig(), loss="neuro_iou", **{**learned_loss.RECIPE, "batch": 7})
    assert recipe(TrainConfig(), Variant("3", True)) == TrainConfig()


def sampler(rng):
    """Crops of two classes that differ in their height, with a class to ignore."""
    labels = rng.choice(np.array([0, 2, 3], np.uint8), (16, 16), p=(0.2, 0.4, 0.4))
    heights = labels + rng.normal(0, 0.8, labels.shape)
    return heights[None].astype(np.float32), labels


@pytest.mark.parametrize("kind", ["3", "6", "hinge"])
def test_the_loss_is_one_of_logits_and_targets(monkeypatch, kind):
    monkeypatch.setattr(learned_loss, "CROPS", 30)
    monkeypatch.setattr(learned_loss, "STEPS", 20)
    torch.manual_seed(0)
    net = UNet(1, len(OUTPUTS), 4, 1)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    seen = []
    loss, report = learn(
        Variant(kind, False),
        net,
        sampler,
        BANDS,
        device="cpu",
        on_crop=lambda done, crops: seen.append((done, crops)),
    )
    logits = torch.randn(2, len(OUTPUTS), 8, 8, requires_grad=True)
    target = torch.full((2, 8, 8), 255, dtype=torch.uint8)
    target[0, 0] = 1
    value = loss(logits, target, 255)
    value.backward()
    assert torch.isfinite(value)
    assert logits.grad[0, :, 0].any()
    assert not logits.grad[1].any()
    assert report.fitted + report.held_out == 60
    assert seen[-1] == (30, 30)
    assert net.training
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
