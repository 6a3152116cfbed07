"""Cross-entropy: plain, with weights of the classes, and balanced by how frequent they are."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as nnf
from torch import Tensor

from bevseg.seg.losses.checks import one_of, within
from bevseg.seg.losses.masking import Masked, masked
from bevseg.seg.losses.reduction import over_pixels, ratio
from bevseg.seg.losses.weights import Weights, of_classes


def cross_entropy(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    balance: float = 0.0,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over the valid pixels of -log softmax(z)[y], or of softplus(z) - y z for binary logits.

    With `balance` b > 0 the pixels are weighted by the frequency of their class among the valid pixels of the
    batch: sum(w l) / sum(w), w = count(y)^-b. b = 1 is the mean over classes of the mean within the class.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of pixels.
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
    pixels = masked(logits, target, ignore_index, pixel_weights)
    if balance:
        areas = class_areas(pixels).sum(0)
        rarity = (areas + (areas == 0)).pow(-balance)
        if class_weights is not None:
            rarity = rarity * of_classes(class_weights, pixels.logits.shape[1], rarity)
        class_weights = rarity
    return over_pixels(pixel_costs(pixels), pixels, class_weights, reduction)


def weighted_cross_entropy(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    weights: float | Sequence[float] = 1.0,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over the valid pixels of w[y] (-log p[y]); not divided by the sum of the weights.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of pixels.
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
    pixels = masked(logits, target, ignore_index, pixel_weights)
    return over_pixels(pixel_factors(weights, pixels) * pixel_costs(pixels), pixels, class_weights, reduction)


def balanced_cross_entropy(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    beta: float | None = None,
    scope: str = "batch",
    clamp: float = 0.0,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over the valid pixels of (1 - f[y]) (-log p[y]), f the share of each class among the valid pixels.

    For two classes this is -(b y log p + (1 - b)(1 - y) log(1 - p)), b the share of the negatives.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of pixels.
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
    pixels = masked(logits, target, ignore_index, pixel_weights)
    if beta is not None:
        within("beta", beta, 0, 1)
        factors = pixel_factors([1 - beta] + [beta] * (_classes(pixels) - 1), pixels)
    else:
        factors = _rarity(pixels, scope, clamp)
    return over_pixels(factors * pixel_costs(pixels), pixels, class_weights, reduction)


def pixel_factors(weights: float | Sequence[float], pixels: Masked) -> Tensor:
    """Return the weight (B, *S) of the class of each pixel; a single number is that of all classes but class 0.

    Raises
    ------
    UsageError
        For a weight below 0, or weights that are not one for each class, two for binary logits.
    """
    if not isinstance(weights, Sequence):
        weights = [1.0] + [float(weights)] * (_classes(pixels) - 1)
    return pixels.of_class(of_classes(weights, pixels.logits.shape[1], pixels.logits))


def _classes(pixels: Masked) -> int:
    return max(pixels.logits.shape[1], 2)


def pixel_costs(pixels: Masked) -> Tensor:
    """Return -log p (B, *S) of the class of each pixel."""
    if pixels.logits.shape[1] > 1:
        return nnf.cross_entropy(
            pixels.logits, pixels.target, reduction="none", ignore_index=pixels.ignore_index
        )
    return nnf.binary_cross_entropy_with_logits(pixels.logits, pixels.indicator, reduction="none")[:, 0]


def class_areas(pixels: Masked) -> Tensor:
    """Return how many pixels, each times its weight, each image has of each class: (B, C), two for binary logits."""
    mass = pixels.mass.flatten(1).double()
    # Ignored pixels, of id -1, fall into the first column.
    table = mass.new_zeros(len(mass), _classes(pixels) + 1)
    return table.scatter_add(1, pixels.ids.flatten(1) + 1, mass)[:, 1:]


def _rarity(pixels: Masked, scope: str, clamp: float) -> Tensor:
    """Return for each pixel (B, *S) the share of the other classes in its scope, kept in [clamp, 1 - clamp]."""
    areas = class_areas(pixels)
    if scope == "batch":
        areas = areas.sum(0, keepdim=True).expand(areas.shape)
    shares = ratio(areas, areas.sum(1, keepdim=True).expand(areas.shape))
    rarity = (1 - shares).clamp(clamp, 1 - clamp).to(pixels.logits.dtype)
    ids = pixels.target.clamp(0, rarity.shape[1] - 1)
    return rarity.gather(1, ids.flatten(1)).view(ids.shape)
