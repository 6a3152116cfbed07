"""What every ratio of areas is made of: the soft intersection, the sum of powers and the area of each class.

These three sums are all that Jaccard, Dice, Tversky and their kin take from the pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as nnf
from torch import Tensor

from bevseg.seg.losses.masking import masked


class Overlap(NamedTuple):
    """Sums over the valid pixels of G groups: the batch (G = 1), or each image (G = B); float64.

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
    """

    inter: Tensor
    powers: Tensor
    truth: Tensor
    valid: Tensor

    def of_all_classes(self) -> Overlap:
        """Return the sums of all classes together, as if they were one."""
        inter, powers, truth = (part.sum(0, keepdim=True) for part in self[:3])
        return Overlap(inter, powers, truth, self.valid)


def overlaps(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    scope: str = "batch",
    activation: str = "softmax",
    power: float = 1.0,
) -> Overlap:
    """Return the sums of p = softmax or sigmoid of the logits; C = 1, the foreground, for binary logits.

    Parameters
    ----------
    logits
        (B, C, H, W), or (B, H, W) or (B, 1, H, W) for two classes.
    target
        (B, H, W) ids. A pixel whose id is no class and not ignored is background: it counts in `powers` alone.
    ignore_index
        Target of the pixels that enter no sum and have no gradient, whatever their logits hold.
    scope
        `batch` pools the images, `image` keeps them apart.
    activation
        `softmax` over classes or `sigmoid` of each; binary logits always take the sigmoid.
    power
        Exponent in `powers`, above 0. Its gradient is finite for every logit, p = 0 included.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    pixels = masked(logits, target, ignore_index)
    sigmoid = activation == "sigmoid" or pixels.logits.shape[1] == 1
    log_p = nnf.logsigmoid(pixels.logits) if sigmoid else pixels.logits.log_softmax(1)
    # By way of log p: the slope of p^power itself is infinite at p = 0 for a power below 1.
    p = log_p.exp()
    p_to_power = p if power == 1 else (power * log_p).exp()
    sums = [
        by_pixel.sum((2, 3)).double()
        for by_pixel in (p * pixels.truth, p_to_power * pixels.keep, pixels.truth, pixels.keep)
    ]
    inter, powers, truth, valid = (s.sum(0, keepdim=True) if scope == "batch" else s for s in sums)
    return Overlap(inter.t(), powers.t(), truth.t(), valid.squeeze(1))
