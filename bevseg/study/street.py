"""Street scenes seen from above, one slice: the tables 5 and 6 of the power-Jaccard paper in form.

`score` is the paper's, as far as its tables tell: cells whose true class is one of two, building and car (low slice)
or building and vegetation (high slice); which of these two the network prefers there; mean IoU over one confusion
matrix of all test clouds. `labelled` and `miou` are stricter: all cells with a label, any decision, mean IoU of the
two or of all classes.

With `sigmoid` outputs there is one output for each of the two classes, all else is background, empty cells included,
and every output is a picture of its own in the loss: the paper's setting. With `softmax` outputs every class has one,
and cells without a label are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pydantic
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bevseg import metrics
from bevseg.config import NAMED, TrainConfig
from bevseg.errors import UsageError
from bevseg.labels import BUILDING, CAR, CLASS_NAMES, VEGETATION
from bevseg.metrics import Counts
from bevseg.seg import device as devices
from bevseg.seg.inputs import IGNORE, OUTPUTS
from bevseg.seg.losses import parse
from bevseg.seg.models import UNet
from bevseg.seg.models.paper_unet import PaperUNet
from bevseg.seg.optimise import OPTIMISERS, SCHEDULES, optimiser, schedule
from bevseg.study import plot, records, scenes
from bevseg.study.fit import fit
from bevseg.study.plan import STRICT
from bevseg.study.scenes import Scene
from bevseg.study.task import Outcome, Task

Loss = Callable[[Tensor, Tensor], Tensor]

SCORED = {"low": (BUILDING, CAR), "high": (BUILDING, VEGETATION)}
"""Slice -> train ids of the classes that the paper scores."""

NETS: dict[str, Any] = {"unet": UNet, "paper_unet": PaperUNet}

BALANCED = 0.5
"""Share of the crops that are centred on a cell of a class drawn evenly; the others on any cell with a label."""

BINS = 15
"""Of the reliability plot."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class StreetSettings:
    """Settings of one run."""

    loss: str
    """As in training."""
    seed: int
    """Of the first weights and of the crops."""
    slice: Literal["low", "high"] = "low"
    dataset: str = "oakland"
    """`oakland` or `simulated`."""
    data: str = ""
    """Folder that holds `oakland3d`; empty: the environment variable BEVSEG_DATA."""
    config: str = "default"
    """Named configuration that the rasters are made with."""
    outputs: Literal["softmax", "sigmoid"] = "softmax"
    net: Literal["unet", "paper_unet"] = "unet"
    filters: int = 8
    depth: int = 3
    optimiser: str = "adamw"
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    schedule: str = "one_cycle"
    epochs: int = 10
    """At most; after each one the validation cloud is looked at."""
    steps: int = 40
    """Of an epoch."""
    batch: int = 4
    """Crops in a step."""
    crop: int = 96
    """Side of a crop, cells."""
    patience: int = 1000
    """Epochs without a smaller validation loss before the end."""
    weights: Literal["last", "best"] = "last"
    """Which weights are scored: the last ones, or those with the smallest validation loss."""
    per_image: bool = False
    """Whether the loss of a step is the mean over its crops instead of that of the batch."""
    values: list[str] = field(default_factory=list)
    """Losses that are evaluated on the test clouds."""


def prepare(settings: Sequence[StreetSettings], shared: Path) -> None:
    """Make the rasters of all runs."""
    wanted = {(one.dataset, one.config, one.slice) for one in settings}
    scenes.prepare(sorted(wanted), settings[0].data, shared)


def run(settings: StreetSettings, init: dict[str, Any] | None, shared: Path) -> Outcome:
    """Train on the crops of the training clouds, and score the test clouds."""
    with devices.seeded(torch.device("cpu"), settings.seed):
        return _run(settings, init, shared)


