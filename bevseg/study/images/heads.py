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
    outputs
        Number of logits of the network.
    class_maps
        Number of logits that the loss sees in an image.
    """

    def __init__(self, classes: int) -> None:
        self.outputs = self.class_maps = classes

    def cost(self, loss: Loss) -> Cost:
        """Return the loss of logits (B, outputs, rows, cols) and class ids (B, rows, cols)."""
        return lambda logits, labels, **maps: loss(logits, labels, IGNORE, **maps)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probability of each class, (B, classes, rows, cols)."""
        return logits.softmax(1)


class Sigmoid:
    """One output for each class but class 0, which is where no probability exceeds one half.

    In the loss every output of an image counts as an image of its own.
    """

    def __init__(self, classes: int) -> None:
        self.outputs, self.class_maps = classes - 1, 1

    def cost(self, loss: Loss) -> Cost:
        """Return the loss of logits (B, outputs, rows, cols) and class ids (B, rows, cols)."""

        def cost(logits: Tensor, labels: Tensor) -> Tensor:
            ids = torch.arange(1, self.outputs + 1, device=labels.device)
            truth = (labels[:, None] == ids[:, None, None]).to(torch.uint8)
            truth = truth.masked_fill((labels == IGNORE)[:, None], IGNORE)
            return loss(logits.flatten(0, 1), truth.flatten(0, 1), IGNORE)

        return cost

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probability of each class, (B, classes, rows, cols); that of class 0 is 1 - the largest one."""
        positive = logits.sigmoid()
        return torch.cat([1 - positive.amax(1, keepdim=True), positive], 1)


Head = Softmax | Sigmoid


HEADS: dict[str, type[Head]] = {"softmax": Softmax, "sigmoid": Sigmoid}
"""Setting `outputs` -> the head."""
