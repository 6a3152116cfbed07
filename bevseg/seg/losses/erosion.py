"""Soft erosion of errors, step by step (Karimi and Salcudean 2019): what survives it is thick."""

from __future__ import annotations

import torch
import torch.nn.functional as nnf
from torch import Tensor

_SHARES = {dims: float(torch.tensor(1 / (2 * dims + 1), dtype=torch.float32)) for dims in (2, 3)}
"""Weight of a pixel in the cross of an erosion: the same in every type, that of the float32 kernels in use."""


def eroded(errors: Tensor, keep: Tensor, alpha: float, erosions: int) -> Tensor:
    """Return the weighted sum of what each erosion leaves of errors (P, *S), one map per image and class.

    On a processor, maps in which nothing is left are dropped: after a step or two there are few others.
    """
    drop = _drops(errors)
    places = torch.arange(len(errors), device=errors.device)
    found, found_at = [0 * errors], [places]  # it has a gradient even if nothing is left
    for k in range(erosions if errors.numel() else 0):
        left = (_cross(errors) - 0.5).relu() * keep
        if drop:
            alive = ~(left.detach().flatten(1).amax(1) <= 0)  # NaN stays: it must not go unseen
            if not alive.any():
                break
            left, keep, places = left[alive], keep[alive], places[alive]
        # The gradient of an end of the range goes to the first pixel that holds it.
        flat, each = left.flatten(1), [-1, *[1] * (left.ndim - 1)]
        most, least = flat.max(1).values.view(each), flat.min(1).values.view(each)
        uneven = most > least
        errors = torch.where(uneven, (left - least) / torch.where(uneven, most - least, 1), left)
        found.append((k + 1) ** alpha * errors)
        found_at.append(places)
    return torch.zeros_like(found[0]).index_add(0, torch.cat(found_at), torch.cat(found))


def _drops(errors: Tensor) -> bool:
    """Return whether to look which maps have anything left: a device would wait for the answer."""
    return errors.device.type == "cpu" and not torch.compiler.is_compiling()


def _cross(maps: Tensor) -> Tensor:
    """Return the mean over each pixel of maps (P, *S) and its direct neighbours, which are 0 beyond the image."""
    space = maps.ndim - 1
    total, wide = maps, nnf.pad(maps, [1, 1] * space)
    for dim in range(space):
        for shifted in (slice(None, -2), slice(2, None)):
            place = [slice(1, -1)] * space
            place[dim] = shifted
            total = total + wide[(slice(None), *place)]
    return total * _SHARES[space]
