"""A function anywhere -> its options by its signature, and their values as the type that it wants."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bevseg.config.domains import did_you_mean
from bevseg.errors import UsageError
from bevseg.seg.losses.syntax import Value, write

Function = Callable[..., Any]

NOT_IN_TEXT = "reduction"
"""Option that no text can set, though it is a word: what is trained with is a sum of means."""


def options_of(function: Function, skipped: int) -> dict[str, inspect.Parameter]:
    """Return the options of a function behind its first parameters; those that no text can set are left out."""
    try:
        parameters = list(inspect.signature(function).parameters.values())[skipped:]
    except (TypeError, ValueError):  # no signature: compiled code
        return {}
    hints = _hints(function)
    named = (
        p.replace(annotation=hints.get(p.name, Any))
        for p in parameters
        if p.kind is not p.VAR_POSITIONAL and p.name != NOT_IN_TEXT
    )
    return {p.name: p for p in named if p.kind is p.VAR_KEYWORD or _readable(p.annotation)}


def _hints(function: Function) -> dict[str, Any]:
    """Return the types of the parameters that have one; none at all where they cannot be resolved."""
    try:
        return typing.get_type_hints(function)
    except Exception:
        return {}


def _readable(hint: Any) -> bool:
    """Say whether a text can give a value of some type."""
    parts = typing.get_args(hint) if _is_union(hint) else (hint,)
    return any(part not in (None, types.NoneType) and _words(part) for part in parts)


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _words(hint: Any) -> str:
    """Return a type in words; empty for one that no text can give."""
    if _is_union(hint):
        return " or ".join(filter(None, map(_words, typing.get_args(hint))))
    if typing.get_origin(hint) is typing.Literal:
        return "one of " + ", ".join(write(value) for value in typing.get_args(hint))
    if _is_list(hint):
        return "a list" if not typing.get_args(hint) else f"a list, each {_words(typing.get_args(hint)[0])}"
    named = {float: "a number", int: "a whole number", bool: "true or false", str: "a word"}
    named |= {types.NoneType: "none", Any: "any value"}
    return named.get(hint, "")


def _is_list(hint: Any) -> bool:
    origin = typing.get_origin(hint) or hint
    return origin in (Sequence, Iterable, list, tuple)


class _OtherTypeError(Exception):
    """A value that is of another type."""


def checked(
    name: str,
    option: str,
    value: Value,
    allowed: Mapping[str, inspect.Parameter],
    text: str,
) -> Value:
    """Return the value of an option as the type that the function wants."""
    where = f"--loss {text}"
    known = [key for key, p in allowed.items() if p.kind is not p.VAR_KEYWORD]
    if option not in known:
        if len(known) < len(allowed):  # **options: the function judges itself
            return value
        listed = ", ".join(f"{key}={_default(allowed[key])}" for key in known)
        hint = f"options are {listed}{did_you_mean(option, known)}" if known else f"{name} has no options"
        raise UsageError(f"Loss {name!r} has no option {option!r}", where=where, hint=hint)
    try:
        return _fitted(value, allowed[option].annotation)
    except _OtherTypeError:
        raise UsageError(
            f"{option} of the loss {name!r} cannot be {write(value)}",
            where=where,
            hint=f"give {_words(allowed[option].annotation)}",
        ) from None


def _default(parameter: inspect.Parameter) -> str:
    default = parameter.default
    return (
        "..."
        if default is parameter.empty
        else write(tuple(default) if isinstance(default, list) else default)
    )


def _fitted(value: Value, hint: Any) -> Value:
    """Return a value as a type that is asked for; _OtherTypeError if it is of another."""
    if _is_union(hint):
        for part in typing.get_args(hint):
            try:
                return _fitted(value, part)
            except _OtherTypeError:
                continue
        raise _OtherTypeError
    if hint is Any:
        return value
    if typing.get_origin(hint) is typing.Literal:
        if value in typing.get_args(hint):
            return value
    elif _is_list(hint):
        if isinstance(value, tuple):
            kind = (*typing.get_args(hint), Any)[0]
            return tuple(_fitted(part, kind) for part in value)
    elif hint is bool or hint is str:
        if isinstance(value, hint):
            return value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if hint is float:
            return float(value)
        if hint is int and value == int(value):
            return int(value)
    elif value is None and hint is types.NoneType:
        return None
    raise _OtherTypeError


def ensure_contract(function: Function, name: str, text: str) -> None:
    """Raise UsageError unless a function of the user's own can be called as a loss."""
    why = "it is no function"
    if isinstance(function, type):
        why = "it is a class"
    elif callable(function):
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            why = "its parameters cannot be read"
        else:
            first = list(signature.parameters.values())[:3]
            by_place = all(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in first)
            if len(first) == 3 and by_place and first[2].name == "ignore_index":
                return
            why = f"its parameters are {signature}"
    raise UsageError(
        f"{name!r} is not a loss",
        where=f"--loss {text}",
        why=why,
        hint="expected f(logits, target, ignore_index=255, **options) -> scalar",
    )
