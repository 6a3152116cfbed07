"""Segmentation of MNIST digits: tables 1 and 2 of the power-Jaccard paper.

A pixel belongs to the digit if its grey value is 150 or more. `binary`: digit and background. `multiclass`: the class
of a pixel is the number of the digit; there are ten outputs and none for the background. The training settings are
those of the authors' demonstration. A pixel gets the digit with the largest probability above one half, or else
background.
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
from bevseg.seg.device import seeded
from bevseg.seg.losses.cross_entropy_loss import cross_entropy
from bevseg.seg.losses.jaccard import power_jaccard
from bevseg.seg.models.build import build
from bevseg.seg.training.optimizers import Plateau
from bevseg.study.data_folder import find_data_folder
from bevseg.study.early_stopping import train_with_early_stopping
from bevseg.study.plan import STRICT
from bevseg.study.task import RunContext, RunResult, Task

GREY = 150
"""Smallest grey value of the pixels of a digit. A prediction of background alone then has an IoU of 0.877 there."""

SMOOTH = 10.0
"""The authors' constant in numerator and denominator, pixels."""

SIDE = 28

DEPTH = 3
"""Number of times that the network halves the resolution."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class MnistSettings:
    """Settings of one run."""

    loss: str
    """`ce`: cross-entropy of the sigmoid of each output. `power_jaccard:P`: one ratio over the whole batch."""
    seed: int
    """Random seed of the choice of images, the initial weights and the batches."""
    kind: Literal["binary", "multiclass"] = "binary"
    filters: Annotated[int, domain_check(NetConfig, "filters")] = 8
    """Filters of the first level."""
    batch: Annotated[int, domain_check(TrainConfig, "batch")] = 1
    """Images in a step."""
    data: str = ""
    """Folder that contains `mnist`; empty: the environment variable BEVSEG_DATA."""
    per_class: int = 140
    """Images of each digit."""
    val: int = 20
    """Validation images among these, for early stopping."""
    test: int = 20
    """Test images among these."""
    epochs: int = 100
    """Largest number of epochs. Each draws as many images as the training part has, with replacement."""
    patience: int = 5
    """Epochs without a smaller validation loss after which training stops."""
    learning_rate: Annotated[float, domain_check(TrainConfig, "learning_rate")] = 1e-3
    """Learning rate of Adam."""
    plateau: Annotated[int, domain_check(TrainConfig, "plateau_patience")] = 7
    """Epochs without a smaller validation loss after which the learning rate falls to a tenth."""
    weights: Literal["last", "best"] = "last"
    """Weights that are scored: the last ones (the default of Keras), or those with the smallest validation loss."""


@dataclass(frozen=True)
class Images:
    """Images (N, 1, 28, 28) in [0, 1], and whether a pixel has the class of an output, (N, outputs, 28, 28) uint8."""

    images: Tensor
    truth: Tensor

    def to(self, device: torch.device) -> Images:
        """Return them on a device."""
        return Images(self.images.to(device), self.truth.to(device))


def run(settings: MnistSettings, context: RunContext) -> RunResult:
    """Train on one choice of images, and score the test images."""
    with seeded(context.device, settings.seed):
        return _run(settings, context)


def _run(settings: MnistSettings, context: RunContext) -> RunResult:
    train, val, test = split(settings)
    val, test = val.to(context.device), test.to(context.device)
    outputs = train.truth.shape[1]
    net = build(NetConfig("paper_unet", filters=settings.filters, depth=DEPTH), 1, outputs).to(context.device)
    if context.init is not None:
        net.load_state_dict(context.init)
    loss = parse_loss(settings.loss)
    optimiser = torch.optim.Adam(net.parameters(), settings.learning_rate, eps=1e-7, fused=True)
    steps = max(len(train.images) // settings.batch, 1)

    def epoch() -> Any:
        for chosen in torch.randint(len(train.images), (steps, settings.batch)):
            yield train.images[chosen], train.truth[chosen]

    def validate() -> dict[str, float]:
        logits = net(val.images)
        return {"val_loss": float(loss(logits, val.truth)), "val_score": score(_confusion(logits, val.truth))}

    training = train_with_early_stopping(
        net,
        lambda x, y: loss(net(x), y),
        epoch,
        validate,
        optimiser,
        Plateau(settings.plateau, 0.1),
        epochs=settings.epochs,
        steps=steps,
        patience=settings.patience,
    )
    last = _test(net, test)
    net.load_state_dict(training.best)
    best = _test(net, test)
    scored = {"last": last, "best": best}[settings.weights]
    no_digit = torch.full_like(test.truth, -1, dtype=torch.float32)
    return RunResult(
        facts={
            "score": score(scored),
            "score_last": score(last),
            "score_best": score(best),
            "collapsed": score(_confusion(no_digit, test.truth)),
            "iou": metrics.iou(scored).tolist(),
            "confusion": scored.tolist(),
            "epochs": len(training.history),
            "seconds": training.history[-1]["seconds"],
        },
        history=training.history,
        weights=net.state_dict(),
    )


def parse_loss(text: str) -> Any:
    """Return the loss of logits and truth (B, outputs, H, W). Every output counts as an image of its own.

    Raises
    ------
    UsageError
        For a loss other than `ce` and `power_jaccard:P`.
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
            f"No loss {text!r} in this task",
            where="loss",
            hint="name ce or power_jaccard:P, with P from 1 to 2",
        )
    return lambda logits, truth: power_jaccard(
        logits.flatten(0, 1), truth.flatten(0, 1), reduce="all", smooth=SMOOTH, p=p
    )


