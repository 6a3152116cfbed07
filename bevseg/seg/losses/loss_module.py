"""A loss as a module of torch, from a function, a text or a name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from bevseg.errors import UsageError
from bevseg.seg.inputs import IGNORE
from bevseg.seg.losses.checks import one_of
from bevseg.seg.losses.loss_terms import class_counts, terms_of
from bevseg.seg.losses.modes import MODES, ensure_labels, ensure_probabilities, logits_of, without_channel
from bevseg.seg.losses.options import options_of
from bevseg.seg.losses.reduction import REDUCTIONS
from bevseg.seg.losses.registry import entry_of
from bevseg.seg.losses.term import Function, Term


class LossModule(nn.Module):
    """Any loss as a module: one of ours, a sum of them as text, or a function of your own.

    Parameters
    ----------
    loss
        Function `loss(logits, target, ignore_index=255, **options)` of the contract of `bevseg.seg.losses`, or a
        text as for `--loss`: `"0.25*ce+0.75*jml"`.
    mode
        `multiclass`: each pixel has one of C classes. Prediction (B, C, *S); target (B, *S) ids or, for losses that
        take them, soft labels (B, C, *S). S is H, W, or D, H, W for volumes.

        `binary`: each pixel is foreground, 1, or background, 0. Prediction and target (B, *S) or (B, 1, *S).

        `multilabel`: each pixel may have several of C classes. Prediction and target (B, C, *S). Each class is a
        binary task, with a sigmoid of its own; the loss is their mean.
    from_logits
        Whether the prediction holds logits. False: probabilities in [0, 1], those of a softmax for `multiclass`
        (divided by their sum over the classes), of sigmoids else. They are turned into logits. p = 0 counts as the
        smallest normal number, 1.2e-38 in float32: it costs 87.3 in cross-entropy, and has no gradient. So does
        1 - p = 0 where there is a sigmoid. Logits are better: their losses keep all digits.
    ignore_index
        Target of the pixels to leave out; with `multilabel`, of a class in a pixel.
    reduction
        `mean`; `sum`; `none`: the parts of which the loss is the mean, as the function returns them. With
        `multilabel` these stand side by side in dimension 1 (dimension 0 if a class is one number).
    class_weights
        One number of at least 0 per class, two for `binary`. A buffer: it moves with the module, and is part of its
        state. With `multilabel` the mean over classes becomes sum(w c) / sum(w).
    **options
        Those of the function; a text has its options in itself. An `nn.Parameter`, where an option may be a tensor,
        is a parameter of the module.

    Raises
    ------
    UsageError
        For a loss, an option or a value that does not exist. All are tried when the module is made, but a function of
        your own is not.

    Examples
    --------
    >>> LossModule("0.25*ce+0.75*jml", from_logits=False)
    LossModule('0.25*ce+0.75*jml', mode='multiclass', from_logits=False)
    """

    class_weights: Tensor | None

    def __init__(
        self,
        loss: str | Function,
        mode: str = "multiclass",
        *,
        from_logits: bool = True,
        ignore_index: int = IGNORE,
        reduction: str = "mean",
        class_weights: Sequence[float] | Tensor | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        self._checked(one_of, "mode", mode, *MODES)
        self._checked(one_of, "reduction", reduction, *REDUCTIONS)
        self.loss, self.mode, self.options = loss, mode, options
        self.from_logits, self.ignore_index, self.reduction = from_logits, ignore_index, reduction
        self.register_buffer("class_weights", self._checked(_as_tensor, class_weights))
        for name, value in options.items():
            if isinstance(value, nn.Parameter):
                self.register_parameter(name, value)
        self._terms: tuple[Term, ...] = self._checked(terms_of, loss, options)
        self._checked(self._try)

    def forward(
        self, prediction: Tensor, target: Tensor, pixel_weights: Tensor | None = None, **inputs: Tensor
    ) -> Tensor:
        """Return the loss.

        Parameters
        ----------
        prediction, target
            As the mode says.
        pixel_weights
            (B, *S), at least 0, without gradient: weight of each pixel.
        **inputs
            `keep` or, but for `multilabel`, `maps`, for a function that takes them.

        Returns
        -------
        Tensor
            Scalar, or the parts for the reduction `none`; float32 or wider.

        Raises
        ------
        UsageError
            For shapes that do not fit; for ids that are no class, negative weights, and probabilities outside [0, 1],
            unless inside `trusted_targets()`.
        """
        if pixel_weights is not None:
            inputs["pixel_weights"] = pixel_weights
        if self.mode == "multilabel":
            if "maps" in inputs:
                raise UsageError("A multi-label loss takes no maps", hint="leave them out: it makes its own")
            return self._of_labels(prediction, target, inputs)
        if self.mode == "binary":
            prediction, target = without_channel(prediction, target)
            prediction = prediction[:, None]
            target = target[:, None] if target.is_floating_point() else target
        if self.class_weights is not None:
            inputs["class_weights"] = self.class_weights
        return self._cost(prediction, target, inputs)

    def _cost(self, prediction: Tensor, target: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the sum of the terms for predictions (B, C, *S), C = 1 for a binary task."""
        if not self.from_logits:
            ensure_probabilities(prediction, target, self.ignore_index, inputs.get("keep"))
        given: dict[str, Any] = dict(inputs)
        if self.reduction != "mean":
            given["reduction"] = self.reduction
        values = []
        for term in self._terms:
            term.ensure_takes(given)
            each = prediction.shape[1] == 1 or term.sees_classes_alone
            logits = prediction if self.from_logits else logits_of(prediction, each=each)
            # A state or `functional_call` may have put other parameters in the place of those that came as options.
            read = {**dict(self.named_parameters(recurse=False)), **given}
            value = term(logits, target, self.ignore_index, **read)
            if value.ndim and self.reduction == "mean":
                raise UsageError(
                    f"The loss {term.name} is no scalar",
                    why=f"it returned a tensor {tuple(value.shape)}",
                    hint="let it return the mean over all that counts",
                )
            values.append(term.weight * value)
        return sum(values[1:], start=values[0])

    def _of_labels(self, prediction: Tensor, target: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return what the binary tasks of all classes cost together."""
        ensure_labels(prediction, target)
        soft, classes = target.is_floating_point(), prediction.shape[1]
        parts = [
            self._cost(prediction[:, c : c + 1], target[:, c : c + 1] if soft else target[:, c], inputs)
            for c in range(classes)
        ]
        weights = prediction.new_ones(classes) if self.class_weights is None else self.class_weights
        if len(weights) != classes:
            raise UsageError(f"{len(weights)} weights for {classes} classes")
        if self.reduction == "none":
            return _side_by_side(
                [w * part for w, part in zip(weights, parts, strict=True)], prediction.ndim - 1
            )
        total, weight = (weights * torch.stack(parts)).sum(), weights.sum()
        return total / (weight + (weight == 0)) if self.reduction == "mean" else total

    def extra_repr(self) -> str:
        """Return the loss, the mode, and what is not as by default."""
        facts: dict[str, Any] = {"mode": self.mode, **self.options}
        facts |= dict(self.named_parameters(recurse=False))
        facts |= {} if self.from_logits else {"from_logits": False}
        facts |= {} if self.ignore_index == IGNORE else {"ignore_index": self.ignore_index}
        facts |= {} if self.reduction == "mean" else {"reduction": self.reduction}
        facts |= {} if self.class_weights is None else {"class_weights": self.class_weights}
        shown = (f"{name}={_plain(value)!r}" for name, value in facts.items())
        return ", ".join([*self._shown(), *shown])

    def _shown(self) -> Iterator[str]:
        """Yield the loss, for a module whose class does not say it."""
        yield repr(self.loss) if isinstance(self.loss, str) else self._terms[0].name

    def _checked(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Call what an option may make fail; what it refuses is refused in the name of the module."""
        name = type(self).__name__
        try:
            return work(*arguments)
        except UsageError as error:
            raise UsageError(error.what, where=name, why=error.why, hint=error.hint) from error
        except Exception as error:
            raise UsageError(
                "The loss cannot be computed",
                where=name,
                why=f"{type(error).__name__}: {error}",
                hint="check its options; a list needs one number for each class",
            ) from error

    def _try(self) -> None:
        """Compute the loss of one pixel, which refuses an option outside its domain; not a function of a user's own.

        How many classes there will be is not known yet: it has to work for one of the numbers that the options name.
        """
        if self.reduction != "mean" and len(self._terms) > 1:
            raise UsageError(
                f"A sum of losses has no reduction {self.reduction!r}",
                why="its terms are means over unlike parts: pixels, classes or images",
                hint="make a module of each term",
            )
        given = {"class_weights": self.class_weights is not None, "reduction": self.reduction != "mean"}
        for term in self._terms:
            term.ensure_takes(name for name, is_given in given.items() if is_given)
        if any(term.function is not None and entry_of(term.function) is None for term in self._terms):
            return
        faults = []
        for classes in dict.fromkeys(self._class_counts()):
            prediction = torch.full((1, classes, 1, 1), 1 / classes)
            target = torch.zeros(
                1, *prediction.shape[1:] if self.mode == "multilabel" else (1, 1), dtype=torch.long
            )
            try:
                with torch.no_grad():
                    self(prediction, target)
            except UsageError as fault:
                faults.append(fault)
            else:
                return
        raise faults[0]

    def _class_counts(self) -> Iterator[int]:
        if self.mode == "binary":
            yield 1
            return
        if self.class_weights is not None:
            yield len(self.class_weights)
        yield 2
        if self.mode == "multiclass":
            for term in self._terms:
                yield from class_counts(dict(term.options).values())


class FunctionLoss(LossModule):
    """A module of one function; the parameters of `LossModule` but the loss, and the options of the function."""

    function: ClassVar[Function]
    __signature__: ClassVar[inspect.Signature]

    def __init_subclass__(cls, function: Function) -> None:
        """Take the function of the class; its options become part of the signature, its words those of `help`."""
        cls.function = staticmethod(function)
        cls.__doc__ = (
            f"The module of `{function.__name__}`, with its options and the parameters of `LossModule`.\n\n"
        )
        cls.__doc__ += inspect.getdoc(function) or ""
        own = list(inspect.signature(FunctionLoss.__init__).parameters.values())[1:-1]
        theirs = [p for p in options_of(function, 3).values() if p.name not in ("reduction", "class_weights")]
        cls.__signature__ = inspect.Signature([*own, *theirs])

    def __init__(
        self,
        mode: str = "multiclass",
        *,
        from_logits: bool = True,
        ignore_index: int = IGNORE,
        reduction: str = "mean",
        class_weights: Sequence[float] | Tensor | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            self.function,
            mode,
            from_logits=from_logits,
            ignore_index=ignore_index,
            reduction=reduction,
            class_weights=class_weights,
            **options,
        )

    def _shown(self) -> Iterator[str]:
        yield from ()


def _as_tensor(class_weights: Sequence[float] | Tensor | None) -> Tensor | None:
    """Return the weights of the classes as a buffer; UsageError for one below 0."""
    if class_weights is None:
        return None
    weights = torch.as_tensor(class_weights, dtype=torch.float32).detach().clone()
    if weights.ndim != 1 or not (weights >= 0).all():
        raise UsageError(
            f"Invalid class weights: {weights.tolist()}", hint="give a number of at least 0 for each"
        )
    return weights


def _plain(value: Any) -> Any:
    """Return a tensor of an option as numbers, with the digits of float32 that mean something."""
    if not isinstance(value, Tensor):
        return value
    numbers = [float(f"{number:.6g}") for number in value.flatten().tolist()]
    return numbers if value.ndim else numbers[0]


def _side_by_side(parts: Sequence[Tensor], dimensions: int) -> Tensor:
    """Join what the classes cost: a number, one for each image, or maps of so many dimensions, each."""
    first = parts[0]
    if first.ndim == dimensions:  # (B, *S)
        return torch.stack(list(parts), 1)
    return torch.cat(list(parts), min(first.ndim - 1, 1))
