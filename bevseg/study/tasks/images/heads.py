"""Logits of a network -> classes and probabilities, and its targets: softmax over all classes, or sigmoids."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from bevseg.seg.inputs import IGNORE
from bevseg.seg.losses.loss import Loss

Cost = Callable[..., Tensor]
"""Loss of logits and class ids (B, rows, cols); named maps of the target may follow."""


class Softmax:
    """One output for each class.

    Attributes
    ----------
    classes
        Number of classes.
    outputs
        Number of logits of the network.
    class_maps
        Number of logits that the loss sees in an image.
    """

    def __init__(self, classes: int, has_background: bool) -> None:
        self.classes = self.outputs = self.class_maps = classes

    def cost(self, loss: Loss) -> Cost:
        """Return the loss of logits (B, outputs, rows, cols) and class ids (B, rows, cols)."""
        return lambda logits, labels, **maps: loss(logits, labels, IGNORE, **maps)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probability of each class, (B, classes, rows, cols)."""
        return logits.softmax(1)


class Sigmoid:
    """One output for each class. In the loss every output of an image counts as an image of its own.

    The background, or the first one of two classes, has no output: it is where no probability exceeds one half.
    Attributes as those of `Softmax`.
    """

    def __init__(self, classes: int, has_background: bool) -> None:
        self.classes, self.class_maps = classes, 1
        self.first = int(has_background or classes == 2)
        self.outputs = classes - self.first

    def cost(self, loss: Loss) -> Cost:
        """Return the loss of logits (B, outputs, rows, cols) and class ids (B, rows, cols)."""

        def cost(logits: Tensor, labels: Tensor) -> Tensor:
            ids = torch.arange(self.first, self.classes, device=labels.device)
            truth = (labels[:, None] == ids[:, None, None]).to(torch.uint8)
            truth = truth.masked_fill((labels == IGNORE)[:, None], IGNORE)
            return loss(logits.flatten(0, 1), truth.flatten(0, 1), IGNORE)

        return cost

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probability of each class, (B, classes, rows, cols).

        That of a class without output is 1 - the largest one. They need not sum to 1.
        """
        positive = logits.sigmoid()
        return torch.cat([1 - positive.amax(1, keepdim=True), positive], 1) if self.first else positive


Head = Softmax | Sigmoid


HEADS: dict[str, type[Head]] = {"softmax": Softmax, "sigmoid": Sigmoid}
"""Setting `outputs` -> the head."""
