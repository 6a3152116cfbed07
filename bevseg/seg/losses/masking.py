"""The entrance of every loss: ignored pixels stay outside, and numbers are float32 or wider from here on."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class ValidPixels(NamedTuple):
    """The pixels that are not ignored, image after image.

    Attributes
    ----------
    logits
        (C, N) logits, one row per class: sums and sorts then run along memory. C = 1 for binary logits.
    truth
        (C, N) bool, whether the pixel is of the class; for binary logits, whether it is foreground.
    ids
        (N,) int64 targets.
    counts
        Valid pixels of each image; their sum is N.
    """

    logits: Tensor
    truth: Tensor
    ids: Tensor
    counts: list[int]


def valid_pixels(logits: Tensor, target: Tensor, ignore_index: int) -> ValidPixels:
    """Select the pixels whose target is not `ignore_index`; what the others hold, NaN included, is never read.

    Parameters
    ----------
    logits
        (B, C, H, W), or (B, H, W) or (B, 1, H, W) for two classes.
    target
        (B, H, W) ids of an integer type, in [0, C), or 0 and 1 for binary logits; `ignore_index` elsewhere.
    ignore_index
        Target of the pixels to leave out.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    logits = as_class_maps(logits, target)
    mask = target.flatten(1) != ignore_index
    index = mask.flatten().nonzero().squeeze(1)
    ids = target.flatten().index_select(0, index).long()
    classes = logits.shape[1]
    # A target of one class is 0 or 1, and its only class map is that of class 1.
    names = torch.arange(classes, device=ids.device) if classes > 1 else ids.new_ones(1)
    gathered = logits.transpose(0, 1).flatten(1).index_select(1, index)
    return ValidPixels(
        gathered.to(torch.promote_types(logits.dtype, torch.float32)),
        ids == names[:, None],
        ids,
        mask.sum(1).tolist(),
    )


def one_vs_rest_logit(pixels: ValidPixels) -> Tensor:
    """Return log(p / (1 - p)) of each valid pixel (N,), p the softmax or sigmoid probability of its class.

    Its sigmoid is p and that of its negative is 1 - p, each with all its digits, and so are their logarithms and
    gradients: one form for two classes and for many, and none that saturates.
    """
    if len(pixels.logits) == 1:
        return torch.where(pixels.truth, pixels.logits, -pixels.logits)[0]
    own = pixels.logits.gather(0, pixels.ids[None])[0]
    return own - pixels.logits.masked_fill(pixels.truth, -torch.inf).logsumexp(0)


class Masked(NamedTuple):
    """All pixels where they lie, for losses that look at neighbours; the ignored ones are blanked.

    Attributes
    ----------
    logits
        (B, C, H, W), float32 or wider; 0 in ignored pixels, through which no gradient flows.
    truth
        (B, C, H, W) bool, whether the pixel is of the class; False in ignored pixels. C = 1, the foreground, for
        binary logits.
    keep
        (B, 1, H, W) bool, False in ignored pixels.
    """

    logits: Tensor
    truth: Tensor
    keep: Tensor


def masked(logits: Tensor, target: Tensor, ignore_index: int) -> Masked:
    """Blank the pixels whose target is `ignore_index`; parameters and errors as for `valid_pixels`."""
    logits = as_class_maps(logits, target)
    keep = (target != ignore_index)[:, None]
    classes = logits.shape[1]
    names = torch.arange(classes, device=target.device) if classes > 1 else target.new_ones(1)
    truth = (target[:, None] == names.view(-1, 1, 1)) & keep
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return Masked(torch.where(keep, wide, 0), truth, keep)


def as_class_maps(logits: Tensor, target: Tensor) -> Tensor:
    """Return logits (B, C, H, W) that fit the target (B, H, W)."""
    if logits.ndim == 3:
        logits = logits[:, None]
    if logits.ndim != 4 or target.shape != (logits.shape[0], *logits.shape[2:]):
        raise ValueError(f"targets {tuple(target.shape)} do not fit logits {tuple(logits.shape)}")
    return logits
