"""A network and tensors in memory -> the trained network: the one loop of all studies."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

Row = dict[str, float]

Epoch = Callable[[], Iterable[tuple[Tensor, Tensor]]]
"""The batches of one epoch: inputs and targets."""


class Fitted(NamedTuple):
    """What a training leaves.

    Attributes
    ----------
    history
        One row per epoch: `epoch`, `loss` (mean over its steps), `learning_rate`, what the look at the validation
        set told, and `seconds` since the start.
    best
        Weights after the epoch with the smallest validation loss; the network itself holds the last ones.
    """

    history: list[Row]
    best: dict[str, Any]


def fit(
    net: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    epoch: Epoch,
    look: Callable[[], Row],
    optimiser: torch.optim.Optimizer,
    *,
    epochs: int,
    patience: int,
    plateau: torch.optim.lr_scheduler.ReduceLROnPlateau | None = None,
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None,
) -> Fitted:
    """Train until the validation loss has not fallen for `patience` epochs.

    Parameters
    ----------
    net
        Trained in place.
    loss
        Of logits and targets.
    epoch
        Called for the batches of each epoch.
    look
        Called after each epoch, without gradient and with the network in evaluation mode; its row must have
        `val_loss`. One that is no number never counts as fallen.
    optimiser, plateau, schedule
        The schedule moves after each step, the plateau after each epoch.
    epochs, patience
        Epochs at most; epochs without a smaller validation loss before the end.
    """
    history: list[Row] = []
    best, kept, stale = math.inf, copy.deepcopy(net.state_dict()), 0
    start = time.monotonic()
    for number in range(1, epochs + 1):
        net.train()
        total, steps = torch.zeros(()), 0
        for x, y in epoch():
            cost = loss(net(x), y)
            optimiser.zero_grad()
            cost.backward()
            optimiser.step()
            if schedule is not None:
                schedule.step()
            total += cost.detach()  # asked for its number once an epoch only
            steps += 1
        net.eval()
        with torch.no_grad():
            seen = look()
        rate = float(optimiser.param_groups[0]["lr"])
        row = {"epoch": number, "loss": float(total) / max(steps, 1), "learning_rate": rate}
        history.append(row | seen | {"seconds": time.monotonic() - start})
        if plateau is not None:
            plateau.step(seen["val_loss"])
        stale += 1
        if seen["val_loss"] < best:
            best, kept, stale = seen["val_loss"], copy.deepcopy(net.state_dict()), 0
        if stale >= patience:
            break
    return Fitted(history, kept)
