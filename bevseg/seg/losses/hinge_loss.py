"""The plain hinge loss."""

from __future__ import annotations

import torch
from torch import Tensor

from bevseg.seg.losses.cross_entropy_loss import mean
from bevseg.seg.losses.masking import valid_pixels


def hinge(logits: Tensor, target: Tensor, ignore_index: int = 255) -> Tensor:
    """Mean over the valid pixels, and over classes against the rest, of max(0, 1 - t z), t = 1 or -1.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`. Each class is one against all others; of binary logits only
        class 1 is. t is 1 where the pixel is of the class.

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
    pixels = valid_pixels(logits, target, ignore_index)
    return mean((1 + torch.where(pixels.truth, -pixels.logits, pixels.logits)).relu())
