"""Segmentation of MNIST digits: tables 1 and 2 and figure 6 of the power-Jaccard paper.

`binary`: digit and background. `multiclass`: the class of a pixel is the number of the digit; there are ten outputs
and none for the background. The training settings are those of the authors' demonstration. A pixel gets the digit
with the largest probability above one half, or else background. Ten digits have two further scores: `score_by_share`,
where the probability of a digit is its share of the ten outputs, and `score_no_background`, where every pixel gets
the most probable digit.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

import numpy as np
import pydantic
import torch
import torch.nn.functional as nnf
from numpy.typing import NDArray
from torch import Tensor, nn

from bevseg.config import NetConfig, TrainConfig
from bevseg.config.tables import domain_check
from bevseg.core import metrics
from bevseg.errors import UsageError
from bevseg.seg.device import seeded
from bevseg.seg.losses.cross_entropy_loss import cross_entropy
from bevseg.seg.losses.jaccard import power_jaccard
from bevseg.seg.models.build import build
from bevseg.seg.training.optimizers import Plateau
from bevseg.study.data_folder import find_data_folder
from bevseg.study.early_stopping import train_with_early_stopping
from bevseg.study.plan import STRICT
from bevseg.study.task import RunContext, RunResult, Task
from bevseg.study.tasks.mnist import examples
from bevseg.study.tasks.mnist.digits import Images, Parts, demo_parts, mnist_parts

SMOOTH = 10.0
"""The authors' constant in numerator and denominator, pixels."""

DEPTH = 3
"""Number of times that the network halves the resolution."""

EXAMPLES = 4
"""Test images whose prediction a record holds, for the figure."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class MnistSettings:
    """Settings of one run."""

    loss: str
    """`ce`: cross-entropy of the sigmoid of each output. `categorical_ce`: cross-entropy of the true digit among the
    ten outputs; a background pixel costs nothing. `power_jaccard:P`: one ratio over the whole batch."""
    seed: Annotated[int, pydantic.Field(ge=0)]
    """Random seed of the initial weights and the batches, and of the choice of images from `mnist`."""
    kind: Literal["binary", "multiclass"] = "binary"
    source: Literal["mnist", "demo"] = "mnist"
    """Images: see `bevseg.study.tasks.mnist.digits`."""
    filters: Annotated[int, domain_check(NetConfig, "filters")] = 8
    """Filters of the first level."""
    batch: Annotated[int, domain_check(TrainConfig, "batch")] = 1
    """Images in a step."""
    data: str = ""
    """Folder that contains `mnist` or `powerlosses`; empty: the environment variable BEVSEG_DATA."""
    per_class: int = 140
    """Images of each digit from `mnist`."""
    val: int = 20
    """Validation images among these, for early stopping."""
    test: int = 20
    """Test images among these."""
    epochs: int = 100
    """Largest number of epochs. Each draws as many images as the training part has."""
    replacement: bool = True
    """Whether the images of an epoch are drawn with replacement, as in the demonstration, or each comes once."""
    patience: int = 5
    """Epochs without a smaller validation loss after which training stops."""
    learning_rate: Annotated[float, domain_check(TrainConfig, "learning_rate")] = 1e-3
    """Learning rate of Adam."""
    plateau: Annotated[int, domain_check(TrainConfig, "plateau_patience")] = 7
    """Epochs without a smaller validation loss after which the learning rate falls to a tenth."""
    weights: Literal["last", "best"] = "last"
    """Weights that are scored: the last ones (the default of Keras), or those with the smallest validation loss."""


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

    def epoch() -> Iterator[tuple[Tensor, Tensor]]:
        count = len(train.images)
        if settings.replacement:
            rows = torch.randint(count, (steps, settings.batch))
        else:
            rows = torch.randperm(count)[: steps * settings.batch].reshape(steps, -1)
        for chosen in rows:
            yield train.images[chosen], train.truth[chosen]

    def validate() -> dict[str, float]:
        logits = net(val.images)
        return {
            "val_loss": float(loss(logits, val.truth)),
            "val_score": score(_confusion(val.truth, predict(logits))),
        }

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
    weights = {"last": copy.deepcopy(net.state_dict()), "best": training.best}
    logits = {name: _test_logits(net, state, test) for name, state in weights.items()}
    scores = {f"score_{name}": score(_confusion(test.truth, predict(z))) for name, z in logits.items()}
    return RunResult(
        facts=scores
        | _facts(logits[settings.weights], test)
        | {"epochs": len(training.history), "seconds": training.history[-1]["seconds"]},
        history=training.history,
        weights=weights[settings.weights],
    )


def _facts(logits: Tensor, test: Images) -> dict[str, Any]:
    """Return the facts of the weights that are scored."""
    predicted = predict(logits)
    scored = _confusion(test.truth, predicted)
    shown = np.linspace(0, len(test.images) - 1, EXAMPLES).round().astype(int)
    facts = {
        "score": score(scored),
        "collapsed": score(_confusion(test.truth, torch.zeros_like(predicted))),
        "iou": metrics.iou(scored).tolist(),
        "confusion": scored.tolist(),
        "examples": examples.pack(
            true_classes(test.truth)[shown].cpu().numpy(), predicted[shown].cpu().numpy()
        ),
    }
    if logits.shape[1] > 1:
        facts |= {
            "score_by_share": score(_confusion(test.truth, predict_by_share(logits))),
            "score_no_background": score(_confusion(test.truth, logits.argmax(1) + 1)),
        }
    return facts


def parse_loss(text: str) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loss of logits and truth (B, outputs, H, W).

    Every output counts as an image of its own, but for `categorical_ce`.

    Raises
    ------
    UsageError
        For a loss other than `ce`, `categorical_ce` and `power_jaccard:P`.
    """
    name, _, number = text.partition(":")
    if name == "ce" and not number:
        return lambda logits, truth: cross_entropy(logits.flatten(0, 1), truth.flatten(0, 1))
    if name == "categorical_ce" and not number:
        return categorical_cross_entropy
    try:
        p = float(number)
    except ValueError:
        p = None
    if name != "power_jaccard" or p is None:
        raise UsageError(
            f"No loss {text!r} in this task",
            where="loss",
            hint="name ce, categorical_ce or power_jaccard:P, with P from 1 to 2",
        )
    return lambda logits, truth: power_jaccard(
        logits.flatten(0, 1), truth.flatten(0, 1), reduce="all", smooth=SMOOTH, p=p
    )


