"""The plain hinge loss."""

from __future__ import annotations

import torch
from torch import Tensor

from bevseg.seg.losses.masking import masked
from bevseg.seg.losses.reduction import over_class_maps
from bevseg.seg.losses.weights import Weights


def hinge(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over the valid pixels, and over classes against the rest, of max(0, 1 - t z), t = 1 or -1.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of class maps. Each class is one against all others; of
        binary logits only class 1 is. t is 1 where the pixel is of the class.

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider; 0 where every margin is at least 1. An absent class costs the mean
        of max(0, 1 + z) of its class map. 0 with zero gradient if all pixels are ignored.

    Notes
    -----
    Source: the baseline of Berman et al. (CVPR 2018), section 4.1; the sum over classes against the rest is that of
    Rifkin and Klautau (JMLR 2004).
    """
    pixels = masked(logits, target, ignore_index, pixel_weights)
    costs = (1 + torch.where(pixels.truth, -pixels.logits, pixels.logits)).relu()
    return over_class_maps(costs, pixels, class_weights, reduction)
