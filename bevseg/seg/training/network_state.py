"""What changes while a network is trained, and its state after a validation step: the training can go on from it."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from bevseg.errors import InputError
from bevseg.seg.training.optimizers import Schedule

TOLERANCE = 0.02
"""Weights whose mIoU is this close to the best count as good: the validation clouds are few, and later weights have
been trained with smaller steps."""

ANEW = "start the training anew with --overwrite"
"""What to do about a state that cannot be used."""

SCALER = {"scale": float, "_growth_tracker": int}
"""What changes in `GradScaler.state_dict()`: the factor, and the steps without an overflow."""

Row = dict[str, Any]

Tensors = dict[str, Tensor]


@dataclass
class Best:
    """The weights that are kept, by the validation.

    Attributes
    ----------
    score
        Highest mIoU; -inf as long as there is none.
    reached
        That of the weights; NaN without validation.
    stale
        Validation steps since then.
    weights
        Weights and statistics by name.
    """

    score: float = -math.inf
    reached: float = math.nan
    stale: int = 0
    weights: Tensors = field(default_factory=dict)

    def update(self, net: nn.Module, miou: float) -> None:
        """Count a validation step, and keep the weights if they are as good as any; without validation they are."""
        self.stale += 1
        if not miou < self.score - TOLERANCE:
            self.weights, self.reached, self.stale = copy.deepcopy(net.state_dict()), miou, 0
        self.score = max(self.score, miou)  # stays without validation: NaN compares false


@dataclass(frozen=True, eq=False)
class NetworkState:
    """The training of one network as it stood after a validation step.

    The crops are not part of it: their random numbers follow from seed, step and crop.

    Attributes
    ----------
    step
        Steps done.
    seconds
        Since the start.
    done
        Whether the training has ended. Of the tensors only the best are left then.
    history
        One row per validation step.
    score, reached, stale
        As in `Best`.
    schedule
        As in `Schedule.state`.
    tensors
        Copies on the CPU, by part and name: `best`; `live`, the weights and statistics that are trained; `average`,
        their running average; `optimizer`, as `<number of the parameter>/<name>`; `scaler`, in float16 alone;
        `random`, of the CPU and the GPU.
    """

    step: int
    seconds: float
    done: bool
    history: list[Row]
    score: float
    reached: float
    stale: int
    schedule: dict[str, float]
    tensors: dict[str, Tensors]


@dataclass
class Running:
    """All that changes from step to step of a training.

    Attributes
    ----------
    live, average
        The network that is trained, and its running average.
    optimizer, schedule
        Of `live`.
    scaler
        Of the gradients.
    best
        The weights that are kept.
    history
        One row per validation step.
    """

    live: nn.Module
    average: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    scaler: torch.amp.GradScaler
    best: Best = field(default_factory=Best)
    history: list[Row] = field(default_factory=list)

    def state(self, step: int, seconds: float, place: torch.device, *, done: bool) -> NetworkState:
        """Return the state after a step, from which `restore` goes on."""
        tensors = {"best": self.best.weights}
        if not done:
            tensors |= {"live": self.live.state_dict(), "average": self.average.state_dict()}
            tensors |= {"optimizer": _of_optimizer(self.optimizer), "random": _random_state(place)}
            if self.scaler.is_enabled():
                tensors |= {"scaler": _of_scaler(self.scaler)}
        return NetworkState(
            step,
            seconds,
            done,
            list(self.history),
            self.best.score,
            self.best.reached,
            self.best.stale,
            self.schedule.state(),
            {part: {name: _copied(value) for name, value in of.items()} for part, of in tensors.items()},
        )

    def restore(self, state: NetworkState, place: torch.device) -> None:
        """Take over a state, the random numbers of torch included.

        Raises
        ------
        InputError
            If it is the state of another network or optimizer.
        """
        try:
            self.live.load_state_dict(state.tensors["live"])
            self.average.load_state_dict(state.tensors["average"])
            # SGD without momentum keeps nothing.
            _restore_optimizer(self.optimizer, state.tensors.get("optimizer", {}))
            self.schedule.restore(state.schedule)
            if self.scaler.is_enabled():
                _restore_scaler(self.scaler, state.tensors["scaler"])
            torch.random.set_rng_state(state.tensors["random"]["cpu"])
            if place.type == "cuda":
                torch.cuda.set_rng_state(state.tensors["random"]["cuda"], place)
        except (LookupError, TypeError, ValueError, RuntimeError) as error:
            raise unfit(error) from error
        self.best = Best(state.score, state.reached, state.stale, state.tensors["best"])
        self.history = list(state.history)


def unfit(error: Exception) -> InputError:
    """Return the error of a state whose parts do not fit."""
    reason = " ".join(str(error).split())[:300]
    return InputError("The state of the training does not fit its network", why=reason, hint=ANEW)


def _copied(value: Tensor) -> Tensor:
    """Return a copy on the CPU that the next steps do not change; in the order of its indices, as files have it."""
    return value.detach().cpu().clone(memory_format=torch.contiguous_format)


def _random_state(place: torch.device) -> Tensors:
    found = {"cpu": torch.random.get_rng_state()}
    return found | ({"cuda": torch.cuda.get_rng_state(place)} if place.type == "cuda" else {})


def _of_scaler(scaler: torch.amp.GradScaler) -> Tensors:
    state = scaler.state_dict()
    return {name: torch.tensor(state[name], dtype=torch.float64) for name in SCALER}


def _restore_scaler(scaler: torch.amp.GradScaler, tensors: Mapping[str, Tensor]) -> None:
    changed = {name: type_(tensors[name].item()) for name, type_ in SCALER.items()}
    scaler.load_state_dict(scaler.state_dict() | changed)


def _of_optimizer(optimizer: torch.optim.Optimizer) -> Tensors:
    """Return the tensors that the optimizer keeps of each parameter, as `<number>/<name>`."""
    of_parameters = optimizer.state_dict()["state"]
    return {f"{number}/{name}": value for number, of in of_parameters.items() for name, value in of.items()}


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give the optimizer what it kept of each parameter.

    Raises
    ------
    ValueError
        If a tensor is of another size than its parameter, and no count of steps.
    """
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, Tensors] = {}
    for key, value in tensors.items():
        number, name = key.split("/")
        parameter = parameters[int(number)]
        if name != "step":
            if value.shape != parameter.shape:
                raise ValueError(f"{key}: {tuple(value.shape)}, expected {tuple(parameter.shape)}")
            # Fused optimizers walk through the memory of all tensors of a parameter at once: the order is its own.
            value = torch.empty_like(parameter, device="cpu").copy_(value).detach()
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