def categorical_cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the categorical cross-entropy that Keras computes of sigmoid outputs, mean over all pixels.

    Keras divides the outputs of a pixel by their sum. A background pixel has a truth of zeros and costs nothing.
    """
    return -(truth * _log_shares(logits)).sum(1).mean()


def _log_shares(logits: Tensor) -> Tensor:
    """Return the logarithm of each sigmoid output divided by the sum of the outputs of the pixel."""
    log_outputs = nnf.logsigmoid(logits)
    return log_outputs - log_outputs.logsumexp(1, keepdim=True)


def score(confusion: NDArray[np.int64]) -> float:
    """Return the score of the paper: mean IoU of background and digit, or of the ten digits without background."""
    iou = metrics.iou(confusion)
    return float(np.nanmean(iou if len(iou) == 2 else iou[1:]))


def split(settings: MnistSettings) -> Parts:
    """Return training, validation and test images."""
    if settings.source == "demo":
        return demo_parts(find_data_folder(settings.data, "powerlosses"), settings.kind)
    folder = find_data_folder(settings.data, "mnist")
    return mnist_parts(folder, settings.kind, settings.seed, settings.per_class, settings.val, settings.test)


def predict(logits: Tensor) -> Tensor:
    """Return the class (N, H, W) of each pixel: 1 + the most probable output, 0 where none exceeds one half."""
    largest, output = logits.max(1)
    return torch.where(largest > 0, output + 1, 0)


def predict_by_share(logits: Tensor) -> Tensor:
    """Return the class (N, H, W) of each pixel where the probability of an output is its share of all outputs."""
    share, output = _log_shares(logits).max(1)
    return torch.where(share > math.log(0.5), output + 1, 0)


def true_classes(truth: Tensor) -> Tensor:
    """Return the true class (N, H, W): 1 + the output, the first one where two digits overlap; 0 is background."""
    return torch.where(truth.amax(1) > 0, truth.argmax(1) + 1, 0)


@torch.no_grad()
def _test_logits(net: nn.Module, weights: dict[str, Any], test: Images) -> Tensor:
    net.load_state_dict(weights)
    net.eval()
    logits: Tensor = net(test.images)
    return logits


def _confusion(truth: Tensor, predicted: Tensor) -> NDArray[np.int64]:
    """Count true and predicted class of all pixels."""
    return metrics.confusion(true_classes(truth).cpu().numpy(), predicted.cpu().numpy(), truth.shape[1] + 1)


def check(settings: MnistSettings) -> None:
    """Raise UsageError for a loss that this task does not have."""
    parse_loss(settings.loss)
    if settings.loss == "categorical_ce" and settings.kind == "binary":
        raise UsageError(
            "The loss 'categorical_ce' needs several digits",
            where="loss",
            why="the share of a single output among the outputs is always 1",
            hint='set kind = "multiclass"',
        )


TASK = Task(MnistSettings, run, check, draw=examples.draw)