def _run(settings: StreetSettings, init: dict[str, Any] | None, shared: Path) -> Outcome:
    parts = scenes.load(shared, settings.dataset, settings.config, settings.slice)
    form = FORMS[settings.outputs](SCORED[settings.slice])
    net = NETS[settings.net](
        len(parts["train"][0].bands), form.outputs, filters=settings.filters, depth=settings.depth
    )
    if init is not None:
        net.load_state_dict(init)
    config = TrainConfig(
        learning_rate=settings.learning_rate, weight_decay=settings.weight_decay, loss=settings.loss
    )
    pooled = form.loss(settings.loss)
    loss = _per_image(pooled) if settings.per_image else pooled
    crops = Crops(parts["train"], settings.crop, settings.seed)

    def epoch() -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(settings.steps):
            x, labels = crops.batch(settings.batch)
            yield x, form.target(labels)

    def look() -> dict[str, float]:
        costs, matrices = [], []
        for scene in parts["val"]:
            logits = net(scene.bands[None])
            costs.append(float(loss(logits, form.target(scene.labels[None]))))
            matrices.append(confusions(form.decide(logits)[0], scene.labels, settings.crop))
        images = np.concatenate(matrices)
        return {
            "val_loss": float(np.mean(costs)),
            "dataset_miou": float(miou(images.sum(0), form.classes)),
            "image_miou": float(known_mean(miou(images, form.classes))),
        }

    fitted = fit(
        net,
        loss,
        epoch,
        look,
        optimiser(settings.optimiser, net.parameters(), config),
        schedule(settings.schedule, config),
        epochs=settings.epochs,
        steps=settings.steps,
        patience=settings.patience,
    )
    if settings.weights == "best":
        net.load_state_dict(fitted.best)
    facts = _test(net, parts["test"], form, settings.values)
    facts |= {"epochs": len(fitted.history), "seconds": fitted.history[-1]["seconds"]}
    return Outcome(facts, fitted.history, net.state_dict())


def _per_image(loss: Loss) -> Loss:
    """Return the mean over the images of a batch of the loss of each."""

    def mean(logits: Tensor, target: Tensor) -> Tensor:
        return torch.stack([loss(z, y) for z, y in zip(logits.split(1), target.split(1), strict=True)]).mean()

    return mean


@torch.no_grad()
def _test(net: nn.Module, test: Sequence[Scene], form: Form, values: Sequence[str]) -> dict[str, Any]:
    """Return the facts of the test clouds."""
    net.eval()
    total, between = np.zeros((2, len(CLASS_NAMES), len(CLASS_NAMES)), np.int64)
    sure, right = [], []
    costs: dict[str, list[float]] = {text: [] for text in values}
    for scene in test:
        logits = net(scene.bands[None])
        predicted, confidence = form.decide(logits)
        known = scene.labels > 0
        total += confusions(predicted, scene.labels, max(scene.labels.shape)).sum(0)
        two = torch.where(torch.isin(scene.labels, form.ids), scene.labels, 0)
        between += confusions(form.prefer(logits), two, max(scene.labels.shape)).sum(0)
        sure.append(confidence[known].numpy())
        right.append(form.agrees(predicted, scene.labels)[known].numpy())
        for text in values:
            costs[text].append(float(form.loss(text)(logits, form.target(scene.labels[None]))))
    iou = metrics.iou(total)
    curve = metrics.calibration(np.concatenate(sure), np.concatenate(right), BINS)
    return {
        "score": float(miou(between, form.scored)),
        "collapsed": float(between.sum(1).max() / between.sum() / len(form.scored)),
        "labelled": float(miou(total, form.scored)),
        "miou": float(miou(total, form.classes)),
        **{f"iou_{CLASS_NAMES[c]}": float(iou[c]) for c in range(1, len(CLASS_NAMES))},
        "confusion": total,
        "confusion_of_two": between,
        "ece": metrics.expected_calibration_error(curve),
        "calibration": curve._asdict(),
        **{f"value {text}": float(np.mean(its)) for text, its in costs.items()},
    }


