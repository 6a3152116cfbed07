"""One term of a loss: a function of the contract, its options and its weight."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.learner import Learner
from bevseg.seg.losses.syntax import write

Function = Callable[..., Tensor]
"""A loss of logits, target and ignored target; the contract is in `bevseg.seg.losses`."""


@dataclass(frozen=True)
class Term:
    """One term of a sum.

    Attributes
    ----------
    weight
        Factor, above 0.
    name
        As in the register, or `module:function`; of a function given from Python, its own.
    options
        (name, value) of every option that is set. A value may be a tensor where the function is given from Python.
    function
        The loss, without the options; None as long as it has to be learned.
    maps
        Maker of the map that the function reads as `maps`, and the map's name.
    soft
        The same loss for soft labels.
    learner
        For a loss that has to be learned.
    one_against_rest
        Whether the function reads the score of each class by itself whatever its options.
    takes
        Names of the parameters of the function; None: it takes any. Read once: `torch.compile` cannot.
    """

    weight: float
    name: str
    options: tuple[tuple[str, Any], ...]
    function: Function | None
    maps: tuple[str, Function] | None = None
    soft: Function | None = None
    learner: Learner | None = None
    one_against_rest: bool = False
    takes: frozenset[str] | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "takes", None if self.function is None else _parameters(self.function))

    def __str__(self) -> str:
        weight = "" if self.weight == 1 else f"{write(self.weight)}*"
        options = ",".join(f"{name}={write(value)}" for name, value in self.options)
        return f"{weight}{self.name}({options})" if options else f"{weight}{self.name}"

    def __call__(self, logits: Tensor, target: Tensor, ignore_index: int, **inputs: Any) -> Tensor:
        """Return the loss of this term alone, without its weight. Inputs take the place of options."""
        assert self.function is not None  # who has a loss to learn has seen to it
        return self.function(logits, target, ignore_index, **{**dict(self.options), **inputs})

    def cost(self, logits: Tensor, target: Tensor, ignore_index: int, maps: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of this term alone, without its weight, given the maps of the target."""
        own = {"maps": maps[self.maps[0]]} if self.maps is not None and self.maps[0] in maps else {}
        return self(logits, target, ignore_index, **own)

    @property
    def sees_classes_alone(self) -> bool:
        """Whether the score of each class is read by itself, not by a softmax over all classes."""
        return self.one_against_rest or dict(self.options).get("activation") == "sigmoid"

    def ensure_takes(self, inputs: Iterable[str]) -> None:
        """Raise a UsageError unless the function has parameters of these names."""
        for name in inputs:
            if self.takes is not None and name not in self.takes:
                raise UsageError(
                    f"The loss {self.name} takes no {name}", hint="leave it out, or choose another loss"
                )


def _parameters(function: Function) -> frozenset[str] | None:
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters)
