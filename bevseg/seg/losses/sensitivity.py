"""Sensitivity and specificity as a loss."""

from __future__ import annotations

import torch
import torch.nn.functional as nnf
from torch import Tensor

from bevseg.seg.losses.checks import of_areas, one_of, within
from bevseg.seg.losses.masking import masked
from bevseg.seg.losses.overlap import Groups, group_sums
from bevseg.seg.losses.reduction import over_groups, ratio
from bevseg.seg.losses.weights import Weights

POWERS = {"linear": 1, "squared": 2}
"""Form of the loss -> power of the errors in its sums."""


def sensitivity_specificity(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    weight: float = 0.5,
    form: str = "linear",
    smooth: float = 0.0,
    classes: str = "all",
    scope: str = "batch",
    activation: str = "softmax",
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over classes of w sum(e y) / (sum(y) + s) + (1 - w) sum(e (1 - y)) / (sum(1 - y) + s).

    The error e of a pixel is |y - p| in the linear form, which is 1 - (w sensitivity + (1 - w) specificity) of soft
    counts, and (y - p)^2 in the squared form.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of areas. Of binary logits only the foreground, class 1,
        counts.
    weight
        w in [0, 1], of the sensitivity. 0.05 is Brosch's choice for the squared form.
    form
        `linear` or `squared`.
    smooth
        Constant s, pixels, at least 0.
    classes
        `all` counts absent classes, whose sensitivity is 1: they cost their false alarms, (1 - w) times the mean
        of e. `present` leaves them out, per image with `scope="image"`.
    scope
        Sums over the `batch`, or over each `image`, whose mean is then taken too.
    activation
        p from the logits: `softmax` over classes, or `sigmoid`. Binary logits always take the sigmoid.

    Returns
    -------
    Tensor
        Scalar in [0, 1], float32 or wider: 0 for a perfect prediction. 0 with zero gradient if all pixels are
        ignored.

    Raises
    ------
    UsageError
        For weight or smooth outside their domain, or an unknown choice of form, classes, scope or activation.

    Notes
    -----
    Source: survey of Jadon (2020), which prints the score that is to be maximised; the squared form
    is that of Brosch et al. (MICCAI 2015). Golden set `sensitivity_specificity`.
    """
    within("weight", weight, 0, 1)
    one_of("form", form, *POWERS)
    of_areas(smooth, scope, activation)
    pixels = masked(logits, target, ignore_index, pixel_weights)
    z, truth, mass = pixels.logits, pixels.truth, pixels.mass
    if activation == "sigmoid" or z.shape[1] == 1:
        # With all digits of value and slope, however sure p is.
        errors = nnf.logsigmoid(torch.where(truth, -z, z)).exp()
    else:
        p = z.softmax(1)
        errors = torch.where(truth, 1 - p, p)
    errors, own = errors ** POWERS[form], truth.to(z.dtype) * mass
    rest = mass - own
    trues, others, missed, alarmed = group_sums(scope, (own,), (rest,), (errors, own), (errors, rest))
    costs = weight * ratio(missed, trues + smooth) + (1 - weight) * ratio(alarmed, others + smooth)
    groups = Groups(trues, scope, z.dtype)
    return over_groups(costs, groups, classes=classes, class_weights=class_weights, reduction=reduction)
