"""The Lovász extension of the Jaccard loss for float32 on a CPU: one sort of numbers for each class and scope.

Six times as fast as the same by operators of torch: `lovasz_softmax` took 13 ms instead of 83 for 4 crops of 192 x
192 cells and 5 classes, forward and backward on one thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bevseg.runtime.kernels import compiled
from bevseg.seg.losses.masking import Masked
from bevseg.seg.losses.reduction import counted_classes

MOST = 1 << 31
"""Scores must be fewer: half a key holds the place of one."""


def extension(
    scores: Tensor, pixels: Masked, top: int, classes: str | Sequence[int], per_image: bool
) -> tuple[Tensor, Tensor]:
    """Return <errors, steps> of each class in each scope (C, G), float64, and whether it counts there.

    As `lovasz.extension`; but classes that do not count cost 0.
    """
    costs, counted, _ = _Extension.apply(scores, pixels.ids, pixels.weights, top, classes, per_image)
    return costs, counted


class _Extension(torch.autograd.Function):
    """A function that is piecewise linear: its slopes by the scores are known, and constant."""

    @staticmethod
    def forward(
        scores: Tensor,
        ids: Tensor,
        weights: Tensor | None,
        top: int,
        classes: str | Sequence[int],
        per_image: bool,
    ) -> tuple[Tensor, Tensor, Tensor]:
        planes, slopes = scores.flatten(2).contiguous(), torch.zeros(scores.shape, dtype=scores.dtype)
        images, maps, size = planes.shape
        first = int(maps == 1)
        names = ids.flatten(1).contiguous().numpy()
        mass = np.empty((0, 0), np.float32) if weights is None else weights.flatten(1).contiguous().numpy()
        areas = _areas(names, mass, first, maps)
        if not per_image:
            areas = areas.sum(1, keepdims=True)
        counted, costs = counted_classes(torch.from_numpy(areas), classes), np.zeros_like(areas)
        flat, out = planes.flatten().numpy(), slopes.flatten().numpy()
        for map_, group in counted.nonzero().tolist():
            scope = slice(group, group + 1) if per_image else slice(0, images)
            begin = (scope.start * maps + map_) * size
            costs[map_, group] = _of_class(
                flat[begin:],
                maps * size,
                names[scope],
                mass[scope],
                map_ + first,
                top,
                areas[map_, group],
                out[begin:],
            )
        return torch.from_numpy(costs), counted, slopes

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
        _, counted, slopes = output
        ctx.mark_non_differentiable(counted, slopes)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(slopes)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (slopes,) = ctx.saved_tensors
        of_map = gradients[0].t().to(slopes.dtype)
        return slopes * of_map.view(*of_map.shape, *[1] * (slopes.ndim - 2)), None, None, None, None, None

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], *inputs: Any
    ) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        """Take one after the other: the kernel knows no further dimension."""
        found = [
            _Extension.apply(
                *(x if dim is None else x.select(dim, i) for x, dim in zip(inputs, in_dims, strict=True))
            )
            for i in range(info.batch_size)
        ]
        return tuple(torch.stack(parts) for parts in zip(*found, strict=True)), (0, 0, 0)


def _of_class(
    scores: NDArray[np.float32],
    stride: int,
    ids: NDArray[np.int64],
    weights: NDArray[np.float32],
    name: int,
    top: int,
    area: float,
    slopes: NDArray[np.float32],
) -> float:
    """Return the extension for one class in one scope, and write the slopes of its errors.

    Bits of a float, those of negative ones turned round, are ordered like the floats. One 64-bit key of (falling
    number, place, truth) needs one sort of numbers, and no gather afterwards. Among equals the first pixel goes
    first. Pixels without an error come last, add nothing and are left out, and so are pixels without weight.

    Parameters
    ----------
    scores, slopes
        Flat; those of image b begin at b * stride.
    ids, weights
        (B, N); no weights at all: all are 1.
    name
        Id of the class.
    area
        Its area.
    """
    keys = np.empty(ids.size, np.uint64)
    keys = keys[: _pack(scores, stride, ids, weights, name, np.float32(top), keys)]
    falling = _by_number(keys, np.empty_like(keys))
    return float(_sum_steps(falling, scores, stride, weights, np.float32(top), area, slopes))


@compiled
def _areas(ids, weights, first, maps):  # type: ignore[no-untyped-def]
    """Return the area of each class in each image (C, B), whose first has the id `first`."""
    areas = np.zeros((maps, len(ids)))
    for b in range(ids.shape[0]):
        for i in range(ids.shape[1]):
            place = ids[b, i] - first
            if 0 <= place < maps:
                areas[place, b] += weights[b, i] if len(weights) else 1.0
    return areas


@compiled
def _pack(scores, stride, ids, weights, name, top, keys):  # type: ignore[no-untyped-def]
    """Write the keys of the pixels with an error; return how many these are."""
    count = 0
    number = np.empty(1, np.float32)
    bits = number.view(np.int32)
    for b in range(ids.shape[0]):
        for i in range(ids.shape[1]):
            if ids[b, i] < 0 or (len(weights) and not weights[b, i] > 0):
                continue
            place, true = b * stride + i, ids[b, i] == name
            against = top - scores[place] if true else scores[place]
            number[0] = against
            ordered = np.int64(bits[0] ^ ((bits[0] >> np.int32(31)) & np.int32(0x7FFFFFFF)))
            falling = np.uint64(np.int64(0x7FFFFFFF) - ordered)
            keys[count] = (falling << np.uint64(32)) | (np.uint64(place) << np.uint64(1)) | np.uint64(true)
            count += not against <= top - 1  # NaN counts: it must not go unseen
    return count


@compiled
def _by_number(keys, spare):  # type: ignore[no-untyped-def]
    """Return the keys in the order of their upper halves; equals stay as they are. Both arrays are written.

    A radix sort: three passes over 11 bits each. Six times as fast as `numpy.sort` was for a million keys.
    """
    counts = np.zeros((3, 2048), np.int64)
    for key in keys:
        number = key >> np.uint64(32)
        for digit in range(3):
            counts[digit, (number >> np.uint64(11 * digit)) & np.uint64(2047)] += 1
    for digit in range(3):
        begins, total = counts[digit], 0
        for i in range(2048):
            begins[i], total = total, total + begins[i]
        for key in keys:
            i = (key >> np.uint64(32 + 11 * digit)) & np.uint64(2047)
            spare[begins[i]] = key
            begins[i] += 1
        keys, spare = spare, keys
    return keys


@compiled
def _sum_steps(keys, scores, stride, weights, top, area, slopes):  # type: ignore[no-untyped-def]
    """Take w/U for a pixel of the class and I w/(U (U + w)) for any other: J is never differenced."""
    extension, inter, union, weight = 0.0, area, area, 1.0
    margin = 1.0 - top
    for key in keys:
        place = np.int64((key & np.uint64(0xFFFFFFFF)) >> np.uint64(1))
        if len(weights):
            weight = weights[place // stride, place % stride]
        if key & np.uint64(1):
            inter -= weight
            step = weight / union
            slopes[place] = -step
            extension += step * (margin + top - scores[place])
        else:
            # Without any union the class is absent, and the first false alarm costs everything.
            step = inter * weight / (union * (union + weight)) if union > 0 else 1.0
            union += weight
            slopes[place] = step
            extension += step * (margin + scores[place])
    return extension
