"""What every ratio of areas is made of: the soft intersection, the sum of powers and the area of each class."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as nnf
from torch import Tensor

from bevseg.seg.losses.kept import kept


class Overlap(NamedTuple):
    """Sums over the kept pixels of G groups: the batch (G = 1), or each image (G = B).

    Attributes
    ----------
    inter
        (C, G) sum of p over the pixels of the class: soft true positives, pixels.
    powers
        (C, G) sum of p^power over all pixels; with power 1 the predicted area.
    truth
        (C, G) pixels of the class; no gradient.
    kept
        (G,) pixels that are not ignored; no gradient.
    """

    inter: Tensor
    powers: Tensor
    truth: Tensor
    kept: Tensor


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
    logits, target, ignore_index
        As for every loss.
    scope
        `batch` pools the images, `image` keeps them apart.
    activation
        `softmax` over classes or `sigmoid` of each; binary logits always take the sigmoid.
    power
        Exponent in `powers`. Its gradient is finite for every logit, p = 0 included.
    """
    pixels = kept(logits, target, ignore_index)
    sigmoid = activation == "sigmoid" or len(pixels.planes) == 1
    log_p = nnf.logsigmoid(pixels.planes) if sigmoid else pixels.planes.log_softmax(0)
    p = log_p.exp()
    counts = pixels.counts if scope == "image" else [sum(pixels.counts)]

    def sums(values: Tensor) -> Tensor:
        return torch.stack([part.sum(1) for part in values.split(counts, 1)], 1)

    truth = pixels.truth.to(p.dtype)
    powers = p if power == 1 else (log_p * power).exp()
    areas = torch.tensor(counts, dtype=p.dtype, device=p.device)
    return Overlap(sums(p * truth), sums(powers), sums(truth), areas)
