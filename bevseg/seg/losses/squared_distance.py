"""Squared distances of tensors as an operator: torch.compile leaves it in its graph, vmap calls it for a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from bevseg.core import distance


def squared_to_other(kinds: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the squared distance to the nearest pixel of another kind of its map (B, K, *S); 0 if there is none.

    Parameters
    ----------
    kinds
        (B, K, *S) masks, or class ids of an integer type.
    dtype
        float64, or any other for float32.

    Returns
    -------
    Tensor
        As the kinds, pixels². Without a gradient: it is constant but for jumps.
    """
    squares: Tensor = torch.ops.bevseg.squared_to_other(kinds.detach(), dtype == torch.float64)
    return squares


def _squared(kinds: Tensor, double: bool) -> Tensor:
    maps = kinds.cpu()
    if maps.dtype == torch.bool and maps.shape[1] == 2 and torch.equal(maps[:, 0], ~maps[:, 1]):
        maps = maps[:, :1]  # two sides of one contour
    images = maps.flatten(0, 1).numpy()
    dtype = np.float64 if double else np.float32
    squares = distance.squared_to_other(images, dtype, torch.get_num_threads())
    found = torch.from_numpy(squares).view(maps.shape).to(kinds.device)
    return found.expand(kinds.shape).contiguous()


def _like_squared(kinds: Tensor, double: bool) -> Tensor:
    return kinds.new_empty(kinds.shape, dtype=torch.float64 if double else torch.float32)


def _squared_of_batch(info: Any, dims: tuple[int, None], kinds: Tensor, double: bool) -> tuple[Tensor, int]:
    maps = kinds.movedim(dims[0], 0)
    squares = squared_to_other(maps.flatten(0, 1), torch.float64 if double else torch.float32)
    return squares.unflatten(0, maps.shape[:2]), 0


_OPERATORS = torch.library.Library("bevseg", "DEF")
_OPERATORS.define("squared_to_other(Tensor kinds, bool double) -> Tensor")
_OPERATORS.impl("squared_to_other", _squared, "CompositeExplicitAutograd")
torch.library.register_fake("bevseg::squared_to_other", _like_squared, lib=_OPERATORS)
torch.library.register_vmap("bevseg::squared_to_other", _squared_of_batch, lib=_OPERATORS)