def score(confusion: NDArray[np.int64]) -> float:
    """Return the score of the paper: mean IoU of background and digit, or of the ten digits without background."""
    iou = metrics.iou(confusion)
    return float(np.nanmean(iou if len(iou) == 2 else iou[1:]))


def split(settings: MnistSettings) -> tuple[Images, Images, Images]:
    """Choose as many images of each digit, and split them into training, validation and test."""
    images, labels = load(find_data_folder(settings.data, "mnist"))
    rng = np.random.default_rng(settings.seed)
    parts: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    first, second = settings.per_class - settings.val - settings.test, settings.per_class - settings.test
    for digit in range(10):
        chosen = rng.permutation(np.flatnonzero(labels == digit))[: settings.per_class]
        if len(chosen) < settings.per_class or first < 1:
            raise InputError(
                f"Too few images of the digit {digit}",
                why=f"there are {len(chosen)}, and per_class is {settings.per_class}, "
                f"with {settings.val} for validation and {settings.test} for the test",
                hint="lower per_class",
            )
        for part, some in zip(parts, np.split(chosen, [first, second]), strict=True):
            part.append(some)
    train, val, test = (
        _images(images[np.concatenate(part)], labels[np.concatenate(part)], settings.kind) for part in parts
    )
    return train, val, test


def _images(images: NDArray[np.uint8], labels: NDArray[np.uint8], kind: str) -> Images:
    digit = images >= GREY
    truth = digit[:, None]
    if kind == "multiclass":
        truth = truth & (labels[:, None] == np.arange(10))[:, :, None, None]
    return Images(
        torch.from_numpy(images[:, None].astype(np.float32) / 255), torch.from_numpy(truth.astype(np.uint8))
    )


@functools.lru_cache(maxsize=1)
def load(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read images (N, 28, 28) from the numbered PNGs (one image per row) and labels (N,) from the idx file.

    Raises
    ------
    InputError
        If there are no images, or if the number of labels is not the number of images.
    """
    from skimage.io import imread

    files = sorted(folder.glob("mnist_batch_*.png"), key=lambda path: int(path.stem.rpartition("_")[2]))
    label_file = folder / "train-labels-idx1-ubyte.gz"
    if not files or not label_file.exists():
        raise InputError("No MNIST images", where=folder, hint="put mnist_batch_*.png and the labels there")
    images = np.concatenate([imread(path) for path in files]).reshape(-1, SIDE, SIDE)
    labels = np.frombuffer(gzip.decompress(label_file.read_bytes())[8:], np.uint8)  # 8 bytes of header
    if len(images) != len(labels):
        raise InputError(
            f"{len(labels)} labels for {len(images)} MNIST images", where=folder, hint="download MNIST again"
        )
    return images, labels


@torch.no_grad()
def _test(net: nn.Module, test: Images) -> NDArray[np.int64]:
    net.eval()
    return _confusion(net(test.images), test.truth)


def _confusion(logits: Tensor, truth: Tensor) -> NDArray[np.int64]:
    """Count true and predicted class of all pixels; 0 is background, where no probability exceeds one half."""
    largest, digit = logits.max(1)
    predicted = torch.where(largest > 0, digit + 1, 0)
    true = torch.where(truth.amax(1) > 0, truth.argmax(1) + 1, 0)
    return metrics.confusion(true.cpu().numpy(), predicted.cpu().numpy(), truth.shape[1] + 1)


def check(settings: MnistSettings) -> None:
    """Raise UsageError for a loss that this task does not have."""
    parse_loss(settings.loss)


TASK = Task(MnistSettings, run, check)
