"""Names of optimizers and learning-rate schedules -> the optimizer and the schedule of a training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor

from bevseg.config import TrainConfig

WARM_UP = 0.1
"""Share of the training in which the learning rate of `one_cycle` rises."""


def make_optimizer(name: str, parameters: Iterable[Tensor], config: TrainConfig) -> torch.optim.Optimizer:
    """Return an optimizer of the parameters.

    Parameters
    ----------
    name
        `adamw` (Loshchilov & Hutter 2019), `adam` (Kingma & Ba 2015), `adadelta` (Zeiler 2012, with rho 0.95 and
        epsilon 1e-7 as in Keras, whose learning rate of 0.001 the power-Jaccard paper prints) or `sgd`.
    parameters
        Leaf tensors.
    config
        `learning_rate`, `weight_decay` (apart from the gradient in AdamW, added to it in the others) and
        `momentum` (SGD, not Nesterov's) are read.
    """
    return OPTIMIZERS[name](parameters, config)


def _adamw(parameters: Iterable[Tensor], config: TrainConfig) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        parameters, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
    )


def _adam(parameters: Iterable[Tensor], config: TrainConfig) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)


def _adadelta(parameters: Iterable[Tensor], config: TrainConfig) -> torch.optim.Optimizer:
    return torch.optim.Adadelta(
        parameters, lr=config.learning_rate, rho=0.95, eps=1e-7, weight_decay=config.weight_decay
    )


def _sgd(parameters: Iterable[Tensor], config: TrainConfig) -> torch.optim.Optimizer:
    return torch.optim.SGD(
        parameters,
        lr=config.learning_rate,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
        fused=True,
    )


OPTIMIZERS: dict[str, Callable[[Iterable[Tensor], TrainConfig], torch.optim.Optimizer]] = {
    "adamw": _adamw,
    "adam": _adam,
    "adadelta": _adadelta,
    "sgd": _sgd,
}


def one_cycle(progress: float) -> float:
    """Return the factor of the peak learning rate: a straight rise, then half a cosine down to 0 at progress 1."""
    if progress < WARM_UP:
        return 0.04 + 0.96 * progress / WARM_UP
    return 0.5 + 0.5 * math.cos(math.pi * min((progress - WARM_UP) / (1 - WARM_UP), 1))


def step(progress: float) -> float:
    """Return the factor of the peak learning rate: a tenth from one half on, a hundredth from three quarters on.

    Huang et al., Densely connected convolutional networks (CVPR 2017).
    """
    return 1.0 if progress < 0.5 else 0.1 if progress < 0.75 else 0.01


class Schedule:
    """The factor by which a step multiplies `learning_rate`: of the progress alone, unless validation changes it.

    Parameters
    ----------
    shape
        Progress, 0 at the first step to 1 at the end -> factor, 0 to 1.
    """

    def __init__(self, shape: Callable[[float], float]) -> None:
        self.shape = shape

    def factor(self, progress: float) -> float:
        """Return the factor of the learning rate at this progress."""
        return self.shape(progress)

    def update(self, score: float) -> None:
        """Take the score of a validation step, where more is better."""

    def state(self) -> dict[str, float]:
        """Return what validation has changed, by name."""
        return {}

    def restore(self, state: Mapping[str, float]) -> None:
        """Take over what `state` returned."""


class Plateau(Schedule):
    """A constant rate that falls by a factor whenever the score has not risen for a while.

    Parameters
    ----------
    patience
        That many validation steps in a row without a new best score reduce the rate, as in Keras; the count starts
        anew then. A score of NaN (there is no validation) does not count.
    factor
        What the rate is multiplied by.
    """

    def __init__(self, patience: int, factor: float) -> None:
        super().__init__(lambda progress: self.current)
        self.patience, self.reduction = patience, factor
        self.current, self.best, self.stale = 1.0, -math.inf, 0

    def update(self, score: float) -> None:
        """Count a validation step; a training that watches a loss passes its negative."""
        if math.isnan(score):
            return
        self.stale = 0 if score > self.best else self.stale + 1
        self.best = max(self.best, score)
        if self.stale >= self.patience:
            self.current, self.stale = self.current * self.reduction, 0

    def state(self) -> dict[str, float]:
        """Return the factor in force, the best score and the steps since then."""
        return {"current": self.current, "best": self.best, "stale": self.stale}

    def restore(self, state: Mapping[str, float]) -> None:
        """Take over what `state` returned."""
        self.current, self.best, self.stale = state["current"], state["best"], int(state["stale"])


SCHEDULES: dict[str, Callable[[TrainConfig], Schedule]] = {
    "one_cycle": lambda config: Schedule(one_cycle),
    "poly": lambda config: Schedule(lambda progress: (1 - min(progress, 1.0)) ** config.power),
    "step": lambda config: Schedule(step),
    "constant": lambda config: Schedule(lambda progress: 1.0),
    "plateau": lambda config: Plateau(config.plateau_patience, config.plateau_factor),
}


def make_schedule(name: str, config: TrainConfig) -> Schedule:
    """Return a schedule of the learning rate.

    Parameters
    ----------
    name
        `one_cycle`; `poly`: (1 - progress)^power; `step`; `constant`; `plateau`: times `plateau_factor` after
        `plateau_patience` validation steps without a better score.
    config
        Those numbers.
    """
    return SCHEDULES[name](config)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Let the next steps of all groups take this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate
