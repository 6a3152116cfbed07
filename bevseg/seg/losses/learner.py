"""A loss that is fitted to a trained network before the training that it is for: what it has to have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from torch import Tensor, nn

from bevseg.config import TrainConfig
from bevseg.errors import BevsegError

Crops = Callable[[int], Iterable[tuple[Tensor, Tensor]]]
"""A number -> so many training crops, one by one: bands (1, C, rows, cols), target (1, rows, cols)."""


class Learned(NamedTuple):
    """What a learner has made of a trained network.

    Attributes
    ----------
    function
        The loss.
    facts
        What the model records of it, by name; plain values.
    summary
        How good it is, for the log.
    fault
        Why nobody should train with it; None: it is sound.
    """

    function: Callable[..., Tensor]
    facts: dict[str, Any]
    summary: str
    fault: BevsegError | None


class Learner(Protocol):
    """A loss that is fitted to the maps of a trained network before the training that it is for."""

    @property
    def starts_anew(self) -> bool:
        """Whether that network only lends its maps, and the training starts from new weights."""

    def recipe(self, config: TrainConfig) -> TrainConfig:
        """Return the settings that the loss is trained with."""

    def learn(self, net: nn.Module, crops: Crops, *, seed: int, device: str) -> Learned:
        """Fit the loss; SurrogateError if there is too little to fit it to."""
