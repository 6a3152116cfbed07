"""Soft labels: made of class ids (one-hot, or smoothed at the boundary of two classes), and read by the losses.

The entrance of these losses makes one kind of target of ids and of probabilities.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.masking import masked


def one_hot(target: Tensor, classes: int, ignore_index: int = 255) -> Tensor:
    """Return 1 for the class of each pixel and 0 for the others; an ignored pixel is 0 for all of them.

    Parameters
    ----------
    target
        (B, H, W) ids of an integer type, in [0, classes), or `ignore_index`.
    classes
        Number of classes C.
    ignore_index
        Id of the pixels to ignore.

    Returns
    -------
    Tensor
        (B, C, H, W) float32.

    Raises
    ------
    ValueError
        For an id that is neither a class nor ignored.
    """
    keep = target != ignore_index
    ids = target.long().masked_fill(~keep, 0)
    if ids.numel() and (ids.min() < 0 or ids.max() >= classes):
        raise ValueError(
            f"ids from {ids.min()} to {ids.max()}, expected 0 to {classes - 1} or {ignore_index}"
        )
    labels = torch.zeros(len(ids), classes, *ids.shape[1:], device=ids.device)
    return labels.scatter_(1, ids[:, None], keep[:, None].float())


def boundary_smoothed(
    target: Tensor, classes: int, epsilon: float = 0.5, kernel: int = 3, ignore_index: int = 255
) -> tuple[Tensor, Tensor]:
    """Give the share epsilon of the label of each boundary pixel to all classes alike: (1 - e) y + e / C.

    A pixel is at the boundary if the square of `kernel` by `kernel` pixels around it holds another class and no
    ignored pixel; what lies outside the image does not count.

    Parameters
    ----------
    target
        (B, H, W) ids of an integer type, in [0, classes), or `ignore_index`.
    classes
        Number of classes C.
    epsilon
        Share e, in [0, 1]. The best one depends on `kernel`.
    kernel
        Side of the square, pixels, odd.
    ignore_index
        Id of the pixels to ignore.

    Returns
    -------
    soft : Tensor
        (B, C, H, W) float32; sums to 1 over the classes, to 0 in ignored pixels.
    boundary : Tensor
        (B, H, W) bool.

    Raises
    ------
    UsageError
        For an epsilon or a kernel outside its domain.
    ValueError
        For an id that is neither a class nor ignored.

    Notes
    -----
    Source: boundary label smoothing of Wang, Ning, Blaschko (NeurIPS 2023) and their code, with the same defaults
    (golden set `boundary_label_smoothing`). There each class map is eroded; but only the map of a pixel's own class
    can change there, and it does where the lowest and the highest id around the pixel differ.
    """
    if not 0 <= epsilon <= 1 or kernel < 1 or kernel % 2 == 0:
        raise UsageError(
            f"Invalid boundary smoothing: epsilon {epsilon:g}, kernel {kernel}",
            why="epsilon must be from 0 to 1, kernel an odd number of pixels",
        )
    soft = one_hot(target, classes, ignore_index)
    # An ignored pixel is lower than all classes.
    ids = target.int().masked_fill(target == ignore_index, -1)
    highest, lowest = _highest(ids, kernel // 2), -_highest(-ids, kernel // 2)
    boundary = (highest > lowest) & (lowest >= 0)
    return soft.lerp_(
        torch.tensor(1 / classes, device=soft.device), epsilon * boundary[:, None].float()
    ), boundary


def _highest(ids: Tensor, reach: int) -> Tensor:
    """Return the maximum of the square around each pixel of (B, H, W): along the columns, then along the rows."""
    for dim in (1, 2):
        highest, length = ids.clone(), ids.shape[dim]
        for step in range(1, min(reach, length - 1) + 1):
            rest = length - step
            for here, there in ((0, step), (step, 0)):
                its = highest.narrow(dim, here, rest)
                torch.maximum(its, ids.narrow(dim, there, rest), out=its)
        ids = highest
    return ids


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
