"""MNIST digits as pictures to segment: the tables 1 and 2 of the power-Jaccard paper.

A pixel belongs to the digit where its grey is 150 or more. `binary`: digit against background. `multiclass`: the
class of a digit's pixels is its number; there are ten outputs, and none for the background. The recipe is that of
the authors' demonstration; a pixel of several certain digits goes to the most certain, one of none to the background.
"""

from __future__ import annotations

import functools
import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pydantic
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bevseg.config import NetConfig, TrainConfig
from bevseg.config.tables import domain_check
from bevseg.core import metrics
from bevseg.errors import InputError, UsageError
from bevseg.seg import device as devices
from bevseg.seg.losses.cross_entropy_loss import cross_entropy
from bevseg.seg.losses.jaccard import power_jaccard
from bevseg.seg.models.build import build
from bevseg.seg.training.optimizers import Plateau
from bevseg.study import data
from bevseg.study.fit import fit
from bevseg.study.plan import STRICT
from bevseg.study.task import BatchResult, Task

GREY = 150
"""Darkest grey of a digit's pixels. With it a picture without any digit scores 0.877 on the background."""

SMOOTH = 10.0
"""The authors' constant in numerator and denominator, pixels."""

SIDE = 28

DEPTH = 3
"""Halvings of the network."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class MnistSettings:
    """Settings of one run."""

    loss: str
    """`ce`: cross-entropy of each output's sigmoid. `power_jaccard:P`: the authors' one ratio of the whole batch."""
    seed: int
    """Of the choice of images, the first weights and the batches."""
    kind: Literal["binary", "multiclass"] = "binary"
    filters: Annotated[int, domain_check(NetConfig, "filters")] = 8
    """Filters of the first level."""
    batch: Annotated[int, domain_check(TrainConfig, "batch")] = 1
    """Images in a step."""
    data: str = ""
    """Folder that holds `mnist`; empty: the environment variable BEVSEG_DATA."""
    per_class: int = 140
    """Images of each digit."""
    val: int = 20
    """Of these, images that tell when to stop."""
    test: int = 20
    """Of these, images that are scored."""
    epochs: int = 100
    """Epochs at most, each of as many images as there are to train on, drawn with replacement."""
    patience: int = 5
    """Epochs without a smaller validation loss before the end."""
    learning_rate: Annotated[float, domain_check(TrainConfig, "learning_rate")] = 1e-3
    """Of Adam."""
    plateau: Annotated[int, domain_check(TrainConfig, "plateau_patience")] = 7
    """Epochs without a smaller validation loss before the learning rate falls to a tenth."""
    weights: Literal["last", "best"] = "last"
    """Which weights are scored; Keras keeps the last ones unless told otherwise."""


@dataclass(frozen=True)
class Pictures:
    """Images (N, 1, 28, 28) in [0, 1] and whether a pixel is of each output's class, (N, outputs, 28, 28) uint8."""

    images: Tensor
    truth: Tensor


def run(settings: MnistSettings, init: dict[str, Any] | None, shared: Path) -> BatchResult:
    """Train on one choice of images, and score the test images."""
    with devices.seeded(torch.device("cpu"), settings.seed):
        return _run(settings, init)


