"""`0.25*ce+0.75*jml(form=1)` -> a `Loss`: read once, where the text comes in, and handed on as a value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from bevseg.config.domains import did_you_mean
from bevseg.config.plugins import entry_points, import_object
from bevseg.errors import UsageError
from bevseg.seg.inputs import IGNORE, OUTPUTS
from bevseg.seg.losses.loss import Loss
from bevseg.seg.losses.options import checked, ensure_contract, options_of
from bevseg.seg.losses.registry import GROUP, LOSSES, Entry
from bevseg.seg.losses.syntax import Value, Written, read_terms
from bevseg.seg.losses.term import Function, Term

PROBE = (1, 20, 28)
"""Images, rows and columns on which a function of a user's own is tried."""


def parse(text: str, classes: int | None = len(OUTPUTS)) -> Loss:
    """Return the loss that a text such as `ce+0.5*power_jaccard(p=1.5, smooth=10)` names.

    Parameters
    ----------
    text
        A sum of names of the register, of entry points of the group `bevseg.losses`, or of `module:function`.
    classes
        Planes of the logits that it is meant for: lists with a number for each class have to fit. None: not known
        yet, and functions of a user's own are not tried.

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


def _term(written: Written, text: str, classes: int | None) -> Term:
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
    if ours and options:
        _called(partial(_try, function, options, classes or 2), written.text, text)
    elif not ours and classes is not None:
        ensure_computes(function, options, classes, written.text, f"--loss {text}")
    return Term(written.weight, name, as_tuple, function, maps, soft, one_against_rest=entry.one_against_rest)


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
            other = round(1 - suffix, 12)  # 0.3 of 0.7, not 0.30000000000000004
            options |= dict(zip(entry.number, (suffix, other), strict=False))
        else:
            raise UsageError(
                f"Loss {name!r} takes no number", where=f"--loss {text}", why=f"given {suffix:g}"
            )
    return options


def ensure_computes(
    function: Function, options: Mapping[str, Any], classes: int, name: str, where: str
) -> None:
    """Raise UsageError unless a function of a user's own returns the loss of a picture.

    It shows every class, if it has room for it, and one ignored pixel.
    """
    target = torch.arange(math.prod(PROBE)).view(PROBE) % max(classes, 2)
    target[0, 0, 0] = IGNORE
    try:
        _compute(function, options, torch.zeros(PROBE[0], classes, *PROBE[1:]), target)
    except UsageError as error:
        raise UsageError(error.what, where=error.where or where, why=error.why, hint=error.hint) from error
    except Exception as error:  # the function is the user's: any exception of it is the reason
        raise UsageError(
            f"The loss {name!r} cannot be computed",
            where=where,
            why=f"{type(error).__name__}: {error}",
            hint=f"it was tried with logits {(PROBE[0], classes, *PROBE[1:])} and class ids {PROBE}, one of them "
            f"{IGNORE}, which is ignored",
        ) from error


def _called(work: Callable[[], Any], term: str, text: str) -> Any:
    """Call what an option may make fail; what it refuses is refused here."""
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
    _compute(function, options, torch.zeros(1, classes, 1, 1), torch.zeros(1, 1, 1, dtype=torch.long))


@torch.enable_grad()
def _compute(function: Function, options: Mapping[str, Any], logits: Tensor, target: Tensor) -> None:
    value: Any = function(logits.requires_grad_(), target, IGNORE, **options)
    if not isinstance(value, Tensor) or value.ndim or not value.requires_grad:
        raise TypeError(f"it returned {value!r}, expected a scalar tensor that follows from the logits")
