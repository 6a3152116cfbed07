"""Output heads of a network: softmax over all classes, or one sigmoid for each scored class."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from bevseg.core.labels import CLASS_NAMES
from bevseg.seg.inputs import IGNORE, OUTPUTS
from bevseg.seg.losses.loss import Loss

Cost = Callable[[Tensor, Tensor], Tensor]


class Softmax:
    """One output per class, in the order of OUTPUTS. Cells without a label are ignored."""

    def __init__(self, scored: Sequence[int]) -> None:
        self.scored, self.outputs, self.class_maps = scored, len(OUTPUTS), len(OUTPUTS)
        self.ids = torch.tensor(scored, dtype=torch.uint8)
        self.classes = range(1, len(CLASS_NAMES))

    def loss(self, loss: Loss) -> Cost:
        """Return the loss of logits and targets."""
        return loss

    def target(self, labels: Tensor) -> Tensor:
        """Return the targets (B, rows, cols) of train ids."""
        return torch.where(labels > 0, labels - 1, IGNORE)

    def decide(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return predicted train ids and their probability, both (rows, cols), of logits (1, outputs, rows, cols)."""
        confidence, output = logits[0].softmax(0).max(0)
        return output + 1, confidence

    def prefer(self, logits: Tensor) -> Tensor:
        """Return the scored class with the largest logit, (rows, cols)."""
        return self.ids[logits[0][[c - 1 for c in self.scored]].argmax(0)]

    def correct(self, predicted: Tensor, labels: Tensor) -> Tensor:
        """Return where a prediction is correct."""
        return predicted == labels


class Sigmoid:
    """One output for each scored class. All other cells are background, empty cells included."""

    def __init__(self, scored: Sequence[int]) -> None:
        self.scored = self.classes = scored
        self.outputs, self.class_maps = len(scored), 1
        self.ids = torch.tensor(scored, dtype=torch.uint8)

    def loss(self, loss: Loss) -> Cost:
        """Return the loss of logits and targets. Every output counts as an image of its own."""
        return lambda logits, target: loss(logits.flatten(0, 1), target.flatten(0, 1))

    def target(self, labels: Tensor) -> Tensor:
        """Return, for each output, whether a cell has its class, (B, outputs, rows, cols)."""
        return (labels[:, None] == self.ids[:, None, None]).to(torch.uint8)

    def decide(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return predicted train ids, 0 for background, and their probability, of logits (1, outputs, rows, cols)."""
        confidence, output = logits[0].sigmoid().max(0)
        positive = confidence > 0.5
        return torch.where(positive, self.ids[output], 0), torch.where(positive, confidence, 1 - confidence)

    def prefer(self, logits: Tensor) -> Tensor:
        """Return the scored class with the largest logit, (rows, cols)."""
        return self.ids[logits[0].argmax(0)]

    def correct(self, predicted: Tensor, labels: Tensor) -> Tensor:
        """Return where a prediction is correct; a class without output counts as background."""
        return predicted == torch.where(torch.isin(labels, self.ids), labels, 0)


Head = Softmax | Sigmoid

HEADS: dict[str, type[Head]] = {"softmax": Softmax, "sigmoid": Sigmoid}
