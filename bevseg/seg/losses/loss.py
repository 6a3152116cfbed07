"""A sum of losses with weights, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from torch import Tensor, nn

from bevseg.config import TrainConfig
from bevseg.errors import UsageError
from bevseg.seg.inputs import IGNORE
from bevseg.seg.losses.learner import Crops, Learned, Learner
from bevseg.seg.losses.soft_labels import boundary_smoothed
from bevseg.seg.losses.term import Term

SOFT = "soft_labels"
"""Name, among the maps of a loss, of the labels that are smoothed at boundaries."""


@dataclass(frozen=True)
class Loss:
    """A sum of losses with weights: a value that is called like each of them.

    Attributes
    ----------
    terms
        At least one; a loss that is learned stands alone.
    text
        As it was given. `str` of the loss is a text of one form, which reads as the same loss.
    smoothing
        Share of the label that cells at the boundary of two classes give to all classes alike; 0: none.
    """

    terms: tuple[Term, ...]
    text: str = field(compare=False)
    smoothing: float = 0.0

    def __str__(self) -> str:
        return "+".join(map(str, self.terms))

    def __call__(self, logits: Tensor, target: Tensor, ignore_index: int = IGNORE, **maps: Tensor) -> Tensor:
        """Return the scalar loss of logits (B, C, *S) for target ids (B, *S), of images or volumes.

        `maps` are those of the target, as `maps` returns them. Without them each loss makes its own, but smoothed
        labels have to be given.
        """
        if self.needs_init:
            raise UsageError(f"The loss {self.text!r} has not been learned yet", hint="call `prepared` first")
        if self.smoothing:
            target = maps[SOFT]
        values = [term.weight * term.cost(logits, target, ignore_index, maps) for term in self.terms]
        return sum(values[1:], start=values[0])

    def maps(self, target: Tensor, classes: int) -> dict[str, Tensor]:
        """Return what the losses need to know of a target (B, H, W) alone, each map made once.

        Distances, or the soft labels (B, classes, H, W) of a smoothed loss.
        """
        if self.smoothing:
            return {SOFT: boundary_smoothed(target, classes, self.smoothing, ignore_index=IGNORE)[0]}
        makers = dict(term.maps for term in self.terms if term.maps is not None)
        return {name: make(target, classes) for name, make in makers.items()}

    @property
    def learner(self) -> Learner | None:
        """What has to happen before a training; None for a loss that is ready."""
        return self.terms[0].learner

    @property
    def needs_init(self) -> bool:
        """Whether the loss is learned from a trained network first."""
        return self.learner is not None

    @property
    def starts_anew(self) -> bool:
        """Whether a training with it starts from new weights even where there is a trained network."""
        return self.learner is not None and self.learner.starts_anew

    @property
    def takes_soft_labels(self) -> bool:
        """Whether every term has a form for soft labels."""
        return all(term.soft is not None for term in self.terms)

    def ensure_init(self, *, has_init: bool) -> None:
        """Raise UsageError if the loss needs a trained network and there is none."""
        if self.needs_init and not has_init:
            raise UsageError(
                f"The loss {self.text!r} needs a trained model to learn from",
                where="--init",
                why="it is fitted to the output maps of a network",
                hint="train a model with --loss ce, and give it to `bevseg train` with --init",
            )

    def recipe(self, config: TrainConfig) -> TrainConfig:
        """Return the settings of a training with this loss: those given, unless it has a recipe of its own."""
        return config if self.learner is None else self.learner.recipe(config)

    def prepared(
        self, net: nn.Module, crops: Crops, *, seed: int, device: str = "auto"
    ) -> tuple[Loss, Learned]:
        """Fit a loss that needs it to the maps of a trained network.

        Parameters
        ----------
        net
            Trained with cross-entropy, say; it is not changed.
        crops
            Where the crops come from that the maps are made of.
        seed
            Of the fit.
        device
            Where the maps are made, and the loss will be computed.

        Returns
        -------
        Loss, Learned
            A loss that is ready, and what is known of it. Whether to train with it is for the `fault` to say.

        Raises
        ------
        SurrogateError
            If there is too little to fit.
        """
        assert self.learner is not None  # only a loss that needs it
        learned = self.learner.learn(net, crops, seed=seed, device=device)
        term = replace(self.terms[0], function=learned.function, options=(), learner=None)
        return replace(self, terms=(term,)), learned

    def smoothed(self, epsilon: float) -> Loss:
        """Return the loss with boundary label smoothing.

        Parameters
        ----------
        epsilon
            Share of the label that all classes get alike, above 0 and at most 1.

        Raises
        ------
        UsageError
            If a term takes no soft labels, or epsilon is no share.
        """
        if not 0 < epsilon <= 1:
            raise UsageError(
                f"Invalid boundary smoothing: {epsilon:g}",
                where="--smooth-boundary",
                hint="choose a number from 0 to 1",
            )
        if not self.takes_soft_labels:
            raise UsageError(
                "Boundary smoothing needs losses that take soft labels",
                where="--smooth-boundary",
                why=f"the loss is {self.text}",
                hint="use a sum of ce (without options) and jml, such as --loss 0.25*ce+0.75*jml",
            )
        terms = tuple(replace(term, function=term.soft, maps=None) for term in self.terms)
        return replace(self, terms=terms, smoothing=epsilon)
