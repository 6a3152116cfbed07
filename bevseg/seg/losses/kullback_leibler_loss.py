"""Kullback-Leibler divergence: cross-entropy for soft labels, 0 when they are met."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as nnf
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.reduction import over_pixels
from bevseg.seg.losses.soft_labels import soft_masked
from bevseg.seg.losses.weights import Weights


def kullback_leibler(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    keep: Tensor | None = None,
    temperature: float = 1.0,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """T^2 times the mean over the valid pixels of sum_c y_c (log y_c - log softmax(z / T)_c).

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of pixels. Of binary logits both classes count. The
        target holds soft labels y, for C > 1 of sum 1, taken as they are (a teacher's logits are divided by T
        before); no gradient goes there. Class ids make it cross-entropy. A pixel of soft labels weighs
        sum_c y_c w_c.
    keep
        (B, *S) bool, False in further such pixels. Without it a soft label that is 0 for every one of several
        classes is ignored.
    temperature
        T, above 0. T^2 keeps the gradient's size when T grows.

    Returns
    -------
    Tensor
        Scalar, float32 or wider; in [0, inf) for labels of sum 1. 0 where softmax(z / T) = y, and with zero gradient
        if all pixels are ignored. A class with y = 0 costs what it takes from the others. It differs from the
        cross-entropy with soft labels by the entropy of y, which is constant.

    Raises
    ------
    UsageError
        For a temperature of 0 or less, or none that is finite, or shapes that do not fit.

    Notes
    -----
    Source: Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network (2015), section 2; in this form the
    part of the golden set `jml_kd` that follows the teacher.
    """
    if not 0 < temperature < math.inf:
        raise UsageError(
            f"Invalid temperature: {temperature:g}",
            hint="choose a number above 0; 1 leaves the logits unchanged",
        )
    pixels = soft_masked(logits, target, ignore_index, keep, pixel_weights)
    z, truth = pixels.logits / temperature, pixels.truth
    if z.shape[1] == 1:
        log_p, truth = torch.cat([nnf.logsigmoid(-z), nnf.logsigmoid(z)], 1), torch.cat([1 - truth, truth], 1)
    else:
        log_p = z.log_softmax(1)
    costs = temperature**2 * (torch.xlogy(truth, truth) - truth * log_p).sum(1)
    return over_pixels(costs, pixels, class_weights, reduction)
