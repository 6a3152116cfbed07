"""What the boundary losses need to know of the target: distance maps, made beside the training if one likes.

A map comes from the target alone and has no gradient. Distances are exact (`bevseg.core.distance`) and computed on
the processor; those of a tensor on another device come back to it. Ignored pixels lie outside every class.
"""

from __future__ import annotations

import torch
import torch.nn.functional as nnf
from torch import Tensor

from bevseg.core import distance


def target_distance(target: Tensor, classes: int, ignore_index: int = 255) -> Tensor:
    """Return how far each pixel is from the other side of each class's contour, at least 1; 0 where it has none.

    For `hausdorff_dt`, `hausdorff_one_sided` and `boundary`. In the class it is the way out, outside the way in. A
    class that is absent, or everywhere, has no contour.

    Parameters
    ----------
    target
        (B, H, W) class ids; `ignore_index` where the pixel lies outside every class.
    classes
        Class maps C of the logits; 1 for binary logits, whose class map is that of class 1.

    Returns
    -------
    Tensor
        (B, C, H, W) float32, pixels.
    """
    return squared_to_other(memberships(target, classes, ignore_index), torch.float32).sqrt()


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
        (B, 1, H, W) float32.
    """
    return penalties(target, classes, ignore_index, torch.float32)


def contour_distance(target: Tensor, classes: int, ignore_index: int = 255) -> Tensor:
    """Return how far each pixel is from the nearest contour pixel of each class: 0 on it, and if it has none.

    For `shape_aware`. Arguments as for `target_distance`.

    Returns
    -------
    Tensor
        (B, C, H, W) float32, pixels.
    """
    return to_contour(memberships(target, classes, ignore_index), torch.float32)


def memberships(target: Tensor, classes: int, ignore_index: int) -> Tensor:
    """Return (B, C, H, W) bool, whether a pixel is of the class; the one class map of binary logits is class 1."""
    names = torch.arange(classes, device=target.device) if classes > 1 else target.new_ones(1)
    return (target[:, None] == names.view(-1, 1, 1)) & (target != ignore_index)[:, None]


def squared_to_other(masks: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the squared distance of each pixel of masks (B, C, H, W) to the mask's other side; 0 if it has one."""
    maps = masks.detach().cpu()
    if maps.shape[1] == 2 and torch.equal(maps[:, 0], ~maps[:, 1]):
        maps = maps[:, :1]  # two sides of one contour
    kinds = maps.flatten(0, 1).contiguous().numpy()
    squares = distance.squared_to_other(kinds, _numpy_type(dtype), torch.get_num_threads())
    return torch.from_numpy(squares).view(maps.shape).to(masks.device).expand(masks.shape)


def penalties(target: Tensor, classes: int, ignore_index: int, dtype: torch.dtype) -> Tensor:
    """Return `contour_penalty` in float32 or float64."""
    if classes > 1:
        kinds = torch.where(target == ignore_index, classes, target)
    else:
        kinds = memberships(target, 1, ignore_index)[:, 0]
    numbers = kinds.detach().cpu().to(torch.int16).numpy()
    squares = distance.squared_to_other(numbers, _numpy_type(dtype), torch.get_num_threads())
    apart = torch.from_numpy(squares).to(target.device).sqrt_().flatten(1)
    places = kinds.long().flatten(1)
    most = apart.new_zeros(len(target), max(classes, 1) + 1).scatter_reduce_(1, places, apart, "amax")
    deepest = most.gather(1, places)
    return torch.where(deepest > 0, (deepest - apart) / deepest, 0).view(target.shape)[:, None]


def contours(masks: Tensor) -> Tensor:
    """Return the pixels of masks (B, C, H, W) with one of four neighbours outside; beyond the image is outside."""
    padded = nnf.pad(masks, (1, 1, 1, 1))
    rows, cols = padded[..., 1:-1], padded[..., 1:-1, :]
    return masks & ~(rows[..., :-2, :] & rows[..., 2:, :] & cols[..., :-2] & cols[..., 2:])


def to_contour(masks: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the distance of each pixel to the nearest contour pixel of masks (B, C, H, W), 0 if there is none."""
    lines = contours(masks)
    return squared_to_other(lines, dtype).masked_fill(lines, 0).sqrt_()


def _numpy_type(dtype: torch.dtype) -> str:
    return "float64" if dtype == torch.float64 else "float32"
