"""Lovász hinge and Lovász-Softmax (Berman, Triki, Blaschko, CVPR 2018).

Both are <m, g>: errors m in descending order, g the steps of the Jaccard loss as the pixels become wrong in that
order. The steps are written in closed form, 1/U for a pixel of the class and I/(U(U-1)) for any other: differences
of J, as published, lose digits in float32 where there are many pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from bevseg.seg.losses.kept import Kept, kept


def lovasz_softmax(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    classes: str | Sequence[int] = "present",
    per_image: bool = False,
    activation: str = "softmax",
) -> Tensor:
    """Mean over classes of the Lovász extension of the Jaccard loss at the errors |[y = c] - q_c|.

    Parameters
    ----------
    logits
        (B, C, H, W), or (B, H, W) or (B, 1, H, W) for two classes, of which only the foreground, class 1, counts;
        any finite value, float16 to float64.
    target
        (B, H, W) class ids, 0 or 1 for binary logits.
    ignore_index
        Target of the pixels that are dropped: no cost, no gradient, whatever their logits hold.
    classes
        `present` averages over the classes with a kept pixel in the scope, `all` over every class, a list over
        those; an absent class then costs its largest q.
    per_image
        Scope: False pools the batch (a surrogate of data-set IoU), True takes the mean over the images, where an
        image without a counted class counts as 0.
    activation
        q from the logits: `softmax` over classes, or `sigmoid`. Binary logits always take the sigmoid.

    Returns
    -------
    Tensor
        Scalar in [0, 1], float32 or wider; 0 for a perfect prediction, and with zero gradient if all pixels are
        ignored. At ties the gradient is one of several.

    Notes
    -----
    Source: sections 2.2 and 3.1 of the paper and the authors' code (golden set `lovasz_softmax`). The gradient
    vanishes where the softmax saturates: start from, or mix with, cross-entropy.
    """
    pixels = kept(logits, target, ignore_index)
    sigmoid = activation == "sigmoid" or len(pixels.planes) == 1
    q = pixels.planes.sigmoid() if sigmoid else pixels.planes.softmax(0)
    return _extension((pixels.truth.to(q.dtype) - q).abs(), pixels, classes, per_image)


def lovasz_hinge(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    classes: str | Sequence[int] = "present",
    per_image: bool = False,
) -> Tensor:
    """Lovász extension of the Jaccard loss at the hinge errors max(0, 1 - z (2y - 1)), one class against the rest.

    Parameters
    ----------
    logits
        (B, H, W) or (B, 1, H, W) for two classes, of which only the foreground, class 1, counts, present or not
        (the paper's form); (B, C, H, W) for the mean over classes, each against all others. Any finite value.
    target
        (B, H, W) class ids, 0 or 1 for binary logits.
    ignore_index
        Target of the pixels that are dropped: no cost, no gradient, whatever their logits hold.
    classes
        With C > 1 as in `lovasz_softmax`; an absent class under `all` costs its largest error.
    per_image
        Scope, as in `lovasz_softmax`. The authors' code has True as its default, their text recommends the batch.

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider; 0 where every margin is at least 1, and with zero gradient if all
        pixels are ignored. At ties the gradient is one of several.

    Notes
    -----
    Source: section 2.1 of the paper and the authors' code (golden set `lovasz_hinge`).
    """
    pixels = kept(logits, target, ignore_index)
    errors = (1 + torch.where(pixels.truth, -pixels.planes, pixels.planes)).relu()
    return _extension(errors, pixels, classes if len(pixels.planes) > 1 else "all", per_image)


def _extension(errors: Tensor, pixels: Kept, classes: str | Sequence[int], per_image: bool) -> Tensor:
    """Return the mean over scopes and counted classes of <errors, steps>."""
    counts = pixels.counts if per_image else [sum(pixels.counts)]
    costs = [
        _scope(its_errors, truth, classes)
        for its_errors, truth in zip(errors.split(counts, 1), pixels.truth.split(counts, 1), strict=True)
    ]
    return torch.stack(costs).mean() if costs else errors.sum()


def _scope(errors: Tensor, truth: Tensor, classes: str | Sequence[int]) -> Tensor:
    """Return the mean over the counted classes of one scope: errors and truth (C, N)."""
    if classes == "present":
        counted = truth.any(1).nonzero().squeeze(1).tolist()
    elif classes == "all":
        counted = list(range(len(truth)))
    else:
        first = int(len(truth) == 1)  # the only plane of binary logits is that of class 1
        counted = [int(c) - first for c in classes]
    costs = [(errors[c] * _steps(errors[c].detach(), truth[c])).sum() for c in counted]
    return torch.stack(costs).mean() if costs else errors.sum() * 0


def _steps(errors: Tensor, truth: Tensor) -> Tensor:
    """Return for each error (N,) by how much J grows when its pixel turns wrong after all larger ones."""
    order, truth = _descending(errors, truth)
    found = truth.cumsum(0, dtype=torch.int32 if len(truth) < 1 << 31 else torch.int64)
    total = truth.sum()
    place = torch.arange(1, len(truth) + 1, dtype=found.dtype, device=errors.device)
    inter, union = (total - found).to(errors.dtype), (total + place - found).to(errors.dtype)
    # A union of 1 without a hit: the class is absent, and the first false alarm costs everything.
    other = torch.where(union == 1, 1, inter / (union * (union - 1)).clamp_(min=1))
    return torch.empty_like(errors).scatter_(0, order, torch.where(truth, 1 / union, other))


def _descending(errors: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Return the order (N,) that sorts errors >= 0 downwards, and the truth in that order."""
    if errors.dtype != torch.float32 or errors.device.type != "cpu" or len(errors) >= 1 << 32:
        order = errors.argsort(descending=True, stable=True)
        return order, truth[order]
    # The bits of floats >= 0 are ordered like the floats. One 64-bit key of (falling error, place, truth) needs
    # one sort of numbers, which NumPy does with vector instructions, and no gather afterwards.
    falling = np.uint32(0x7FFFFFFF) - errors.numpy().view(np.uint32)
    keys = falling.astype(np.uint64)
    keys <<= np.uint64(33)
    keys |= np.arange(0, 2 * len(errors), 2, dtype=np.uint64)
    keys |= truth.numpy()
    keys.sort()
    hits = (keys & np.uint64(1)).astype(bool)
    keys >>= np.uint64(1)
    keys &= np.uint64(0xFFFFFFFF)
    return torch.from_numpy(keys.view(np.int64)), torch.from_numpy(hits)
