"""Prediction and target of a binary, multi-class or multi-label task -> logits and target as the losses read them."""

from __future__ import annotations

import torch
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.soft_labels import unlabelled
from bevseg.seg.losses.target_ids import ensure

MODES = ("binary", "multiclass", "multilabel")
"""Two classes; one class of several for each pixel; any number of classes for each pixel."""


def without_channel(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return both tensors of a binary task as (B, *S); each may be (B, 1, *S).

    Of two tensors with four dimensions, 1 in the second place is a channel; anything else there is the depth of a
    volume.

    Raises
    ------
    UsageError
        For a channel that is not 1, or other numbers of dimensions.
    """
    most = max(prediction.ndim, target.ndim)
    images = min(prediction.ndim, target.ndim) == 3 or (most == 4 and prediction.shape[1] == 1)
    whole = 3 if images and most < 5 else 4
    found = [tensor.squeeze(1) if tensor.ndim == whole + 1 else tensor for tensor in (prediction, target)]
    if any(tensor.ndim != whole for tensor in found):
        raise UsageError(
            f"A target {tuple(target.shape)} and a prediction {tuple(prediction.shape)} are not binary",
            hint="expected (B, *S) or (B, 1, *S) of both; S = H, W or D, H, W",
        )
    return found[0], found[1]


def ensure_labels(prediction: Tensor, target: Tensor) -> None:
    """Raise a UsageError unless prediction and target have the shapes of a multi-label task, (B, C, *S) both."""
    if prediction.ndim not in (4, 5) or prediction.shape != target.shape:
        raise UsageError(
            f"A target {tuple(target.shape)} does not fit a multi-label prediction {tuple(prediction.shape)}",
            hint="expected (B, C, *S) of both; S = H, W or D, H, W",
        )


def ensure_probabilities(
    prediction: Tensor, target: Tensor, ignore_index: int, keep: Tensor | None = None
) -> None:
    """Raise a UsageError for a number outside [0, 1] in a pixel that is not ignored.

    Parameters
    ----------
    prediction
        (B, C, *S); C = 1 for a binary task.
    target
        (B, *S) ids, or soft labels of the shape of the prediction.
    ignore_index
        Id of the pixels that may hold anything; so may those whose soft label is 0 for every one of several classes.
    keep
        (B, *S) bool, False in further pixels that may.
    """
    ignored = unlabelled(target) if target.is_floating_point() else target.long() == ignore_index
    if keep is not None:
        ignored = ignored | ~keep
    ensure(
        lambda: (((prediction >= 0) & (prediction <= 1)) | ignored[:, None]).all(),
        lambda: UsageError(
            "The prediction is no probability",
            why="it holds numbers outside [0, 1]",
            hint="apply softmax or sigmoid, or leave out from_logits=False",
        ),
    )


def logits_of(p: Tensor, *, each: bool) -> Tensor:
    """Return logits of probabilities (B, C, *S), float32 or wider, whose softmax or sigmoid they are.

    Below the smallest normal number, 1.2e-38 in float32, p (and 1 - p in a sigmoid) counts as that number: p = 0 is a
    logit of -87.3, and has no gradient.

    Parameters
    ----------
    p
        In [0, 1]. Under a softmax the classes of a pixel are divided by their sum.
    each
        Whether each class is one against the rest, with a sigmoid of its own: log p - log(1 - p) instead of log p.
    """
    p = p.to(torch.promote_types(p.dtype, torch.float32))
    least = torch.finfo(p.dtype).tiny
    log_p = p.clamp(min=least).log()
    return log_p - (1 - p).clamp(min=least).log() if each else log_p
