"""The loss of a training step: of the labels, of a teacher, and of pictures without labels."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from bevseg.config import TrainConfig
from bevseg.seg.inputs import IGNORE
from bevseg.seg.losses.loss import SOFT, Loss
from bevseg.seg.losses.soft_labels import boundary_smoothed
from bevseg.seg.losses.target_ids import trusted_targets
from bevseg.seg.training.distill import distillation, probabilities, semi_supervised
from bevseg.seg.training.objective import HEAD_START
from bevseg.study.tasks.images.heads import Cost, Head
from bevseg.study.tasks.images.settings import ImagesSettings

DECAY = TrainConfig.average
"""Of the running average of the weights, in a step."""


def cost_of_labels(loss: Loss, head: Head, settings: ImagesSettings) -> Cost:
    """Return the loss of logits and class ids, with smoothed labels and per image if the settings say so."""
    if settings.smooth_boundary:
        soft = loss.smoothed(settings.smooth_boundary)

        def cost(logits: Tensor, labels: Tensor) -> Tensor:
            smoothed, _ = boundary_smoothed(
                labels, head.outputs, settings.smooth_boundary, settings.smooth_kernel, IGNORE
            )
            return soft(logits, labels, IGNORE, **{SOFT: smoothed})

    else:
        cost = head.cost(loss)
    if not settings.per_image:
        return cost

    def mean(logits: Tensor, labels: Tensor) -> Tensor:
        pairs = zip(logits.split(1), labels.split(1), strict=True)
        return torch.stack([cost(z, y) for z, y in pairs]).mean()

    return mean


@dataclass(eq=False)
class Objective:
    """The loss of a batch; each call is a step of the training.

    Attributes
    ----------
    net
        Network in training.
    cost
        Of logits and class ids.
    settings
        Those of the run.
    steps
        Steps of the whole training.
    teacher
        Trained network in evaluation mode; None: there is none.
    """

    net: nn.Module
    cost: Cost
    settings: ImagesSettings
    steps: int
    teacher: nn.Module | None = None
    average: nn.Module | None = field(init=False, default=None)
    done: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        if self.settings.unlabelled == "average":
            self.average = copy.deepcopy(self.net).eval().requires_grad_(False)

    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the loss.

        Parameters
        ----------
        x
            Bands (B, bands, rows, cols). Those behind the first `batch` have no labels.
        y
            Class ids (B, rows, cols); without labels, IGNORE beyond the picture and another id inside.
        """
        count = self.settings.batch
        self._follow()
        logits = self.net(x)
        with trusted_targets():  # reading the pictures has checked their ids
            loss = self._labelled(logits[:count], x[:count], y[:count])
        source = self._source()
        if len(x) > count and source is not None:
            soft = probabilities(_predicted(source, x[count:]))
            loss = loss + self.settings.unlabelled_weight * semi_supervised(
                logits[count:],
                soft,
                y[count:] != IGNORE,
                confidence=self.settings.confidence,
                active=self._active,
            )
        self.done += 1
        return loss

    @property
    def _active(self) -> str:
        return "present" if self.settings.active_filter else "all"

    def _labelled(self, logits: Tensor, x: Tensor, y: Tensor) -> Tensor:
        loss, share = self.cost(logits, y), self.settings.teacher_weight
        if self.teacher is None or not share:
            return loss
        taught = _predicted(self.teacher, x)
        from_teacher = distillation(
            logits, y, taught, IGNORE, label_weight=0.0, teacher_weight=1.0, active=self._active
        )
        return (1 - share) * loss + share * from_teacher

    def _source(self) -> nn.Module | None:
        """Return the network that labels pictures in this step."""
        if self.settings.unlabelled == "teacher":
            return self.teacher
        # Earlier the labels of the average are noise.
        return self.average if self.done >= HEAD_START * self.steps else None

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the running average towards the network; statistics of layers are copied."""
        if self.average is None:
            return
        for mean, weight in zip(self.average.parameters(), self.net.parameters(), strict=True):
            mean.lerp_(weight, 1 - DECAY)
        for kept, now in zip(self.average.buffers(), self.net.buffers(), strict=True):
            kept.copy_(now)


@torch.no_grad()
def _predicted(net: nn.Module, x: Tensor) -> Tensor:
    logits: Tensor = net(x)
    return logits
