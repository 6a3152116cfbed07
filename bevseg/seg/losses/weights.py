"""Weights of classes and of pixels: checked, and as tensors beside the logits."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.target_ids import ensure

Weights = Sequence[float] | Tensor
"""One number per class, at least 0: two for binary logits."""


def of_classes(weights: Weights, maps: int, like: Tensor) -> Tensor:
    """Return the weight of each class (C,), of the type and on the device of a tensor; two for one class map.

    Raises
    ------
    UsageError
        For a weight below 0, infinite or NaN, or weights that are not one for each class.
    """
    classes = max(maps, 2)
    shape = tuple(weights.shape) if isinstance(weights, Tensor) else (len(weights),)
    if shape != (classes,):
        given = f"{shape[0]}" if len(shape) == 1 else f"A tensor {shape} of"
        raise UsageError(
            f"{given} weights for {classes} classes",
            hint="give one weight for each class; binary logits have two",
        )
    if isinstance(weights, Tensor):
        found = weights.detach().to(like)
        ensure(lambda: _are_weights(found), lambda: _wrong("class"))
        return found
    if not all(0 <= weight < math.inf for weight in weights):
        raise _wrong("class")
    # Not waited for: a tensor that is made of a list on a device stops the host until it is there.
    return torch.tensor([float(weight) for weight in weights], dtype=like.dtype).to(
        like.device, non_blocking=True
    )


def of_class_maps(weights: Weights, maps: int, like: Tensor) -> Tensor:
    """Return the weight of each class map (K,); the lone map of binary logits is that of class 1."""
    found = of_classes(weights, maps, like)
    return found[1:] if maps == 1 else found


def of_pixels(weights: Tensor, ignored: Tensor, like: Tensor) -> Tensor:
    """Return the weights of pixels (B, *S), of the type of the logits; 0 where `ignored` (B, *S).

    Raises
    ------
    UsageError
        If the shape is not that of the target, or a pixel that is not ignored has a weight below 0, infinite or NaN.
    """
    if weights.shape != ignored.shape:
        raise UsageError(f"Pixel weights {tuple(weights.shape)} do not fit targets {tuple(ignored.shape)}")
    found = weights.detach().to(like).masked_fill(ignored, 0)
    ensure(lambda: _are_weights(found), lambda: _wrong("pixel"))
    return found


def _are_weights(found: Tensor) -> Tensor:
    return ((found >= 0) & (found < torch.inf)).all()


def _wrong(kind: str) -> UsageError:
    return UsageError(f"A {kind} weight is below 0, infinite, or no number", hint="choose 0 or more")
