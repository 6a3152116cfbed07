"""A step's crops -> the loss: of labels, and of extra supervision by a teacher and by crops without labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bevseg.config import TrainConfig
from bevseg.errors import UsageError
from bevseg.seg import device as devices
from bevseg.seg.inputs import IGNORE, to_device
from bevseg.seg.losses import parse
from bevseg.seg.losses.cross_entropy_loss import cross_entropy
from bevseg.seg.losses.jaccard_metric_loss import jaccard_metric, soft_jaccard
from bevseg.seg.losses.kullback_leibler_loss import kullback_leibler
from bevseg.seg.losses.registry import Loss, WeightedSum
from bevseg.seg.losses.soft_labels import boundary_smoothed
from bevseg.seg.training.batches import Batch, Maps
from bevseg.seg.training.distill import distillation, probabilities, semi_supervised

HEAD_START = 0.2
"""Share of the training after which the running average begins to label crops: earlier its labels are noise."""

SOFT: dict[Callable[..., Any], Loss] = {
    cross_entropy: kullback_leibler,
    kullback_leibler: kullback_leibler,
    jaccard_metric: jaccard_metric,
    soft_jaccard: soft_jaccard,
}
"""Loss -> the same for soft labels."""


@dataclass(frozen=True)
class TrainingObjective:
    """The loss of a step: of labels, and of extra supervision where there is any.

    Attributes
    ----------
    loss_of
        For the labels.
    config
        `teacher_weight`, `unlabelled_weight` and `confidence` are read.
    average
        Running average of the network, in evaluation mode: the teacher of crops without labels if there is no other.
    teacher
        A trained network, in evaluation mode; None: there is none.
    place
        Where all of them compute.
    """

    loss_of: Loss
    config: TrainConfig
    average: nn.Module
    teacher: nn.Module | None
    place: torch.device

    def __call__(self, live: nn.Module, batch: Batch, unlabelled: Batch | None, progress: float) -> Tensor:
        """Return the loss of a network for labelled crops and, where there are any, crops without labels.

        Parameters
        ----------
        live
            The network in training.
        batch
            Labelled crops.
        unlabelled
            Crops whose target only says which cells hold points.
        progress
            Of the training, 0 to 1.
        """
        bands = to_device(batch.bands, self.place)
        if unlabelled is not None and self.teacher is None and progress < HEAD_START:
            unlabelled = None
        if unlabelled is None:
            with devices.autocast(self.place):
                logits = live(bands)
            return self._labelled(logits, bands, batch)
        extra = to_device(unlabelled.bands, self.place)
        # Both in one pass: the statistics of the layers are those of all crops.
        with devices.autocast(self.place):
            logits, extra_logits = live(torch.cat([bands, extra])).split([len(bands), len(extra)])
        loss = self._labelled(logits, bands, batch)
        return loss + self.config.unlabelled_weight * self._unlabelled(extra_logits, extra, unlabelled)

    def _labelled(self, logits: Tensor, bands: Tensor, batch: Batch) -> Tensor:
        maps = {name: to_device(plane, self.place) for name, plane in batch.maps.items()}
        target = to_device(batch.target, self.place)
        loss = self.loss_of(logits, target, IGNORE, **maps)
        if self.teacher is None:
            return loss
        taught, share = self._predict(self.teacher, bands), self.config.teacher_weight
        from_teacher = distillation(logits, target, taught, IGNORE, label_weight=0.0, teacher_weight=1.0)
        return (1 - share) * loss + share * from_teacher

    def _unlabelled(self, logits: Tensor, bands: Tensor, batch: Batch) -> Tensor:
        soft = probabilities(self._predict(self.teacher or self.average, bands))
        keep = to_device(batch.target, self.place) != IGNORE
        return semi_supervised(logits, soft, keep, confidence=self.config.confidence)

    @torch.no_grad()
    def _predict(self, net: nn.Module, bands: Tensor) -> Tensor:
        with devices.autocast(self.place):
            return net(bands)


@dataclass(frozen=True)
class Smoothed:
    """A loss for labels that are softened at the boundaries between classes."""

    loss_of: Loss
    epsilon: float

    def maps(self, target: Tensor, classes: int) -> Maps:
        """Return the soft labels, (B, classes, rows, cols), of targets (B, rows, cols)."""
        return {"soft": boundary_smoothed(target, classes, self.epsilon, ignore_index=IGNORE)[0]}

    def __call__(self, logits: Tensor, target: Tensor, ignore_index: int = IGNORE, *, soft: Tensor) -> Tensor:
        """Return the loss of logits for the soft labels."""
        return self.loss_of(logits, soft, ignore_index)


def smoothed(loss_of: Loss, epsilon: float) -> Smoothed:
    """Return a loss with boundary label smoothing.

    Parameters
    ----------
    loss_of
        A weighted sum of losses that take soft labels: JML, soft Jaccard, and cross-entropy without `balance`, in
        whose place the Kullback-Leibler divergence stands then.
    epsilon
        Share of the label that all classes get alike, above 0 and at most 1.

    Raises
    ------
    UsageError
        If a term of the sum takes no soft labels, or epsilon is no share.
    """
    if not 0 < epsilon <= 1:
        raise UsageError(
            f"No boundary smoothing by {epsilon:g}",
            where="--smooth-boundary",
            hint="choose a share from 0 to 1",
        )
    if not isinstance(loss_of, WeightedSum) or any(_soft(term) is None for _, term in loss_of.terms):
        raise UsageError(
            "Boundary smoothing needs losses that take soft labels",
            where="--smooth-boundary",
            why=f"the loss is {getattr(loss_of, 'text', 'one of its own kind')}",
            hint="sums of ce (without a number) and jml do: --loss 0.25*ce+0.75*jml",
        )
    soft = tuple((weight, _soft(term) or term) for weight, term in loss_of.terms)
    return Smoothed(WeightedSum(loss_of.text, soft), epsilon)


def loss_from(config: TrainConfig, loss_of: Loss | None = None) -> Loss:
    """Return the loss for the labels that a training is configured with, or the one given, smoothed if asked for.

    Raises
    ------
    UsageError
        If there is no such loss, or it takes no soft labels though it should.
    """
    loss_of = loss_of or parse(config.loss)
    return smoothed(loss_of, config.smooth_boundary) if config.smooth_boundary else loss_of


def _soft(term: Loss) -> Loss | None:
    """Return a term of a sum for soft labels; None if it has no such form."""
    name = getattr(term, "func", term)  # a partial, if the term has a number
    if name is cross_entropy and name is not term:
        return None
    return term if SOFT.get(name) is name else SOFT.get(name)
