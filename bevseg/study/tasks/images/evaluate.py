"""A network and pictures -> the scores of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bevseg.core import metrics
from bevseg.core.metrics import Counts
from bevseg.seg.inference.crf import crf
from bevseg.seg.inference.tta import multi_scale
from bevseg.seg.inputs import IGNORE
from bevseg.seg.losses.loss_text import parse
from bevseg.study.tasks.images.dataset import Dataset, Picture, Scaling
from bevseg.study.tasks.images.heads import Head
from bevseg.study.tasks.images.settings import ImagesSettings
from bevseg.study.tile_scores import known_mean

BINS = 15
"""Number of bins of the calibration."""

PIXEL = 0.2
"""Size that a pixel counts as in the CRF, m: its constants, made for rasters, then reach 10 pixels."""


@torch.no_grad()
def evaluate(net: nn.Module, data: Dataset, head: Head, settings: ImagesSettings) -> dict[str, Any]:
    """Return the facts of a run: scores of the test pictures.

    `score` and `miou` are the mean over the classes of the IoU of all pictures together, `image_miou` the mean over
    pictures of the mean over the classes in their truth or prediction, `batch_miou` the mean over batches of `batch`
    pictures. With two classes `dice`, `sensitivity`, `specificity` and `iou_of_image` are those of class 1.
    """
    device = next(net.parameters()).device
    net.eval()
    test, classes = data.parts["test"], len(data.classes)
    matrices, confidences, correct = [], [], []
    costs: dict[str, list[float]] = {text: [] for text in settings.values}
    of_batch = {text: head.cost(parse(text, head.class_maps)) for text in settings.values}
    refined: dict[str, list[Counts]] = {}
    for picture in test:
        x, y = data.scaling(picture.bands)[None].to(device), picture.labels[None].to(device)
        logits = net(x)
        confidence, predicted = head.probabilities(logits)[0].max(0)
        known = picture.labels != IGNORE
        matrices.append(counts(predicted, picture.labels, classes))
        confidences.append(confidence.cpu()[known].numpy())
        correct.append((predicted.cpu() == picture.labels)[known].numpy())
        for text, cost in of_batch.items():
            costs[text].append(float(cost(logits, y)))
        for name, ids in _refined(net, picture, x, logits, settings):
            refined.setdefault(name, []).append(counts(ids, picture.labels, classes))
    stacked = np.stack(matrices)
    total, iou = stacked.sum(0), metrics.iou(stacked.sum(0))
    starts = np.arange(0, len(stacked), settings.batch)
    curve = metrics.calibration(np.concatenate(confidences), np.concatenate(correct), BINS)
    return {
        "score": float(known_mean(iou)),
        "miou": float(known_mean(iou)),
        "image_miou": _mean_of_known(known_mean(metrics.iou(stacked))),
        "batch_miou": _mean_of_known(known_mean(metrics.iou(np.add.reduceat(stacked, starts)))),
        "accuracy": metrics.accuracy(total),
        **{f"iou_{name}": float(value) for name, value in zip(data.classes, iou, strict=True)},
        **(_of_two(stacked) if classes == 2 else {}),
        **{
            f"miou_{name}": float(known_mean(metrics.iou(np.sum(parts, 0))))
            for name, parts in refined.items()
        },
        "confusion": total,
        "ece": metrics.expected_calibration_error(curve),
        "calibration": curve._asdict(),
        **{f"value {text}": float(np.mean(values)) for text, values in costs.items()},
    }


def counts(predicted: Tensor, labels: Tensor, classes: int) -> Counts:
    """Count true and predicted class (classes, classes) of the pixels that have a label."""
    known = labels != IGNORE
    return metrics.confusion(labels[known].numpy(), predicted.cpu()[known].numpy(), classes)


@torch.no_grad()
def validate(
    net: nn.Module, cost: Any, pictures: Sequence[Picture], scaling: Scaling, head: Head, batch: int
) -> dict[str, float]:
    """Return loss and mIoU of the validation pictures; the network is in evaluation mode already."""
    device = next(net.parameters()).device
    losses, sizes, matrices = [], [], []
    for some in _of_one_size(pictures, batch):
        x = torch.stack([scaling(picture.bands) for picture in some]).to(device)
        y = torch.stack([picture.labels for picture in some])
        logits = net(x)
        losses.append(float(cost(logits, y.to(device))))
        sizes.append(len(some))
        predicted = head.probabilities(logits).argmax(1)
        matrices += [counts(ids, labels, head.classes) for ids, labels in zip(predicted, y, strict=True)]
    stacked = np.stack(matrices)
    return {
        "val_loss": float(np.average(losses, weights=sizes)),
        "dataset_miou": float(known_mean(metrics.iou(stacked.sum(0)))),
        "image_miou": _mean_of_known(known_mean(metrics.iou(stacked))),
    }


def _of_one_size(pictures: Sequence[Picture], batch: int) -> Iterator[list[Picture]]:
    """Yield neighbours of one size, at most `batch` of them."""
    some: list[Picture] = []
    for picture in pictures:
        if some and (len(some) == batch or some[0].labels.shape != picture.labels.shape):
            yield some
            some = []
        some.append(picture)
    yield some


def _of_two(matrices: NDArray[np.int64]) -> dict[str, float]:
    total = matrices.sum(0)
    return {
        "dice": float(metrics.dice(total)[1]),
        "sensitivity": float(metrics.recall(total)[1]),
        "specificity": float(metrics.specificity(total)[1]),
        "iou_of_image": float(metrics.iou(matrices, empty=1.0)[:, 1].mean()),
    }


def _refined(
    net: nn.Module, picture: Picture, x: Tensor, logits: Tensor, settings: ImagesSettings
) -> Iterator[tuple[str, Tensor]]:
    """Yield the classes of several scales, and those of the CRF behind it."""
    size = tuple(x.shape[-2:])
    probabilities = logits.softmax(1)
    if settings.scales:
        scaled = [net(_at_scale(x, scale)) for scale in settings.scales]
        probabilities = multi_scale(scaled, size)
        yield "multi_scale", probabilities[0].argmax(0)
    if settings.crf:
        bands = picture.bands.float()
        low, high = bands.amin((1, 2), keepdim=True), bands.amax((1, 2), keepdim=True)
        shares = (bands - low) / (high - low).clamp_min(1e-6)
        everywhere = np.ones(size, bool)
        agreed = crf(probabilities[0].cpu().numpy(), shares.numpy(), everywhere, PIXEL)
        yield "crf", torch.from_numpy(agreed).argmax(0)


def _at_scale(x: Tensor, scale: float) -> Tensor:
    if scale == 1:
        return x
    size = [max(round(length * scale), 1) for length in x.shape[-2:]]
    return nn.functional.interpolate(x, size=size, mode="bilinear", align_corners=False)


def _mean_of_known(values: NDArray[np.float64]) -> float:
    return float(known_mean(values[None])[0])
