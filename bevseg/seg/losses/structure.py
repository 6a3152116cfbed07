"""Structural similarity loss that maximises correlation (Zhao et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as nnf
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.checks import within
from bevseg.seg.losses.masking import masked

LARGEST = 101
"""Widest window, pixels: time grows with its area."""


def structural_similarity(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    window: int = 3,
    sigma: float | None = 1.5,
    c4: float = 0.01,
    beta: float = 0.1,
) -> Tensor:
    """Cross-entropy, weighted by how badly y and p correlate: sum(e f X) / sum(f) over pixels and classes.

    e = |(y - m(y) + c) / (d(y) + c) - (p - m(p) + c) / (d(p) + c)|, with the mean m and standard deviation d of a
    window round the pixel; f = 1 where e > beta max(e), the maximum over the batch, and 0 elsewhere. X is the binary
    cross-entropy of the class against the rest.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`. Of binary logits only the foreground, class 1, counts. p is
        the sigmoid, class by class. Ignored pixels are part of no window.
    window
        Side of the window, pixels, odd, at most 101. At the border, and beside ignored pixels, the weights of the
        others make up for the missing ones.
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
    pixels = masked(logits, target, ignore_index)
    truth = pixels.truth.to(pixels.logits.dtype)
    with torch.no_grad():
        weights = _weights(window, sigma)
        apart = (
            _standardised(truth, pixels.keep, weights, c4)
            - _standardised(pixels.logits.sigmoid(), pixels.keep, weights, c4)
        ).abs()
        apart = torch.where(pixels.keep, apart, 0)
        hard = apart > beta * (apart.max() if apart.numel() else 0)
    costs = nnf.binary_cross_entropy_with_logits(pixels.logits, truth, reduction="none")
    return (apart * hard * costs).sum() / hard.sum().clamp(min=1)


def _weights(window: int, sigma: float | None) -> list[list[float]]:
    """Return the weights of the pixels of a window, rows of columns; their sum does not matter."""
    if not 1 <= window <= LARGEST or window % 2 == 0:
        raise UsageError(f"Invalid window: {window} pixels", hint=f"choose an odd number, at most {LARGEST}")
    if sigma is None:
        return [[1.0] * window] * window
    within("sigma", sigma, torch.finfo(torch.float32).tiny)
    offsets = torch.arange(window, dtype=torch.float64) - window // 2
    line = (-((offsets / sigma) ** 2) / 2).exp()
    rows: list[list[float]] = torch.outer(line, line).tolist()
    return rows


def _standardised(values: Tensor, keep: Tensor, weights: list[list[float]], c4: float) -> Tensor:
    """Return (x - m + c4) / (d + c4) with the local mean m and standard deviation d of the valid pixels.

    d is summed from differences to m: the difference of the mean square and the squared mean has no digits left
    where x is nearly flat.
    """
    rows, cols = values.shape[2:]
    around = (len(weights) // 2,) * 4
    values_around, keep_around = nnf.pad(values, around), nnf.pad(keep.to(values.dtype), around)

    def neighbours() -> Iterator[tuple[Tensor, Tensor]]:
        for i, line in enumerate(weights):
            for j, weight in enumerate(line):
                place = ..., slice(i, i + rows), slice(j, j + cols)
                yield weight * keep_around[place], values_around[place]

    nothing = torch.zeros_like(values)
    total = sum((w for w, _ in neighbours()), nothing).clamp(min=torch.finfo(values.dtype).tiny)
    mean = sum((w * x for w, x in neighbours()), nothing) / total
    variance = sum((w * (x - mean) ** 2 for w, x in neighbours()), nothing) / total
    return (values - mean + c4) / (variance.sqrt() + c4)
