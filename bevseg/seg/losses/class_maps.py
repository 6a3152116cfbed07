"""Class maps (B, C, *S): their probabilities, which of them count, the most likely one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bevseg.errors import UsageError


def probabilities(logits: Tensor) -> Tensor:
    """Return the softmax over C of logits (B, C, *S), or their sigmoid if C = 1."""
    return logits.softmax(1) if logits.shape[1] > 1 else logits.sigmoid()


def class_maps_of(classes: Sequence[int] | None, count: int) -> slice | list[int]:
    """Return which of `count` class maps are those of the classes; None is all. A lone class map is that of class 1.

    Raises
    ------
    UsageError
        For a class without a class map, and for no class at all.
    """
    if classes is None:
        return slice(None)
    places = class_map_numbers(classes, count)
    run = slice(places[0], places[-1] + 1)  # a view, where a list would be copied to the device first
    return run if places == list(range(count))[run] else places


def class_map_numbers(classes: Sequence[int], count: int) -> list[int]:
    """Return the numbers of their class maps, of `count`; errors as for `class_maps_of`."""
    first = int(count == 1)
    if not classes:
        raise UsageError("No classes", hint="name one or more, or leave the option out")
    for c in classes:
        if not first <= c < first + count:
            raise UsageError(f"No class {c}", hint=f"the logits have classes {first} to {first + count - 1}")
    return [int(c) - first for c in classes]


def most_likely(scores: Tensor, keep: Tensor) -> Tensor:
    """Return (B, C, *S) bool: the class scores highest in its pixel (the first of equals), which is valid."""
    # Class after class: on a processor several times as fast as arg-max over a dimension that is not the last.
    best = scores[:, :1]
    ids = torch.zeros_like(best, dtype=torch.int16)
    for c in range(1, scores.shape[1]):
        scores_of = scores[:, c : c + 1]
        ids.masked_fill_(scores_of > best, c)
        best = torch.maximum(best, scores_of)
    names = torch.arange(scores.shape[1], dtype=torch.int16, device=scores.device)
    return (ids == names.view(-1, *[1] * (scores.ndim - 2))) & keep
