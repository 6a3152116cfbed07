"""What the boundary losses need to know of the target: distance maps, made beside the training if one likes.

A map comes from the target alone and has no gradient. Distances are exact (`bevseg.core.distance`) and computed on
the processor; those of a tensor on another device come back to it. Ignored pixels lie outside every class. All that
is said of pixels of images (H, W) holds for volumes (D, H, W) too, where a pixel has six neighbours instead of four.
"""

from __future__ import annotations

import torch
import torch.nn.functional as nnf
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.masking import memberships
from bevseg.seg.losses.squared_distance import squared_to_other


def target_distance(target: Tensor, classes: int, ignore_index: int = 255) -> Tensor:
    """Return how far each pixel is from the other side of each class's contour, at least 1; 0 where it has none.

    For `hausdorff_dt`, `hausdorff_one_sided` and `boundary`. In the class it is the way out, outside the way in. A
    class that is absent, or everywhere, has no contour.

    Parameters
    ----------
    target
        (B, *S) class ids; `ignore_index` where the pixel lies outside every class.
    classes
        Class maps C of the logits; 1 for binary logits, whose class map is that of class 1.

    Returns
    -------
    Tensor
        (B, C, *S) float32, pixels.
    """
    return squared_to_other(_masks(target, classes, ignore_index), torch.float32).sqrt()


def contour_penalty(target: Tensor, classes: int, ignore_index: int = 255) -> Tensor:
    """Return (max d - d) / max d, d the distance to the nearest pixel of another class, per image and class.

    For `distance_cross_entropy`. In [0, 1): largest beside the contour, 0 at the deepest pixels of the class, and all
    over an image of one class. The maximum is over the pixels of the class. For binary logits (classes = 1) the
    background is a class, and ignored pixels belong to it; else they are none, but another class to their neighbours.

    Parameters
    ----------
    target, classes, ignore_index
        As for `target_distance`.

    Returns
    -------
    Tensor
        (B, 1, *S) float32.
    """
    return penalties(target, classes, ignore_index, torch.float32)


def contour_distance(target: Tensor, classes: int, ignore_index: int = 255) -> Tensor:
    """Return how far each pixel is from the nearest contour pixel of each class: 0 on it, and if it has none.

    For `shape_aware`. Arguments as for `target_distance`.

    Returns
    -------
    Tensor
        (B, C, *S) float32, pixels.
    """
    return to_contour(_masks(target, classes, ignore_index), torch.float32)


def penalties(target: Tensor, classes: int, ignore_index: int, dtype: torch.dtype) -> Tensor:
    """Return `contour_penalty` in float32 or float64."""
    if classes > 1:
        ids = target.long()
        kinds = torch.where(ids == ignore_index, classes, ids)[:, None]
    else:
        kinds = _masks(target, 1, ignore_index)
    apart = squared_to_other(kinds.to(torch.int16), dtype).sqrt().flatten(1)
    places = kinds.long().flatten(1)
    most = apart.new_zeros(len(target), max(classes, 1) + 1).scatter_reduce(1, places, apart, "amax")
    deepest = most.gather(1, places)
    share = torch.where(deepest > 0, (deepest - apart) / torch.where(deepest > 0, deepest, 1), 0)
    return share.view(kinds.shape)


def fitting(maps: Tensor, shape: torch.Size) -> Tensor:
    """Return maps that a loader has made; UsageError if they are not of this shape."""
    if maps.shape != shape:
        raise UsageError(
            f"Maps {tuple(maps.shape)} do not fit",
            why=f"expected {tuple(shape)}",
            hint="make them of the same target, for the class maps of the logits",
        )
    return maps


def contours(masks: Tensor) -> Tensor:
    """Return the pixels of masks (B, C, *S) with a direct neighbour outside; beyond the image is outside."""
    inner = masks
    for dim in range(2, masks.ndim):
        # A pad for each side of each dimension, the last dimension first.
        around = [0, 0] * (masks.ndim - 1 - dim) + [1, 1]
        padded = nnf.pad(masks, around)
        length = masks.shape[dim]
        inner = inner & padded.narrow(dim, 0, length) & padded.narrow(dim, 2, length)
    return masks & ~inner


def to_contour(masks: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the distance of each pixel to the nearest contour pixel of masks (B, C, *S), 0 if there is none."""
    lines = contours(masks)
    return squared_to_other(lines, dtype).masked_fill(lines, 0).sqrt()


def _masks(target: Tensor, classes: int, ignore_index: int) -> Tensor:
    """Return (B, C, *S) bool, whether a pixel is of the class and not ignored."""
    ids = target.long()  # a narrow type compares with an ignored id that it cannot hold as with another one
    return memberships(ids, classes) & (ids != ignore_index)[:, None]
