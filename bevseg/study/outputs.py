"""What the outputs of a network stand for: one softmax, or a sigmoid for each class that is scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from bevseg.core.labels import CLASS_NAMES
from bevseg.seg.inputs import IGNORE, OUTPUTS
from bevseg.seg.losses.loss import Loss

Cost = Callable[[Tensor, Tensor], Tensor]


class Softmax:
    """One output per class, in the order of OUTPUTS; cells without a label are ignored."""

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
        self.outputs, self.class_maps = len(scored), 1
        self.ids = torch.tensor(scored, dtype=torch.uint8)

    def loss(self, loss: Loss) -> Cost:
        """Return the loss of logits and targets, with every output a picture of its own."""
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

FORMS: dict[str, type[Form]] = {"softmax": Softmax, "sigmoid": Sigmoid}