class Softmax:
    """One output per class, in the order of OUTPUTS; cells without a label are ignored."""

    def __init__(self, scored: Sequence[int]) -> None:
        self.scored, self.outputs = scored, len(OUTPUTS)
        self.ids = torch.tensor(scored, dtype=torch.uint8)
        self.classes = range(1, len(CLASS_NAMES))

    def loss(self, text: str) -> Loss:
        """Return the loss of logits and targets."""
        return parse(text)

    def target(self, labels: Tensor) -> Tensor:
        """Return the targets (B, rows, cols) of train ids."""
        return torch.where(labels > 0, labels - 1, IGNORE)

    def decide(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return train ids and their probability, (rows, cols), of logits (1, outputs, rows, cols)."""
        confidence, output = logits[0].softmax(0).max(0)
        return output + 1, confidence

    def prefer(self, logits: Tensor) -> Tensor:
        """Return which of the scored classes has the larger logit, (rows, cols)."""
        return self.ids[logits[0][[c - 1 for c in self.scored]].argmax(0)]

    def agrees(self, predicted: Tensor, labels: Tensor) -> Tensor:
        """Say where a decision is right."""
        return predicted == labels


class Sigmoid:
    """One output for each of the scored classes; all else is background, empty cells included."""

    def __init__(self, scored: Sequence[int]) -> None:
        self.scored = self.classes = scored
        self.outputs = len(scored)
        self.ids = torch.tensor(scored, dtype=torch.uint8)

    def loss(self, text: str) -> Loss:
        """Return the loss of logits and targets, with every output a picture of its own."""
        loss = parse(text)
        return lambda logits, target: loss(logits.flatten(0, 1), target.flatten(0, 1))

    def target(self, labels: Tensor) -> Tensor:
        """Return whether a cell is of the class of each output, (B, outputs, rows, cols)."""
        return (labels[:, None] == self.ids[:, None, None]).to(torch.uint8)

    def decide(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return train ids, 0 for the background, and their probability, of logits (1, outputs, rows, cols)."""
        confidence, output = logits[0].sigmoid().max(0)
        found = confidence > 0.5
        return torch.where(found, self.ids[output], 0), torch.where(found, confidence, 1 - confidence)

    def prefer(self, logits: Tensor) -> Tensor:
        """Return which of the scored classes has the larger logit, (rows, cols)."""
        return self.ids[logits[0].argmax(0)]

    def agrees(self, predicted: Tensor, labels: Tensor) -> Tensor:
        """Say where a decision is right; any class that has no output is background."""
        return predicted == torch.where(torch.isin(labels, self.ids), labels, 0)


Form = Softmax | Sigmoid

FORMS: dict[str, Any] = {"softmax": Softmax, "sigmoid": Sigmoid}


class Crops:
    """Batches of windows of the scenes, around labelled cells, turned and mirrored at random.

    Parameters
    ----------
    scenes
        With at least one label between them.
    side
        Of a window, cells; a smaller scene is continued with empty cells.
    seed
        Of all choices.
    """

    def __init__(self, scenes: Sequence[Scene], side: int, seed: int) -> None:
        self.side, self.rng = side, np.random.default_rng(seed)
        self.scenes = [_at_least(scene, side) for scene in scenes]
        places = [
            np.column_stack([np.full(int(known.sum()), number), *known.nonzero()])
            for number, known in enumerate(scene.labels.numpy() > 0 for scene in self.scenes)
        ]
        self.places = np.concatenate(places)
        labels = np.concatenate([scene.labels.numpy()[scene.labels.numpy() > 0] for scene in self.scenes])
        self.of_class = [np.flatnonzero(labels == c) for c in np.unique(labels)]

    def batch(self, size: int) -> tuple[Tensor, Tensor]:
        """Return bands (size, bands, side, side) and train ids (size, side, side)."""
        crops = [self._crop() for _ in range(size)]
        return torch.stack([bands for bands, _ in crops]), torch.stack([labels for _, labels in crops])

    def _crop(self) -> tuple[Tensor, Tensor]:
        rng, side = self.rng, self.side
        among = self.of_class[rng.integers(len(self.of_class))] if rng.random() < BALANCED else None
        chosen = rng.integers(len(self.places)) if among is None else rng.choice(among)
        number, *centre = self.places[chosen]
        scene = self.scenes[number]
        corner = np.array(centre) - rng.integers(side // 4, side - side // 4, 2)
        row, col = np.clip(corner, 0, np.array(scene.labels.shape) - side)
        turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))

        def seen(values: Tensor) -> Tensor:
            window = values[..., row : row + side, col : col + side].rot90(turns, (-2, -1))
            return window.flip(-1) if mirrored else window

        return seen(scene.bands), seen(scene.labels)


