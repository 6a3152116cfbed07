"""Structural similarity loss that maximises correlation (Zhao et al. 2019)."""

from __future__ import annotations

import math
from functools import partial

import torch
import torch.nn.functional as nnf
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.checks import within
from bevseg.seg.losses.masking import masked
from bevseg.seg.losses.reduction import over_class_maps
from bevseg.seg.losses.weights import Weights

LARGEST = {2: 101, 3: 21}
"""Widest window of images and of volumes, pixels: time grows with its area."""


def structural_similarity(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    window: int = 3,
    sigma: float | None = 1.5,
    c4: float = 0.01,
    beta: float = 0.1,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Cross-entropy, weighted by how badly y and p correlate: sum(e f X) / sum(f) over pixels and classes.

    e = |(y - m(y) + c) / (d(y) + c) - (p - m(p) + c) / (d(p) + c)|, with the mean m and standard deviation d of a
    window round the pixel; f = 1 where e > beta max(e), the maximum over the batch, and 0 elsewhere. X is the binary
    cross-entropy of the class against the rest.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of class maps: `mean` is sum(w e f X) / sum(w f), and
        `none` returns the w e f X. Of binary logits only the foreground, class 1, counts. p is
        the sigmoid, class by class. Ignored pixels are part of no window.
    window
        Side of the window, pixels, odd, at most 101, and 21 in a volume. At the border, and beside ignored pixels,
        the weights of the others make up for the missing ones.
    sigma
        Standard deviation of the Gaussian weights in the window, pixels, above 0; None weighs its pixels alike.
    c4
        c, above 0.
    beta
        Share of the largest e below which a pixel is left out, in [0, 1].

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider; 0 for a perfect prediction. An absent class costs like any other
        where its p is not flat. 0 with zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For an option outside its domain.

    Notes
    -----
    Source: Zhao et al., Correlation maximized structural similarity loss for semantic segmentation
    (arXiv:1910.08711), which mixes it with plain cross-entropy. The survey of Jadon (2020) drops the
    inequality of f, and says that the correlated pixels are kept: the others are. Window, scope of the maximum, and
    that e is a constant for the gradient (d has an infinite slope where p is flat) are our choices. Golden set `ssl`.
    """
    within("c4", c4, torch.finfo(torch.float32).tiny)
    within("beta", beta, 0, 1)
    pixels = masked(logits, target, ignore_index, pixel_weights)
    truth = pixels.truth.to(pixels.logits.dtype)
    with torch.no_grad():
        weights = _weights(window, sigma, truth.ndim - 2)
        apart = (
            _standardised(truth, pixels.keep, weights, c4)
            - _standardised(pixels.logits.sigmoid(), pixels.keep, weights, c4)
        ).abs()
        apart = torch.where(pixels.keep, apart, 0)
        hard = (apart > beta * (apart.max() if apart.numel() else 0)).to(truth.dtype)
    costs = nnf.binary_cross_entropy_with_logits(pixels.logits, truth, reduction="none")
    of = partial(over_class_maps, pixels=pixels, class_weights=class_weights)
    if reduction != "mean":
        return of(apart * hard * costs, reduction=reduction)
    weight = of(hard, reduction="sum")
    return of(apart * hard * costs, reduction="sum") / (weight + (weight == 0))


Window = list[tuple[tuple[int, ...], float]]
"""Places in a window, from its first corner, and their weights, whose sum does not matter."""


def _weights(window: int, sigma: float | None, dims: int) -> Window:
    """Return the weights of the pixels of a window in so many dimensions."""
    most = LARGEST[dims]
    if not 1 <= window <= most or window % 2 == 0:
        raise UsageError(f"Invalid window: {window} pixels", hint=f"choose an odd number, at most {most}")
    if sigma is not None:
        within("sigma", sigma, torch.finfo(torch.float32).tiny)
    line = [math.exp(-(((i - window // 2) / sigma) ** 2) / 2) if sigma else 1.0 for i in range(window)]
    found: Window = [((), 1.0)]
    for _ in range(dims):
        found = [((*place, i), weight * line[i]) for place, weight in found for i in range(window)]
    return found


def _standardised(values: Tensor, keep: Tensor, weights: Window, c4: float) -> Tensor:
    """Return (x - m + c4) / (d + c4) with the local mean m and standard deviation d of the valid pixels.

    d is summed from differences to m: the difference of the mean square and the squared mean has no digits left
    where x is nearly flat.
    """
    shape = values.shape[2:]
    around = [weights[-1][0][0] // 2] * (2 * len(shape))
    values_around, keep_around = nnf.pad(values, around), nnf.pad(keep.to(values.dtype), around)

    neighbours = []
    for first, weight in weights:
        place = (slice(None), slice(None), *[slice(i, i + n) for i, n in zip(first, shape, strict=True)])
        neighbours.append((weight, keep_around[place], values_around[place]))
    total = mean = variance = torch.zeros_like(values)
    for weight, kept, x in neighbours:
        total, mean = total + weight * kept, mean + weight * kept * x
    total = total.clamp(min=torch.finfo(values.dtype).tiny)
    mean = mean / total
    for weight, kept, x in neighbours:
        variance = variance + weight * kept * (x - mean) ** 2
    variance = variance / total
    return (values - mean + c4) / (variance.sqrt() + c4)
