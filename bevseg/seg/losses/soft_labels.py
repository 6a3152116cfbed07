"""Soft labels: made of class ids (one-hot, or smoothed at the boundary of two classes), and read by the losses.

The entrance of these losses makes one kind of target of ids and of probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.masking import Pixels, masked
from bevseg.seg.losses.target_ids import ensure, ensure_ids
from bevseg.seg.losses.weights import of_pixels

SLACK = 1e-3
"""What a soft label may lie above 1, by rounding."""


def one_hot(target: Tensor, classes: int, ignore_index: int = 255) -> Tensor:
    """Return 1 for the class of each pixel and 0 for the others; an ignored pixel is 0 for all of them.

    Parameters
    ----------
    target
        (B, *S) ids of an integer type, in [0, classes), or `ignore_index`.
    classes
        Number of classes C.
    ignore_index
        Id of the pixels to ignore.

    Returns
    -------
    Tensor
        (B, C, *S) float32.

    Raises
    ------
    UsageError
        For an id that is neither a class nor ignored.
    """
    target = target.long()
    ensure_ids(target, classes, ignore_index)
    keep = target != ignore_index
    ids = target.masked_fill(~keep, 0)
    labels = torch.zeros(len(ids), classes, *ids.shape[1:], device=ids.device)
    return labels.scatter_(1, ids[:, None], keep[:, None].float())


def boundary_smoothed(
    target: Tensor, classes: int, epsilon: float = 0.5, kernel: int = 3, ignore_index: int = 255
) -> tuple[Tensor, Tensor]:
    """Give the share epsilon of the label of each boundary pixel to all classes alike: (1 - e) y + e / C.

    A pixel is at the boundary if the square (in a volume the cube) of side `kernel` around it holds another class and
    no ignored pixel; what lies outside the image does not count.

    Parameters
    ----------
    target
        (B, *S) ids of an integer type, in [0, classes), or `ignore_index`.
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
        (B, C, *S) float32; sums to 1 over the classes, to 0 in ignored pixels.
    boundary : Tensor
        (B, *S) bool.

    Raises
    ------
    UsageError
        For an epsilon or a kernel outside its domain, or an id that is neither a class nor ignored.

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
    ids = target.int()
    ids = ids.masked_fill(ids == ignore_index, -1)
    highest, lowest = _highest(ids, kernel // 2), -_highest(-ids, kernel // 2)
    boundary = (highest > lowest) & (lowest >= 0)
    return soft.lerp_(
        torch.tensor(1 / classes, device=soft.device), epsilon * boundary[:, None].float()
    ), boundary


def _highest(ids: Tensor, reach: int) -> Tensor:
    """Return the maximum of the square around each pixel of (B, *S): along one dimension after the other."""
    for dim in range(1, ids.ndim):
        highest, length = ids.clone(), ids.shape[dim]
        for step in range(1, min(reach, length - 1) + 1):
            rest = length - step
            for here, there in ((0, step), (step, 0)):
                its = highest.narrow(dim, here, rest)
                torch.maximum(its, ids.narrow(dim, there, rest), out=its)
        ids = highest
    return ids


@dataclass(frozen=True)
class SoftMasked(Pixels):
    """Pixels with soft labels.

    Attributes
    ----------
    truth
        (B, C, *S) in [0, 1], of the type of the logits; 0 in ignored pixels. C = 1, the foreground, for binary
        logits.
    """

    truth: Tensor

    def of_class(self, values: Tensor) -> Tensor:
        """Return the mean (B, *S), over the classes of each pixel, of values (C,), two for binary logits."""
        if self.truth.shape[1] == 1:
            return values[0].lerp(values[1], self.truth[:, 0])
        return (self.truth * values.view(-1, *[1] * (self.truth.ndim - 2))).sum(1)


def soft_masked(
    logits: Tensor,
    target: Tensor,
    ignore_index: int,
    keep: Tensor | None = None,
    pixel_weights: Tensor | None = None,
) -> SoftMasked:
    """Blank the ignored pixels, and read ids as labels that are quite sure.

    Parameters
    ----------
    logits
        (B, C, *S), or binary logits: (B, H, W), (B, 1, *S) or, with ids, (B, *S).
    target
        (B, *S) ids, or soft labels in [0, 1] of the shape of the logits: for two classes those of the foreground.
    ignore_index
        Id of the pixels to leave out.
    keep
        (B, *S) bool, False for further pixels to leave out. If there is none, a soft label that is 0 for every one
        of several classes is one to leave out.
    pixel_weights
        (B, *S), at least 0; no gradient goes there.

    Raises
    ------
    UsageError
        If the shapes do not fit, the mask is not bool, or the target holds an id that is neither a class nor ignored,
        or a label outside [0, 1].
    """
    if not target.is_floating_point():
        hard = masked(logits, without(target, keep, ignore_index), ignore_index, pixel_weights)
        return SoftMasked(hard.logits, hard.keep, hard.weights, hard.indicator)
    logits, target = fitted(logits, target, keep)
    keep = labelled(target, keep)[:, None]
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    weights = None if pixel_weights is None else of_pixels(pixel_weights, ~keep[:, 0], wide)[:, None]
    return SoftMasked(
        torch.where(keep, wide, 0.0), keep, weights, torch.where(keep, target.to(wide.dtype), 0.0)
    )


def fitted(logits: Tensor, target: Tensor, keep: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return logits and soft labels as (B, C, *S), the labels detached; errors as for `soft_masked`."""
    maps, labels = (t[:, None] if t.ndim == 3 else t for t in (logits, target.detach()))
    if maps.shape != labels.shape or maps.ndim not in (4, 5):
        raise UsageError(f"Soft labels {tuple(target.shape)} do not fit logits {tuple(logits.shape)}")
    if keep is not None:
        _ensure_mask(keep, labels[:, 0])
    return maps, labels


def unlabelled(target: Tensor) -> Tensor:
    """Return (B, *S) where soft labels (B, C, *S) are 0 for every one of several classes."""
    return (target == 0).all(1) & (target.shape[1] > 1)


def labelled(target: Tensor, keep: Tensor | None) -> Tensor:
    """Return `keep` (B, *S) or, if there is none, where soft labels (B, C, *S) say anything.

    Raises
    ------
    UsageError
        For a label outside [0, 1], or NaN, in a pixel that is kept.
    """
    if keep is None:
        keep = ~unlabelled(target)
    ensure(
        lambda: (((target >= 0) & (target <= 1 + SLACK)) | ~keep[:, None]).all(),
        lambda: UsageError(
            "Soft labels lie outside [0, 1]", hint="give probabilities; `keep` leaves pixels out"
        ),
    )
    return keep


def without(target: Tensor, keep: Tensor | None, ignore_index: int) -> Tensor:
    """Return the ids with `ignore_index`, which any type of the target need not hold, where `keep` is False."""
    if keep is None:
        return target
    _ensure_mask(keep, target)
    return target.long().masked_fill(~keep, ignore_index)


def _ensure_mask(keep: Tensor, target: Tensor) -> None:
    if keep.dtype != torch.bool or keep.shape != target.shape:
        raise UsageError(
            f"A mask {tuple(keep.shape)} of type {str(keep.dtype).removeprefix('torch.')} does not fit the target",
            hint=f"expected {tuple(target.shape)} of bool",
        )