def _at_least(scene: Scene, side: int) -> Scene:
    rows, cols = scene.labels.shape
    more = (0, max(side - cols, 0), 0, max(side - rows, 0))
    return Scene(nn.functional.pad(scene.bands, more), nn.functional.pad(scene.labels, more))


def confusions(predicted: Tensor, labels: Tensor, side: int) -> Counts:
    """Count true and predicted class of the labelled cells of every tile of `side` cells that has any.

    Returns
    -------
    Counts
        (tiles, 6, 6), rows truth, columns prediction; 0 is no class.
    """
    rows, cols = np.nonzero(labels.numpy() > 0)
    across = -(-labels.shape[1] // side)
    _, tile = np.unique(rows // side * across + cols // side, return_inverse=True)
    classes = len(CLASS_NAMES)
    pair = (tile * classes + labels.numpy()[rows, cols]) * classes + predicted.numpy()[rows, cols]
    count = int(tile.max(initial=-1)) + 1
    return np.bincount(pair, minlength=count * classes**2).reshape(count, classes, classes)


def miou(matrix: Counts, classes: Sequence[int]) -> NDArray[np.float64]:
    """Return the mean IoU over those of the classes that occur, in truth or prediction, of (..., 6, 6) counts."""
    return known_mean(metrics.iou(matrix)[..., list(classes)])


def known_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean along the last axis of what is not NaN; NaN where there is nothing."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, values, 0).sum(-1) / known.sum(-1))


def draw(done: Sequence[dict[str, Any]], folder: Path, path: Path) -> None:
    """Draw mIoU of validation images and data set over training, and reliability, all with a curve per loss."""
    places: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for record in done:
        rest = [str(value) for axis, value in record["at"].items() if axis not in ("loss", "seed")]
        curves = places.setdefault(", ".join(rest), {})
        curves.setdefault(str(record["at"].get("loss", "")), []).append(record)
    panels: dict[str, tuple[str, dict[str, tuple[Any, Any]]]] = {}
    for place, named in places.items():
        for column in ("image_miou", "dataset_miou"):
            panels[f"{place} {column} of the validation"] = (
                "epoch",
                {name: _over_epochs(its, column, folder) for name, its in named.items()},
            )
        panels[f"{place} reliability on the test clouds"] = (
            "confidence",
            {name: _reliability(its) for name, its in named.items()},
        )
    plot.curves(panels, path, across=3)


def _over_epochs(done: Sequence[dict[str, Any]], column: str, folder: Path) -> tuple[Any, Any]:
    """Return epochs and the mean of a column of the histories, as far as the shortest goes."""
    rows = [[row[column] for row in records.history(folder, record["key"])] for record in done]
    shortest = min(len(row) for row in rows)
    return range(1, shortest + 1), np.mean([row[:shortest] for row in rows], 0)


def _reliability(done: Sequence[dict[str, Any]]) -> tuple[Any, Any]:
    """Return confidence and accuracy of the bins, all runs pooled."""
    counts, *means = (
        np.array([record["facts"]["calibration"][name] for record in done], float)
        for name in ("counts", "confidence", "accuracy")
    )
    total = counts.sum(0)
    filled = total > 0
    confidence, accuracy = ((np.nan_to_num(mean) * counts).sum(0)[filled] / total[filled] for mean in means)
    return confidence, accuracy


def check(settings: StreetSettings) -> None:
    """Raise UsageError for names of losses, optimisers, schedules or data that do not exist."""
    for text in (settings.loss, *settings.values):
        parse(text)
    for name, known in (
        (settings.optimiser, OPTIMISERS),
        (settings.schedule, SCHEDULES),
        (settings.config, NAMED),
        (settings.dataset, scenes.CLOUDS),
    ):
        if name not in known:
            raise UsageError(f"No {name!r} here", hint=f"name one of: {', '.join(known)}")


TASK = Task(StreetSettings, run, check, prepare, draw)
