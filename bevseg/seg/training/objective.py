"""A step's crops -> the loss: of labels, and of extra supervision by a teacher and by crops without labels.

Of dense labels a teacher says more than they do: which other classes a cell resembles. Of sparse labels it speaks for
all cells that have none (Li and Hoiem, Learning without forgetting, ECCV 2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bevseg.config import TrainConfig
from bevseg.seg.device import autocast
from bevseg.seg.inputs import IGNORE
from bevseg.seg.losses.loss import Loss
from bevseg.seg.training.batches import Batch
from bevseg.seg.training.distill import distillation, probabilities, semi_supervised
from bevseg.seg.training.distributed import ALONE, Processes

HEAD_START = 0.2
"""Share of the training after which the running average begins to label crops: earlier its labels are noise."""


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
    sparse
        Whether labels are sparse: the teacher is then learned in the cells that hold points and have no label, and
        nowhere else.
    dtype
        What networks compute in; None: as in predictions.
    processes
        The loss is that of the crops of all of them together.
    """

    loss_of: Loss
    config: TrainConfig
    average: nn.Module
    teacher: nn.Module | None
    place: torch.device
    sparse: bool = False
    dtype: torch.dtype | None = None
    processes: Processes = ALONE

    def __call__(self, live: nn.Module, batch: Batch, unlabelled: Batch | None, progress: float) -> Tensor:
        """Return the loss of a network for labelled crops and, where there are any, crops without labels.

        Parameters
        ----------
        live
            The network in training.
        batch
            Labelled crops, on the device; of several processes each has its own.
        unlabelled
            Crops likewise, whose target only says which cells hold points.
        progress
            Of the training, 0 to 1.
        """
        if unlabelled is not None and self.teacher is None and progress < HEAD_START:
            unlabelled = None
        if unlabelled is None:
            with autocast(self.place, self.dtype):
                logits = live(batch.bands)
            return self._labelled(logits, batch)
        # Both in one pass: the statistics of the layers are those of all crops.
        both = torch.cat([batch.bands, unlabelled.bands])
        with autocast(self.place, self.dtype):
            logits, extra_logits = live(both).split([len(batch.bands), len(unlabelled.bands)])
        loss = self._labelled(logits, batch)
        return loss + self.config.unlabelled_weight * self._unlabelled(extra_logits, unlabelled)

    def _labelled(self, logits: Tensor, batch: Batch) -> Tensor:
        whole = self.processes.whole
        logits, target = whole(logits), whole(batch.target)
        maps = {name: whole(plane) for name, plane in batch.maps.items()}
        loss = self.loss_of(logits, target, IGNORE, **maps)
        if self.teacher is None:
            return loss
        taught, share = whole(self._predict(self.teacher, batch.bands)), self.config.teacher_weight
        left = whole(batch.occupied) & (target == IGNORE) if self.sparse else None
        from_teacher = distillation(
            logits, target, taught, IGNORE, keep=left, label_weight=0.0, teacher_weight=1.0
        )
        return (1 - share) * loss + share * from_teacher

    def _unlabelled(self, logits: Tensor, batch: Batch) -> Tensor:
        whole = self.processes.whole
        soft = probabilities(self._predict(self.teacher or self.average, batch.bands))
        keep = batch.target != IGNORE
        return semi_supervised(whole(logits), whole(soft), whole(keep), confidence=self.config.confidence)

    @torch.no_grad()
    def _predict(self, net: nn.Module, bands: Tensor) -> Tensor:
        with autocast(self.place, self.dtype):
            return net(bands)
