"""Crops -> a trained network."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bevseg import metrics
from bevseg.config import NetConfig, TrainConfig
from bevseg.errors import BevsegError
from bevseg.labels import CLASS_NAMES
from bevseg.raster import Band
from bevseg.seg import device as devices
from bevseg.seg.batches import Sampler, batches
from bevseg.seg.inputs import OUTPUTS, to_device
from bevseg.seg.losses import parse
from bevseg.seg.models import UNet
from bevseg.seg.predict import classify

log = logging.getLogger(__name__)

Row = dict[str, Any]
Scene = tuple[NDArray[np.float32], NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class Trained:
    """A network, how it got there, and its best validation mIoU (NaN without validation)."""

    net: UNet
    history: list[Row]
    best: float


def train(
    sampler: Sampler,
    validation: Sequence[Scene],
    bands: tuple[Band, ...],
    net: NetConfig,
    config: TrainConfig,
    *,
    seed: int = 0,
    device: str = "auto",
    init: UNet | None = None,
    minutes: float | None = None,
    on_row: Callable[[Row], None] | None = None,
    on_step: Callable[[int, int], None] | None = None,
) -> Trained:
    """Train one network on crops and keep the averaged weights that do best on the validation rasters."""
    place = devices.resolve(device)
    loss_of = parse(config.loss)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = UNet(len(bands), OUTPUTS, net.filters, net.depth)
    if init is not None:
        model.load_state_dict(init.state_dict())
    model = model.to(place, memory_format=torch.channels_last)
    average = copy.deepcopy(model).eval()
    best_net, best, stale = average, float("nan"), 0
    optimiser = torch.optim.AdamW(model.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    history: list[Row] = []
    start = time.monotonic()
    losses: list[float] = []
    for step, (x, y) in enumerate(batches(sampler, bands, config.batch, config.steps, seed), 1):
        elapsed = (time.monotonic() - start) / 60
        progress = max((step - 1) / config.steps, elapsed / minutes if minutes else 0)
        rate = config.learning_rate * one_cycle(min(progress, 1))
        for group in optimiser.param_groups:
            group["lr"] = rate
        model.train()
        with devices.autocast(place):
            logits = model(to_device(x, place).contiguous(memory_format=torch.channels_last))
        loss = loss_of(logits, to_device(y, place))
        losses.append(loss.item())
        if not np.isfinite(losses[-1]):
            raise BevsegError(f"The loss became {losses[-1]} at step {step}")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        _average(average, model, min(config.average, step / (step + 9)))
        if on_step:
            on_step(step, config.steps)
        last = step == config.steps or progress >= 1
        if last or step % config.validate_every == 0:
            iou = score(average, validation, bands, place)
            miou = float(np.nanmean(iou)) if np.isfinite(iou).any() else float("nan")
            row: Row = {"step": step, "loss": float(np.mean(losses)), "learning_rate": rate, "miou": miou}
            row |= {f"iou_{name}": float(v) for name, v in zip(CLASS_NAMES[1:], iou, strict=True)}
            row["seconds"] = time.monotonic() - start
            losses = []
            history.append(row)
            if on_row:
                on_row(row)
            if not miou < best:
                best_net, best, stale = copy.deepcopy(average), miou, 0
            else:
                stale += 1
            if last or stale >= config.patience:
                break
    return Trained(best_net.to("cpu", memory_format=torch.contiguous_format), history, best)


def one_cycle(progress: float) -> float:
    """Share of the peak learning rate: up over the first tenth, then down a half cosine to nothing."""
    warm = 0.1
    if progress < warm:
        return 0.04 + 0.96 * progress / warm
    return 0.5 + 0.5 * float(np.cos(np.pi * (progress - warm) / (1 - warm)))


def score(
    net: UNet, validation: Sequence[Scene], bands: tuple[Band, ...], device: torch.device
) -> NDArray[np.float64]:
    """IoU of each output class over the labelled cells of all rasters, from one confusion matrix."""
    matrix = np.zeros((OUTPUTS, OUTPUTS), np.int64)
    for values, labels in validation:
        known = labels > 0
        predicted = classify(net, values, bands, known, device)[0]
        matrix += metrics.confusion(labels[known] - 1, predicted[known] - 1, OUTPUTS)
    iou = metrics.iou(matrix)
    return np.where(matrix.sum(1) > 0, iou, np.nan)


@torch.no_grad()
def _average(average: UNet, model: UNet, decay: float) -> None:
    for kept, new in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)
