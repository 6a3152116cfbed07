"""The entrance of the losses that take soft labels: ids and probabilities become one kind of target."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from bevseg.seg.losses.masking import masked


class SoftMasked(NamedTuple):
    """All pixels where they lie; the ignored ones are blanked.

    Attributes
    ----------
    logits
        (B, C, H, W), float32 or wider; 0 in ignored pixels, through which no gradient flows.
    truth
        (B, C, H, W) in [0, 1], of the same type; 0 in ignored pixels. C = 1, the foreground, for binary logits.
    keep
        (B, 1, H, W) bool, False in ignored pixels.
    """

    logits: Tensor
    truth: Tensor
    keep: Tensor


def soft_masked(logits: Tensor, target: Tensor, ignore_index: int, keep: Tensor | None = None) -> SoftMasked:
    """Blank the ignored pixels, and read ids as labels that are quite sure.

    Parameters
    ----------
    logits
        (B, C, H, W), or (B, H, W) or (B, 1, H, W) for two classes.
    target
        (B, H, W) ids, or soft labels in [0, 1] of the shape of the logits: for two classes those of the foreground.
    ignore_index
        Id of the pixels to leave out.
    keep
        (B, H, W) bool, False for further pixels to leave out. If there is none, a soft label that is 0 for every
        one of several classes is one to leave out.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    if not target.is_floating_point():
        hard = masked(logits, without(target, keep, ignore_index), ignore_index)
        return SoftMasked(hard.logits, hard.truth.to(hard.logits.dtype), hard.keep)
    logits, target = fitted(logits, target, keep)
    keep = labelled(target, keep)[:, None]
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return SoftMasked(torch.where(keep, wide, 0), torch.where(keep, target.to(wide.dtype), 0), keep)


def fitted(logits: Tensor, target: Tensor, keep: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return logits and soft labels as (B, C, H, W), the labels detached; errors as for `soft_masked`."""
    if logits.shape != target.shape and logits[:, None].shape != target.shape:
        raise ValueError(f"soft labels {tuple(target.shape)} do not fit logits {tuple(logits.shape)}")
    logits, target = (t if t.ndim == 4 else t[:, None] for t in (logits, target.detach()))
    if keep is not None and keep.shape != (logits.shape[0], *logits.shape[2:]):
        raise ValueError(f"a mask {tuple(keep.shape)} does not fit logits {tuple(logits.shape)}")
    return logits, target


def labelled(target: Tensor, keep: Tensor | None) -> Tensor:
    """Return `keep` (B, ...) or, if there is none, where soft labels (B, C, ...) say anything."""
    if keep is not None:
        return keep
    return target.sum(1) > 0 if target.shape[1] > 1 else torch.ones_like(target[:, 0], dtype=torch.bool)


def without(target: Tensor, keep: Tensor | None, ignore_index: int) -> Tensor:
    """Return the ids with `ignore_index` where `keep` is False."""
    return target if keep is None else target.masked_fill(~keep, ignore_index)
