"""NeuroIoU: a small network that has learned the IoU loss from three sums stands in for it in training.

Source: Nagendar et al. (BMVC 2018). What the paper leaves open is decided here: sums are shares of the valid pixels,
the loss is the mean over images and their classes, and the network of the surrogate is smooth.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from bevseg.errors import UsageError
from bevseg.seg.losses.class_maps import most_likely, probabilities
from bevseg.seg.losses.masking import Masked, masked
from bevseg.seg.losses.reduction import class_shares, ratio, weighted_mean, without_mean
from bevseg.seg.losses.weights import Weights

INPUTS = {"3": 3, "6": 6, "hinge": 3}
"""Kind of inputs -> how many there are."""

SCALES = ("pixels", None)
"""`pixels`: sums are divided by the valid pixels of the image; None: they are not."""

HIDDEN = (100, 100, 100, 100)
"""Nodes of the hidden layers in the paper's experiments; its eq. 4 has one layer."""

KNEE = 1e-3
"""Share of an image below which a sum counts as it is, and above which by its logarithm: the sums of a pole, a
thousandth of the image, are then not lost beside those of a house. On maps of small street scenes, with 3 and 6
inputs, the slopes of TP and FP then had the right sign in 81 to 100 % of the pairs, and in 46 to 100 % on plain
shares."""


class Features(NamedTuple):
    """What the surrogate sees of n pairs of an image and a class, and what it is to say.

    Attributes
    ----------
    inputs
        (n, 3) sums of the score over true positives, false positives and false negatives; (n, 6) with the mean
        scores behind them. Gradients flow into the scores; which pixel is in which set is constant.
    targets
        (n,) IoU loss 1 - TP / (TP + FP + FN) from counts; 0 where all three are 0.
    pairs
        (n, 2) image and class, image after image; binary logits have one class, 0, the foreground.
    """

    inputs: Tensor
    targets: Tensor
    pairs: Tensor


class Surrogate(nn.Module):
    """f(inputs) (n, i) -> (n,): a perceptron on standardised inputs, which never looks beyond what it was shown.

    Parameters
    ----------
    inputs
        Number of inputs, 3 or 6. They enter as log(1 + x / KNEE); the sign of a slope stays the same.
    hidden
        Nodes of the hidden layers.

    Notes
    -----
    The buffers `centre` and `spread` standardise the inputs, and `low` and `high` bound them; as built they do
    nothing. Outside the bounds the value is that of the nearest place within, and so is the slope, which is handed
    on undiminished: a network that has become better than all that f was shown is still pulled the same way, which
    it would not be if the gradient of the bound, 0, were used.

    The activation is softplus; the paper names none. What teaches the segmentation network is the slope of f, which
    jumps from piece to piece in a ReLU network. On maps of small street scenes with 6 inputs, taken as they are, the
    slope along the true positives came out right in all pairs with softplus, in half of them with ReLU and in a
    seventh with tanh, at like errors.

    It computes in the type of its weights, float32 or wider, also under autocast.
    """

    centre: Tensor
    spread: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, inputs: int = 3, hidden: Sequence[int] = HIDDEN) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise((inputs, *hidden, 1)))
        self.register_buffer("centre", torch.zeros(inputs))
        self.register_buffer("spread", torch.ones(inputs))
        self.register_buffer("low", torch.full((inputs,), -torch.inf))
        self.register_buffer("high", torch.full((inputs,), torch.inf))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return f of each row."""
        with torch.autocast(inputs.device.type, enabled=False):
            x = inputs.to(torch.promote_types(self.centre.dtype, torch.float32))
            inside = torch.minimum(torch.maximum(x, self.low), self.high).detach()
            x = (self.bend(inside + (x - x.detach())) - self.centre) / self.spread
            for layer in self.layers[:-1]:
                x = nnf.softplus(layer(x))
            return self.layers[-1](x).squeeze(1).to(inputs.dtype)

    def bend(self, inputs: Tensor) -> Tensor:
        """Return the inputs on the scale that is standardised."""
        return torch.log1p(inputs / KNEE)


def neuro_iou(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    surrogate: nn.Module,
    inputs: str = "3",
    scale: str | None = "pixels",
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean of f(features) over the pairs of an image and a class that it shows, f a learned IoU loss.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of areas in images. Of binary logits only the
        foreground, class 1, counts, present or not. Ignored pixels are in no set.
    surrogate
        f, (n, 3 or 6) -> (n,), such as `surrogate.fit` returns: frozen, on the device of the logits. Its
        parameters are no concern of this loss; those that ask for a gradient get one.
    inputs, scale
        As for `features`, and as f was fitted with.

    Returns
    -------
    Tensor
        Scalar, float32 or wider. f is learned, so that nothing holds it in [0, 1] or at 0 for a perfect
        prediction. An absent class costs what its false positives take from the classes that are present. An image
        whose pixels are all ignored is left out of the mean; 0 with zero gradient if nothing is left.

    Raises
    ------
    UsageError
        For unknown `inputs` or `scale`, shapes or weights that do not fit, or an id out of range.

    Notes
    -----
    Source: Nagendar et al. (BMVC 2018), eq. 3 and 4 and the experiments (golden set `neuro_iou`). d loss / d p of a
    pixel is the slope of f along the sum of its set (times the scale); it jumps where the pixel changes set.
    """
    rows, _, shown = _pairs(masked(logits, target, ignore_index, pixel_weights), inputs, scale)
    # Of all pairs, as many as there are: a device would have to wait for the number of those that count.
    costs = surrogate(rows.flatten(0, 1)).view(shown.shape).t() if rows.numel() else rows.sum(2).t()
    shares = class_shares(shown.t(), class_weights, costs)
    if reduction == "mean":
        return weighted_mean(costs, shares, (0, 1))
    return without_mean(costs, shown.t(), shares, reduction, "image")


