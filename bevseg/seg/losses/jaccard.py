"""Power Jaccard (Duque-Arias et al., VISAPP 2021); with p = 1 it is the soft Jaccard loss."""

from __future__ import annotations

import torch
import torch.nn.functional as nnf
from torch import Tensor

from bevseg.seg.losses.checks import of_areas, of_power, one_of
from bevseg.seg.losses.cross_entropy_loss import mean
from bevseg.seg.losses.masking import valid_pixels
from bevseg.seg.losses.overlap import overlaps
from bevseg.seg.losses.reduction import over_groups, ratio


def power_jaccard(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    p: float = 1.5,
    smooth: float = 1.0,
    reduce: str = "class_batch",
    classes: str = "present",
    activation: str = "softmax",
    any_p: bool = False,
) -> Tensor:
    """1 - (I + s) / (U + s), where I = sum(y q) and U = sum(y^p) + sum(q^p) - I over one group of pixels.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`.
    p
        Power, in [1, 2]: 1 is soft Jaccard, 2 is sum((y - q)^2) over the union.
    smooth
        Constant s, pixels, at least 0. The authors use 10 with `reduce="all"`.
    reduce
        What one group is: `all` the whole batch with all classes in one sum (the authors' code), `class_batch` one
        class in the batch, `class_image` one class in one image, `pixel` one class of one pixel (eq. 3 as printed;
        background then has no gradient, so it is for curves, not for training). The loss is the mean over groups.
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
        For p outside [1, 2] without `any_p`, a negative smooth, or an unknown choice of reduce, classes or
        activation.

    Notes
    -----
    Source: eq. 3 and the authors' code (golden sets `power_jaccard`, `power_jaccard_formula`). q^p is differentiated
    by log q, so that the gradient is finite for every logit and every p.
    """
    of_power("Power Jaccard", p, any_p)
    one_of("reduction", reduce, "all", "class_batch", "class_image", "pixel")
    scope = "image" if reduce == "class_image" else "batch"
    of_areas(smooth, scope, activation)
    if reduce == "pixel":
        return _per_pixel(logits, target, ignore_index, p, smooth, activation)
    sums = overlaps(logits, target, ignore_index, scope=scope, activation=activation, power=p)
    if reduce == "all":
        classes = "all"  # the only group is no class
        sums = sums.of_all_classes()
    union = sums.truth + sums.powers - sums.inter
    return over_groups(ratio(union - sums.inter, union + smooth), sums.truth, logits, classes=classes)


def _per_pixel(
    logits: Tensor, target: Tensor, ignore_index: int, p: float, smooth: float, activation: str
) -> Tensor:
    """Return the mean over pixels and classes of eq. 3."""
    pixels = valid_pixels(logits, target, ignore_index)
    sigmoid = activation == "sigmoid" or len(pixels.logits) == 1
    log_q = nnf.logsigmoid(pixels.logits) if sigmoid else pixels.logits.log_softmax(0)
    inter = log_q.exp() * pixels.truth
    whole = pixels.truth + (log_q * p).exp() - inter + smooth
    empty = whole <= 0
    # Not as a share of what is wrong: the slope of background, s / (U + s)^2, would be a difference of large numbers.
    return mean(1 - torch.where(empty, 1, inter + smooth) / torch.where(empty, 1, whole))
