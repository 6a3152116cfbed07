"""What every ratio of areas is made of: the soft intersection, the sum of powers and the area of each class.

These three sums are all that Jaccard, Dice, Tversky and their kin take from the pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

import torch
import torch.nn.functional as nnf
from torch import Tensor

from bevseg.seg.losses.masking import Masked, masked
from bevseg.seg.losses.weights import Weights, of_class_maps


@dataclass(frozen=True)
class Groups:
    """Groups of pixels, G of them: the batch (G = 1), or each image (G = B).

    Attributes
    ----------
    truth
        (C, G) pixels of each class, each times its weight; float64, no gradient.
    scope
        `batch` or `image`.
    dtype
        Type of a loss of these logits.
    """

    truth: Tensor
    scope: str
    dtype: torch.dtype


@dataclass(frozen=True)
class Overlap(Groups):
    """Sums over the valid pixels of groups, each pixel times its weight; float64.

    Attributes
    ----------
    inter
        (C, G) sum of p over the pixels of the class: soft true positives, pixels.
    powers
        (C, G) sum of p^power over all pixels; with power 1 the predicted area.
    """

    inter: Tensor
    powers: Tensor

    def of_all_classes(self, class_weights: Weights | None = None) -> Overlap:
        """Return the sums of all classes together, each times its weight, as if they were one class."""
        parts = [self.truth, self.inter, self.powers]
        if class_weights is not None:
            weights = of_class_maps(class_weights, len(self.truth), self.truth)[:, None]
            parts = [part * weights for part in parts]
        truth, inter, powers = (part.sum(0, keepdim=True) for part in parts)
        return replace(self, truth=truth, inter=inter, powers=powers)


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
    own = pixels.class_mass
    truth, inter, powers = group_sums(scope, (own,), (p, own), (p_to_power, pixels.mass))
    return Overlap(truth, scope, pixels.logits.dtype, inter, powers)


def group_sums(scope: str, *products: tuple[Tensor, ...]) -> Tensor:
    """Return the sums (n, C, G), float64, of n products of tensors (B, C or 1, *S).

    Multiplied here, one after the other, they do not fill the memory all at the same time.
    """
    images = (0,) if scope == "batch" else ()
    over = (*images, *range(2, products[0][0].ndim))
    sums = torch.stack([reduce(torch.mul, factors).sum(over) for factors in products]).double()
    return sums[..., None] if scope == "batch" else sums.mT