def features(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    inputs: str = "3",
    scale: str | None = "pixels",
) -> Features:
    """Return the inputs of the surrogate and the IoU loss of every image and class that it shows.

    The predicted class of a pixel is the largest logit, or z > 0 for binary logits.

    Parameters
    ----------
    logits, target, ignore_index
        As for `neuro_iou`.
    inputs
        `3`: sums of the probability of the class over its true positives, false positives and false negatives.
        `6`: behind them the means over the same sets, 0 for an empty one. `hinge`: sums of max(0, 1 - t z), t = 1
        for pixels of the class and -1 for others; the paper has no multi-class form, this is one class against the
        rest.
    scale
        `pixels`: the sums are divided by the valid pixels of the image; None: they are as in the paper, up to 1e5.
        Means are never scaled.
    """
    rows, targets, shown = _pairs(masked(logits, target, ignore_index), inputs, scale)
    return Features(rows[shown], targets[shown], shown.nonzero())


def _pairs(image: Masked, inputs: str, scale: str | None) -> tuple[Tensor, Tensor, Tensor]:
    """Return inputs (B, C, i) and targets (B, C) of every image and class, and whether the image shows it (B, C)."""
    if inputs not in INPUTS or scale not in SCALES:
        raise UsageError(
            "NeuroIoU has no such inputs",
            why=f"inputs={inputs!r}, scale={scale!r}",
            hint=f"inputs are one of {', '.join(INPUTS)}; scale is 'pixels' or None",
        )
    mass, over = image.mass, tuple(range(2, image.logits.ndim))
    score = _margin_costs(image) if inputs == "hinge" else probabilities(image.logits)
    members = [of_set * mass for of_set in _sets(image)]
    sums = torch.stack([(score * own).sum(over) for own in members], 2)
    counts = torch.stack([own.sum(over) for own in members], 2)
    valid = mass.sum(over)[..., None]
    columns = [ratio(sums, valid) if scale else sums]
    if inputs == "6":
        columns.append(ratio(sums, counts))
    # The only class of binary logits counts wherever there is something to see.
    seen = counts[..., 0] + counts[..., 2] if image.logits.shape[1] > 1 else valid[..., 0]
    union = counts.sum(2)
    targets = torch.where(union > 0, 1 - ratio(counts[..., 0], union), 0)
    return torch.cat(columns, 2), targets, seen > 0


def _sets(image: Masked) -> tuple[Tensor, Tensor, Tensor]:
    """Return which pixels (B, C, *S) are true positives, false positives and false negatives of each class."""
    truth = image.truth
    predicted = image.logits > 0 if truth.shape[1] == 1 else most_likely(image.logits.detach(), image.keep)
    return predicted & truth, predicted & ~truth & image.keep, ~predicted & truth


def _margin_costs(image: Masked) -> Tensor:
    return (1 + torch.where(image.truth, -image.logits, image.logits)).relu()
