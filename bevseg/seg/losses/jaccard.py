"""Power Jaccard (Duque-Arias et al., VISAPP 2021); with p = 1 it is the soft Jaccard loss."""

from __future__ import annotations

import torch.nn.functional as nnf
from torch import Tensor

from bevseg.seg.losses.checks import of_areas, of_power, one_of
from bevseg.seg.losses.masking import Masked, masked
from bevseg.seg.losses.overlap import overlaps
from bevseg.seg.losses.reduction import only_mean, over_class_maps, over_groups, ratio
from bevseg.seg.losses.weights import Weights


def power_jaccard(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    p: float | Tensor = 1.5,
    smooth: float = 1.0,
    reduce: str = "class_batch",
    classes: str = "present",
    activation: str = "softmax",
    any_p: bool = False,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - (I + s) / (U + s), where I = sum(y q) and U = sum(y^p) + sum(q^p) - I over one group of pixels.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of areas; for one of class maps with `reduce="pixel"`.
    p
        Power, in [1, 2]: 1 is soft Jaccard, 2 is sum((y - q)^2) over the union. A tensor of one number may have a
        gradient: a power that is learned.
    smooth
        Constant s, pixels, at least 0. The authors use 10 with `reduce="all"`.
    reduce
        What one group is: `all` the whole batch with all classes in one sum (the authors' code; each class times its
        weight, if there are class weights), `class_batch` one class in the batch, `class_image` one class in one
        image, `pixel` one class of one pixel (eq. 3 as printed; background then has no gradient, so it is for
        curves, not for training). The loss is the mean over groups.
    classes
        For the class reductions: `present` leaves out groups without a pixel of the class, `all` counts them: an
        absent class costs 1 - s / (sum(q^p) + s).
    activation
        q from the logits: `softmax` over classes, or `sigmoid`. Binary logits always take the sigmoid.
    any_p
        Accept a p outside [1, 2]; for plotting what goes wrong there.

    Returns
    -------
    Tensor
        Scalar in [0, 1] for p in [1, 2], float32 or wider: 0 for a perfect prediction; 1 with s = 0 for a disjoint
        one. 0 with zero gradient if all pixels are ignored, or if no class is present.

    Raises
    ------
    UsageError
        For p outside [1, 2] without `any_p`, a negative smooth, an unknown choice of reduce, classes or activation,
        or a reduction other than the mean of the one group of `all`.

    Notes
    -----
    Source: eq. 3 and the authors' code (golden sets `power_jaccard`, `power_jaccard_formula`). q^p is differentiated
    by log q, so that the gradient is finite for every logit and every p.
    """
    of_power("Power Jaccard", p, any_p)
    one_of("choice of reduce", reduce, "all", "class_batch", "class_image", "pixel")
    scope = "image" if reduce == "class_image" else "batch"
    of_areas(smooth, scope, activation)
    if reduce == "pixel":
        pixels = masked(logits, target, ignore_index, pixel_weights)
        return over_class_maps(_per_pixel(pixels, p, smooth, activation), pixels, class_weights, reduction)
    sums = overlaps(
        logits, target, ignore_index, scope=scope, activation=activation, power=p, pixel_weights=pixel_weights
    )
    if reduce == "all":
        only_mean("One sum over all classes", reduction, "it is one ratio, and no mean over classes")
        sums, classes, class_weights = sums.of_all_classes(class_weights), "all", None
    union = sums.truth + sums.powers - sums.inter
    costs = ratio(union - sums.inter, union + smooth)
    return over_groups(costs, sums, classes=classes, class_weights=class_weights, reduction=reduction)


def _per_pixel(pixels: Masked, p: float | Tensor, smooth: float, activation: str) -> Tensor:
    """Return eq. 3 for each pixel and class (B, C, *S)."""
    sigmoid = activation == "sigmoid" or pixels.logits.shape[1] == 1
    log_q = nnf.logsigmoid(pixels.logits) if sigmoid else pixels.logits.log_softmax(1)
    truth = pixels.indicator
    inter = log_q.exp() * truth
    whole = truth + (log_q * p).exp() - inter + smooth
    empty = whole <= 0
    # Not as a share of what is wrong: the slope of background, s / (U + s)^2, would be a difference of large numbers.
    return 1 - (inter + smooth).masked_fill(empty, 1) / whole.masked_fill(empty, 1)
