"""What every ratio of areas is made of: the soft intersection, the sum of powers and the area of each class.

These three sums are all that Jaccard, Dice, Tversky and their kin take from the pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as nnf
from torch import Tensor

from bevseg.seg.losses.masking import Masked, masked
from bevseg.seg.losses.weights import Weights, of_class_maps


class Overlap(NamedTuple):
    """Sums over the valid pixels, each times its weight, of G groups; float64.

    Attributes
    ----------
    inter
        (C, G) sum of p over the pixels of the class: soft true positives, pixels.
    powers
        (C, G) sum of p^power over all pixels; with power 1 the predicted area.
    truth
        (C, G) pixels of the class; no gradient.
    valid
        (G,) pixels that are not ignored; no gradient.
    scope
        What a group is: the `batch` (G = 1), or each `image` (G = B).
    dtype
        Type of a loss of these logits.
    """

    inter: Tensor
    powers: Tensor
    truth: Tensor
    valid: Tensor
    scope: str
    dtype: torch.dtype

    def of_all_classes(self, class_weights: Weights | None = None) -> Overlap:
        """Return the sums of all classes together, each times its weight, as if they were one class."""
        weights = torch.ones_like(self.truth)
        if class_weights is not None:
            weights = weights * of_class_maps(class_weights, len(weights), weights)[:, None]
        inter, powers, truth = ((part * weights).sum(0, keepdim=True) for part in self[:3])
        return self._replace(inter=inter, powers=powers, truth=truth)


def overlaps(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    scope: str = "batch",
    activation: str = "softmax",
    power: float | Tensor = 1.0,
    pixel_weights: Tensor | None = None,
) -> Overlap:
    """Return the sums of p = softmax or sigmoid of the logits; C = 1, the foreground, for binary logits.

    Parameters
    ----------
    logits, target, ignore_index, pixel_weights
        As in the contract of `bevseg.seg.losses`.
    scope
        `batch` pools the images, `image` keeps them apart.
    activation
        `softmax` over classes or `sigmoid` of each; binary logits always take the sigmoid.
    power
        Exponent in `powers`, above 0, a number or a tensor of one with a gradient of its own. The gradient for the
        logits is finite for every logit, p = 0 included.

    Raises
    ------
    UsageError
        If the shapes do not fit, or for an id that is neither a class nor ignored.
    """
    pixels = masked(logits, target, ignore_index, pixel_weights)
    return overlaps_of(pixels, scope=scope, activation=activation, power=power)


def overlaps_of(
    pixels: Masked, *, scope: str = "batch", activation: str = "softmax", power: float | Tensor = 1.0
) -> Overlap:
    """Return what `overlaps` does, of pixels that have come in."""
    sigmoid = activation == "sigmoid" or pixels.logits.shape[1] == 1
    log_p = nnf.logsigmoid(pixels.logits) if sigmoid else pixels.logits.log_softmax(1)
    # By way of log p: the slope of p^power itself is infinite at p = 0 for a power below 1.
    p = log_p.exp()
    p_to_power = p if not isinstance(power, Tensor) and power == 1 else (power * log_p).exp()
    return area_sums(p * pixels.truth, p_to_power, pixels, scope)


def area_sums(inter: Tensor, powers: Tensor, pixels: Masked, scope: str) -> Overlap:
    """Sum what each pixel (B, C, *S) has in common with its class, and all that is predicted there.

    `inter` is 0 outside the class, and so in ignored pixels; `powers` may be anything in these.
    """
    truth = pixels.truth
    if pixels.weights is not None:
        inter, truth = inter * pixels.weights, truth * pixels.weights
    over = tuple(range(2, inter.ndim))
    sums = [part.sum(over).double() for part in (inter, powers * pixels.mass, truth, pixels.mass)]
    inter, powers, truth, valid = (s.sum(0, keepdim=True) if scope == "batch" else s for s in sums)
    return Overlap(inter.t(), powers.t(), truth.t(), valid.squeeze(1), scope, pixels.logits.dtype)
