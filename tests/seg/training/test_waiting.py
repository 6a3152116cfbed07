"""How often the host waits for a device in a training step: once, and never in the loss.

A meta tensor has no values. Whatever would have to read one, to go on, is an error: an `item`, a `tolist`, a
`nonzero`, an index by a mask, a copy to the host.
"""

import contextlib
import dataclasses
from collections import Counter

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from bevseg.config import NetConfig
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.losses.target_ids import trusted_targets
from bevseg.seg.training import objective
from bevseg.seg.training.batches import batches
from bevseg.seg.training.loop import _new, train_network
from bevseg.seg.training.objective import TrainingObjective
from tests.seg import scenes

META = torch.device("meta")

WAITS = {"_local_scalar_dense", "nonzero", "masked_select", "unique_dim", "_unique2", "item"}
"""Operators whose result the host has to wait for."""


class Waits(TorchDispatchMode):
    """Counts operators for which the host waits for a device."""

    def __init__(self):
        super().__init__()
        self.seen = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        by_mask = name in ("index", "index_put_") and any(
            index is not None and index.dtype == torch.bool for index in args[1]
        )
        if name in WAITS or by_mask:
            self.seen[name] += 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    "loss",
    [
        "ce",
        "focal",
        "hinge",
        "jml",
        "dice",
        "tversky",
        "ce:0.5+power_jaccard:1.5",
        "lovasz_softmax",
        "ce+boundary",
    ],
)
@pytest.mark.parametrize("supervision", ["labels", "teacher", "unlabelled", "sparse"])
def test_a_loss_and_its_gradient_wait_for_nothing(monkeypatch, loss, supervision):
    monkeypatch.setattr(objective, "autocast", lambda *_: contextlib.nullcontext())  # unknown to meta tensors
    loss, config = parse(loss), scenes.QUICK
    (batch,) = batches(scenes.draw, scenes.BANDS, 2, 1, 0, lambda target: loss.maps(target, len(OUTPUTS)))
    batch = batch.to(META)
    live, average = (_new(scenes.NET, len(scenes.BANDS), len(OUTPUTS), 0).to(META) for _ in range(2))
    teacher = average if supervision in ("teacher", "sparse") else None
    step = TrainingObjective(loss, config, average, teacher, META, supervision == "sparse")
    with trusted_targets():
        step(live, batch, batch if supervision == "unlabelled" else None, 0.5).backward()
    assert all(parameter.grad is not None for parameter in live.parameters())


@pytest.mark.parametrize("optimiser", ["adamw", "adam", "adadelta", "sgd"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_step_reads_one_number_its_loss(monkeypatch, optimiser, dtype):
    if (optimiser, dtype) == ("adadelta", torch.float16):
        pytest.skip("torch has no fused Adadelta: its scaler reads whether a gradient overflowed")
    monkeypatch.setattr("bevseg.seg.training.loop.training_type", lambda place: dtype)

    def waits(steps):
        config = dataclasses.replace(
            scenes.QUICK, loss="jml", steps=steps, validate_every=100, optimiser=optimiser
        )
        with Waits() as waits:
            net = NetConfig(filters=4, depth=1)
            train_network(scenes.draw, [], scenes.BANDS, OUTPUTS, net, config, device="cpu")
        return waits.seen

    assert waits(7) - waits(4) == Counter({"_local_scalar_dense": 3})


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("loss", ["ce:0.5+power_jaccard:1.5", "lovasz_softmax", "jml"])
def test_on_a_gpu_torch_finds_nothing_that_waits_between_two_validation_steps(loss):
    def on_step(step, steps):
        torch.cuda.set_sync_debug_mode("error" if 3 <= step < steps - 1 else "default")

    config = dataclasses.replace(scenes.QUICK, loss=loss, steps=12, validate_every=100)
    common = (scenes.draw, [], scenes.BANDS, OUTPUTS, scenes.NET, config)
    try:
        on_gpu = train_network(*common, device="cuda", on_step=on_step)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    on_cpu = train_network(*common, device="cpu")
    assert on_gpu.history[-1]["loss"] == pytest.approx(on_cpu.history[-1]["loss"], rel=0.02)


def test_the_count_sees_what_it_is_to_see():
    x = torch.arange(4.0)
    with Waits() as waits:
        float(x.sum())
        x[x > 1]
        x.nonzero()
    assert waits.seen.keys() >= {"_local_scalar_dense", "nonzero"} and waits.seen.total() >= 3
