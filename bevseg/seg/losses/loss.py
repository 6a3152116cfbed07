"""`0.25*ce+0.75*jml(form=1)` -> a `Loss`: read once, where the text comes in, and handed on as a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from bevseg.config import TrainConfig
from bevseg.config.domains import did_you_mean
from bevseg.config.plugins import entry_points, import_object
from bevseg.errors import BevsegError, UsageError
from bevseg.seg.inputs import IGNORE, OUTPUTS
from bevseg.seg.losses.options import checked, ensure_contract, options_of
from bevseg.seg.losses.parser import Value, Written, read_terms, write
from bevseg.seg.losses.registry import GROUP, LOSSES, Entry
from bevseg.seg.losses.soft_labels import boundary_smoothed

Function = Callable[..., Tensor]
"""A loss of logits, target and ignored target; the contract is in `bevseg.seg.losses`."""

Crops = Callable[[int], Iterable[tuple[Tensor, Tensor]]]
"""A number -> so many training crops, one by one: bands (1, C, rows, cols), target (1, rows, cols)."""

SOFT = "soft_labels"
"""Name, among the maps of a loss, of the labels that are smoothed at boundaries."""


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

    function: Function
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


@dataclass(frozen=True)
class Term:
    """One term of a sum.

    Attributes
    ----------
    weight
        Factor, above 0.
    name
        As in the register, or `module:function`.
    options
        (name, value) of every option that the text sets, by name.
    function
        The loss, without the options; None as long as it has to be learned.
    maps
        Maker of the map that the function reads as `maps`, and the map's name.
    soft
        The same loss for soft labels.
    learner
        For a loss that has to be learned.
    """

    weight: float
    name: str
    options: tuple[tuple[str, Value], ...]
    function: Function | None
    maps: tuple[str, Function] | None = None
    soft: Function | None = None
    learner: Learner | None = None

    def __str__(self) -> str:
        weight = "" if self.weight == 1 else f"{write(self.weight)}*"
        options = ",".join(f"{name}={write(value)}" for name, value in self.options)
        return f"{weight}{self.name}({options})" if options else f"{weight}{self.name}"

    def cost(self, logits: Tensor, target: Tensor, ignore_index: int, maps: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of this term alone, without its weight."""
        assert self.function is not None  # `Loss` has seen to it
        options = dict[str, Any](self.options)
        if self.maps is not None and self.maps[0] in maps:
            options["maps"] = maps[self.maps[0]]
        return self.function(logits, target, ignore_index, **options)


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


def parse(text: str, classes: int = len(OUTPUTS)) -> Loss:
    """Return the loss that a text such as `ce+0.5*power_jaccard(p=1.5, smooth=10)` names.

    Parameters
    ----------
    text
        A sum of names of the register, of entry points of the group `bevseg.losses`, or of `module:function`.
    classes
        Planes of the logits that it is meant for: lists with a number for each class have to fit.

    Raises
    ------
    UsageError
        For a text that is no sum of losses; a name or an option that does not exist, with the nearest that does; a
        value of another type or outside its domain; a function that cannot be imported or called.
    """
    written = read_terms(text)
    terms = tuple(_term(term, text, classes) for term in written)
    for term in terms:
        if term.learner is not None and (len(terms) > 1 or term.weight != 1):
            raise UsageError(f"{term.name} cannot be part of a sum, or have a weight", where=f"--loss {text}")
    return Loss(terms, text)


def _term(written: Written, text: str, classes: int) -> Term:
    name, entry = _entry(written, text)
    imported = partial(import_object, what=f"loss {written.text!r}", where=f"--loss {text}")
    function = imported(entry.function)
    ours = name in LOSSES
    if not ours:
        ensure_contract(function, name, text)
    short = _short(name, entry, written.suffixes[1:] if ":" in name else written.suffixes, text)
    if twice := set(short) & set(written.options):
        raise UsageError(f"Option {min(twice)!r} is given twice", where=f"--loss {text}")
    allowed = options_of(function, 0 if entry.learned else 3)
    options = {
        option: checked(name, option, value, allowed, text)
        for option, value in (short | written.options).items()
    }
    as_tuple = tuple(sorted(options.items()))
    if entry.learned:
        learner: Any = _called(partial(function, **options), written.text, text)
        return Term(written.weight, name, as_tuple, None, learner=learner)
    maps = (entry.maps.partition(":")[2], imported(entry.maps)) if entry.maps else None
    soft = imported(entry.soft) if entry.soft else None
    if soft is not None and not set(options) <= set(options_of(soft, 3)):
        soft = None
    if options or not ours:
        _called(partial(_try, function, options, classes), written.text, text)
    return Term(written.weight, name, as_tuple, function, maps, soft)


def _entry(written: Written, text: str) -> tuple[str, Entry]:
    """Return the full name of a loss and what stands behind it."""
    name = written.name.replace("-", "_")
    if name in LOSSES:
        return name, LOSSES[name]
    if written.suffixes and isinstance(written.suffixes[0], str):
        path = f"{written.name}:{written.suffixes[0]}"
        return path, Entry(path)
    plugins = entry_points(GROUP)
    if name in plugins:
        return name, Entry(plugins[name].value)
    known = [*LOSSES, *plugins]
    raise UsageError(
        f"No loss {name!r}",
        where=f"--loss {text}",
        hint=f"name one of: {', '.join(known)}; or package.module:function{did_you_mean(name, known)}",
    )


def _short(name: str, entry: Entry, suffixes: Sequence[float | str], text: str) -> dict[str, Value]:
    """Return the options that stand behind colons: a number first, then words that are options to switch on."""
    options: dict[str, Value] = {}
    for place, suffix in enumerate(suffixes):
        if isinstance(suffix, str):
            options[suffix.replace("-", "_")] = True
        elif entry.number and not place:
            options |= dict(zip(entry.number, (suffix, 1 - suffix), strict=False))
        else:
            raise UsageError(
                f"Loss {name!r} takes no number", where=f"--loss {text}", why=f"given {suffix:g}"
            )
    return options


def _called(work: Callable[[], Any], term: str, text: str) -> Any:
    """Call what an option or a user's function may make fail; what it refuses is refused here."""
    try:
        return work()
    except UsageError as error:
        raise UsageError(
            error.what, where=error.where or f"--loss {text}", why=error.why, hint=error.hint
        ) from error
    except Exception as error:
        raise UsageError(
            f"The loss {term!r} cannot be computed",
            where=f"--loss {text}",
            why=f"{type(error).__name__}: {error}",
            hint="check its options; a list needs one number for each class",
        ) from error


def _try(function: Function, options: Mapping[str, Value], classes: int) -> None:
    """Compute the loss of one pixel, which refuses a number outside its domain."""
    logits = torch.zeros(1, classes, 1, 1, requires_grad=True)
    value: Any = function(logits, torch.zeros(1, 1, 1, dtype=torch.long), IGNORE, **options)
    if not isinstance(value, Tensor) or value.ndim or not value.requires_grad:
        raise TypeError(f"it returned {value!r}, expected a scalar tensor that follows from the logits")