def _run(settings: MnistSettings, init: dict[str, Any] | None) -> BatchResult:
    train, val, test = split(settings)
    outputs = train.truth.shape[1]
    net = build(NetConfig("paper_unet", filters=settings.filters, depth=DEPTH), 1, outputs)
    if init is not None:
        net.load_state_dict(init)
    loss = loss_of(settings.loss)
    optimiser = torch.optim.Adam(net.parameters(), settings.learning_rate, eps=1e-7, fused=True)
    steps = max(len(train.images) // settings.batch, 1)

    def epoch() -> Any:
        for chosen in torch.randint(len(train.images), (steps, settings.batch)):
            yield train.images[chosen], train.truth[chosen]

    def validate() -> dict[str, float]:
        logits = net(val.images)
        return {"val_loss": float(loss(logits, val.truth)), "val_score": score(_confusion(logits, val.truth))}

    fitted = fit(
        net,
        loss,
        epoch,
        validate,
        optimiser,
        Plateau(settings.plateau, 0.1),
        epochs=settings.epochs,
        steps=steps,
        patience=settings.patience,
    )
    last = _test(net, test)
    net.load_state_dict(fitted.best)
    best = _test(net, test)
    scored = {"last": last, "best": best}[settings.weights]
    nothing = torch.full_like(test.truth, -1, dtype=torch.float32)
    return BatchResult(
        facts={
            "score": score(scored),
            "score_last": score(last),
            "score_best": score(best),
            "collapsed": score(_confusion(nothing, test.truth)),
            "iou": metrics.iou(scored).tolist(),
            "confusion": scored.tolist(),
            "epochs": len(fitted.history),
            "seconds": fitted.history[-1]["seconds"],
        },
        history=fitted.history,
        weights=net.state_dict(),
    )


def loss_of(text: str) -> Any:
    """Return the loss of logits and truth (B, outputs, H, W), every output a picture of its own in one pool.

    Raises
    ------
    UsageError
        For any other than `ce` and `power_jaccard:P`.
    """
    name, _, number = text.partition(":")
    if name == "ce" and not number:
        return lambda logits, truth: cross_entropy(logits.flatten(0, 1), truth.flatten(0, 1))
    try:
        p = float(number)
    except ValueError:
        p = None
    if name != "power_jaccard" or p is None:
        raise UsageError(
            f"No loss {text!r} in this study",
            where="loss",
            hint="name ce or power_jaccard:P, with P from 1 to 2",
        )
    return lambda logits, truth: power_jaccard(
        logits.flatten(0, 1), truth.flatten(0, 1), reduce="all", smooth=SMOOTH, p=p
    )


def score(confusion: NDArray[np.int64]) -> float:
    """Return what the paper's tables average: background and digit, or the ten digits without the background."""
    iou = metrics.iou(confusion)
    return float(np.nanmean(iou if len(iou) == 2 else iou[1:]))


def split(settings: MnistSettings) -> tuple[Pictures, Pictures, Pictures]:
    """Choose the images of a seed, as many of each digit, and deal them out: training, validation, test."""
    images, labels = load(data.folder(settings.data, "mnist"))
    rng = np.random.default_rng(settings.seed)
    parts: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    first, second = settings.per_class - settings.val - settings.test, settings.per_class - settings.test
    for digit in range(10):
        chosen = rng.permutation(np.flatnonzero(labels == digit))[: settings.per_class]
        if len(chosen) < settings.per_class or first < 1:
            raise InputError(
                f"Too few images of the digit {digit}",
                why=f"{len(chosen)} there, {settings.per_class} asked for, "
                f"{settings.val} of them for validation and {settings.test} for the test",
                hint="lower per_class",
            )
        for part, some in zip(parts, np.split(chosen, [first, second]), strict=True):
            part.append(some)
    train, val, test = (
        _pictures(images[np.concatenate(part)], labels[np.concatenate(part)], settings.kind) for part in parts
    )
    return train, val, test


def _pictures(images: NDArray[np.uint8], labels: NDArray[np.uint8], kind: str) -> Pictures:
    digit = images >= GREY
    truth = digit[:, None]
    if kind == "multiclass":
        truth = truth & (labels[:, None] == np.arange(10))[:, :, None, None]
    return Pictures(
        torch.from_numpy(images[:, None].astype(np.float32) / 255), torch.from_numpy(truth.astype(np.uint8))
    )


@functools.lru_cache(maxsize=1)
def load(place: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read images (N, 28, 28) and labels (N,) from the numbered PNGs, one image per row, and the idx file of labels.

    Raises
    ------
    InputError
        If there are none, or not as many labels as images.
    """
    from skimage.io import imread

    files = sorted(place.glob("mnist_batch_*.png"), key=lambda path: int(path.stem.rpartition("_")[2]))
    packed = place / "train-labels-idx1-ubyte.gz"
    if not files or not packed.exists():
        raise InputError("No MNIST images", where=place, hint="put mnist_batch_*.png and the labels there")
    images = np.concatenate([imread(path) for path in files]).reshape(-1, SIDE, SIDE)
    labels = np.frombuffer(gzip.decompress(packed.read_bytes())[8:], np.uint8)  # 8 bytes of header
    if len(images) != len(labels):
        raise InputError(
            "The labels do not fit the images", where=place, why=f"{len(labels)} for {len(images)}"
        )
    return images, labels


@torch.no_grad()
def _test(net: nn.Module, test: Pictures) -> NDArray[np.int64]:
    net.eval()
    return _confusion(net(test.images), test.truth)


def _confusion(logits: Tensor, truth: Tensor) -> NDArray[np.int64]:
    """Count true and predicted class of all pixels; 0 is the background, where no output is above one half."""
    certain, digit = logits.max(1)
    predicted = torch.where(certain > 0, digit + 1, 0)
    real = torch.where(truth.amax(1) > 0, truth.argmax(1) + 1, 0)
    return metrics.confusion(real.numpy(), predicted.numpy(), truth.shape[1] + 1)


def check(settings: MnistSettings) -> None:
    """Raise UsageError for a loss that this study does not have."""
    loss_of(settings.loss)


TASK = Task(MnistSettings, run, check)
