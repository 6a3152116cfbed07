"""Cross-entropy: plain, with weights of the classes, and balanced by how frequent they are."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as nnf
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.checks import one_of, within
from bevseg.seg.losses.masking import ValidPixels, valid_pixels


def cross_entropy(logits: Tensor, target: Tensor, ignore_index: int = 255, *, balance: float = 0.0) -> Tensor:
    """Mean over the valid pixels of -log softmax(z)[y], or of softplus(z) - y z for binary logits.

    With `balance` b > 0 the pixels are weighted by the frequency of their class among the valid pixels of the
    batch: sum(w l) / sum(w), w = count(y)^-b. b = 1 is the mean over classes of the mean within the class.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`.
    balance
        Exponent b of the class weights, at least 0.

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider. A class that is absent costs what it takes from the probability
        of the others. 0 with zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For a balance below 0.

    Notes
    -----
    Definition and ignored pixels as in the golden set `bce`; weights by inverse (square root of) frequency are
    common in the field, as in Berman et al. (CVPR 2018) section 4.
    """
    within("balance", balance, 0)
    pixels = valid_pixels(logits, target, ignore_index)
    if not len(pixels.ids):
        return pixels.logits.sum()
    costs = _costs(pixels)
    if not balance:
        return costs.mean()
    weights = torch.bincount(pixels.ids).clamp(min=1).to(costs.dtype).pow(-balance)[pixels.ids]
    return (weights * costs).sum() / weights.sum()


def weighted_cross_entropy(
    logits: Tensor, target: Tensor, ignore_index: int = 255, *, weights: float | Sequence[float] = 1.0
) -> Tensor:
    """Mean over the valid pixels of w[y] (-log p[y]); not divided by the sum of the weights.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`.
    weights
        w of each class, two for binary logits; or one number b, which is w of every class but class 0, whose w is
        1: the weight of the positives, with b > 1 against false negatives and b < 1 against false positives.

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider. A class that is absent costs what it takes from the probability
        of the others. 0 with zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For a weight below 0, or weights that are not one for each class.

    Notes
    -----
    Source: Jadon, A survey of loss functions for semantic segmentation (CIBCB 2020); golden sets
    `weighted_bce` and, with b = 1/3, `jadon_weighted_bce`.
    """
    pixels = valid_pixels(logits, target, ignore_index)
    return mean(class_weights(weights, pixels)[pixels.ids] * _costs(pixels))


def balanced_cross_entropy(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    beta: float | None = None,
    scope: str = "batch",
    clamp: float = 0.0,
) -> Tensor:
    """Mean over the valid pixels of (1 - f[y]) (-log p[y]), f the share of each class among the valid pixels.

    For two classes this is -(b y log p + (1 - b)(1 - y) log(1 - p)), b the share of the negatives.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`.
    beta
        A fixed b in [0, 1] instead of one that is counted: the weight of every class but class 0, whose weight is
        1 - b.
    scope
        f is counted in the `batch`, or in each `image`; the pixels of all images are then averaged together.
    clamp
        d in [0, 0.5]: counted weights are kept in [d, 1 - d]. With 0 a scope that holds one class alone costs
        nothing, whatever is predicted there.

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider. A class that is absent costs what it takes from the probability
        of the others. 0 with zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For beta, scope or clamp outside their domain.

    Notes
    -----
    Source: Xie and Tu, Holistically-nested edge detection (ICCV 2015), section 2.2, where b is counted per image;
    the survey of Jadon (2020) leaves the sum out of b. Golden set `balanced_bce`.
    """
    one_of("scope", scope, "batch", "image")
    within("clamp", clamp, 0, 0.5)
    pixels = valid_pixels(logits, target, ignore_index)
    if beta is not None:
        within("beta", beta, 0, 1)
        weights = class_weights([1 - beta] + [beta] * (_classes(pixels) - 1), pixels)[pixels.ids]
    else:
        weights = _rarity(pixels, scope, clamp)
    return mean(weights * _costs(pixels))


def mean(values: Tensor) -> Tensor:
    """Return the mean, and 0 for no values at all."""
    return values.sum() / max(values.numel(), 1)


def class_weights(weights: float | Sequence[float], pixels: ValidPixels) -> Tensor:
    """Return a weight per class, two for binary logits; a single number is that of all classes but class 0.

    Raises
    ------
    UsageError
        For a weight below 0, or weights that are not one for each class.
    """
    classes = _classes(pixels)
    values = list(weights) if isinstance(weights, Sequence) else [1.0] + [float(weights)] * (classes - 1)
    if len(values) != classes:
        raise UsageError(
            f"{len(values)} weights for {classes} classes", hint="give one weight for each class"
        )
    for value in values:
        within("class weight", value, 0)
    return pixels.logits.new_tensor(values)


def _classes(pixels: ValidPixels) -> int:
    return max(len(pixels.logits), 2)


def _costs(pixels: ValidPixels) -> Tensor:
    """Return -log p (N,) of the class of each pixel."""
    if len(pixels.logits) > 1:
        return -pixels.logits.log_softmax(0).gather(0, pixels.ids[None])[0]
    truth = pixels.truth.to(pixels.logits.dtype)
    return nnf.binary_cross_entropy_with_logits(pixels.logits, truth, reduction="none")[0]


def _rarity(pixels: ValidPixels, scope: str, clamp: float) -> Tensor:
    """Return for each pixel (N,) the share of the other classes in its scope, kept in [clamp, 1 - clamp]."""
    sizes = pixels.ids.new_tensor(pixels.counts if scope == "image" else [len(pixels.ids)])
    scopes = torch.arange(len(sizes), device=sizes.device).repeat_interleave(sizes)
    cells = scopes * _classes(pixels) + pixels.ids
    own = torch.bincount(cells)[cells].to(pixels.logits.dtype)
    return (1 - own / sizes[scopes]).clamp(clamp, 1 - clamp)
