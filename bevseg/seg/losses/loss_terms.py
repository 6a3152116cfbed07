"""What a loss module is made of -> terms: functions of the contract with their options, ready to be called."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.loss import Loss
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.losses.options import checked, ensure_contract, options_of
from bevseg.seg.losses.registry import entry_of
from bevseg.seg.losses.syntax import read_terms
from bevseg.seg.losses.term import Function, Term

MOST_CLASSES = 1000
"""No list of an option speaks of more: a class of a higher id is a mistake, and to try it would take memory."""


def terms_of(loss: str | Function, options: Mapping[str, Any]) -> tuple[Term, ...]:
    """Return the terms of a text, or the one of a function with these options.

    Raises
    ------
    UsageError
        For a text or a function that is no loss, and for options that do not exist or have a value of another type.
    """
    if not isinstance(loss, str):
        name = _name(loss)
        ensure_contract(loss, name, name)
        allowed = options_of(loss, 3)
        values = {option: _value(name, option, value, allowed) for option, value in options.items()}
        entry = entry_of(loss)
        each = entry is not None and entry.one_against_rest
        return (Term(1.0, name, tuple(values.items()), loss, one_against_rest=each),)
    if options:
        raise UsageError(
            f"A text takes no options beside it: {', '.join(options)}", hint="write them into it"
        )
    return _parsed(loss).terms


def class_counts(values: Iterable[Any]) -> Iterator[int]:
    """Yield how many classes there may be by the lists of options: a number for each, or ids of some of them."""
    for value in values:
        if isinstance(value, tuple) and value:
            ids = [each for each in value if isinstance(each, int)]
            yield from (count for count in (len(value), max(ids, default=0) + 1) if 1 < count <= MOST_CLASSES)


def _value(name: str, option: str, value: Any, allowed: Mapping[str, inspect.Parameter]) -> Any:
    """Return the value of an option as the function wants it; a tensor is one that is learned."""
    if isinstance(value, Tensor) and option in allowed and Tensor in get_args(allowed[option].annotation):
        return value
    return checked(name, option, tuple(value) if isinstance(value, list) else value, allowed, name)


def _name(function: Function) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _parsed(text: str) -> Loss:
    """Read a text for one of the numbers of classes that its options name: how many there will be is not known."""
    values = (value for written in read_terms(text) for value in written.options.values())
    faults = []
    for classes in dict.fromkeys([None, *class_counts(values)]):
        try:
            loss = parse(text, classes)
        except UsageError as fault:
            faults.append(fault)
            continue
        if loss.needs_init:
            raise UsageError(
                f"The loss {text!r} has to be learned", hint="`bevseg train` learns it before a training"
            )
        return loss
    raise faults[0]
