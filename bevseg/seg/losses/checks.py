"""Options of a loss that it cannot work with: refused, with the choices."""

from __future__ import annotations

from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.target_ids import ensure

POWERS = (1.0, 2.0)
"""Powers for which the loss has its minimum at the perfect prediction. Beyond 2 it turns negative before that."""


def one_of(option: str, value: object, *choices: str) -> None:
    """Raise a UsageError unless the value is one of the choices."""
    if value not in choices:
        raise UsageError(f"No {option} {value!r}", hint=f"choose one of: {', '.join(choices)}")


def within(option: str, value: float, low: float, high: float = float("inf")) -> None:
    """Raise a UsageError unless low <= value <= high; NaN and infinity never are."""
    if not low <= value <= high or value == float("inf"):
        top = f" to {high:g}" if high < float("inf") else " upwards"
        raise UsageError(f"Invalid {option}: {value:g}", hint=f"choose a number from {low:g}{top}")


def whole(option: str, value: float, low: int, high: int) -> int:
    """Return a whole number as an int; raise a UsageError unless it is one, and low <= value <= high."""
    within(option, value, low, high)
    if value != int(value):
        raise UsageError(f"Invalid {option}: {value:g}", hint="choose a whole number")
    return int(value)


def of_areas(smooth: float, scope: str, activation: str) -> None:
    """Raise a UsageError if an option is wrong that all losses of areas have."""
    within("smooth", smooth, 0)
    one_of("scope", scope, "batch", "image")
    one_of("activation", activation, "softmax", "sigmoid")


def of_power(loss: str, p: float | Tensor, any_p: bool) -> None:
    """Raise a UsageError for a power with which a loss is of no use, unless any is wanted.

    A tensor is looked at where targets are, since that stops a device: not within `trusted_targets`.
    """

    def error() -> UsageError:
        return UsageError(
            f"{loss} cannot use p = {float(p):g}",
            why="below 1 its gradient is infinite at q = 0; above 2 it is lowest, and negative, at q < 1",
            hint=f"choose p from {POWERS[0]:g} to {POWERS[1]:g}; 1.5 is a good start",
        )

    if not isinstance(p, Tensor):
        if not (any_p or POWERS[0] <= p <= POWERS[1]):
            raise error()
        return
    if p.ndim:
        raise UsageError(
            f"{loss} takes one p, not {tuple(p.shape)} of them", hint="give a tensor without dimensions"
        )
    if not any_p:
        ensure(lambda: (p >= POWERS[0]) & (p <= POWERS[1]), error)
