"""Losses that estimate the Hausdorff distance (Karimi and Salcudean 2019): errors far from the contour cost more."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as nnf
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.checks import whole, within
from bevseg.seg.losses.class_maps import class_maps_of, most_likely, probabilities
from bevseg.seg.losses.disc_means import disc_means
from bevseg.seg.losses.distance_maps import fitting
from bevseg.seg.losses.erosion import eroded
from bevseg.seg.losses.masking import Masked, masked
from bevseg.seg.losses.reduction import over_class_maps
from bevseg.seg.losses.squared_distance import squared_to_other
from bevseg.seg.losses.weights import Weights

RADII = (3, 6, 9, 12, 15, 18)
"""Radii of the paper's discs, pixels."""

LARGEST = 1000
"""Most erosions, and largest radius of a disc: no crop is larger, and time and memory grow with them."""


def hausdorff_dt(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    alpha: float = 2.0,
    classes: Sequence[int] | None = None,
    inside: bool = False,
    maps: Tensor | None = None,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over valid pixels and classes of (p - y)^2 (D_p^a + D_y^a), D the distance to a mask's other side.

    D_y is of the mask y, D_p of the mask p > 1/2, per image: the distance of each pixel to the nearest pixel of the
    mask's other side, so 1 on both sides of the contour. The maps are constants: no gradient runs through them.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of class maps. Of binary logits only the foreground,
        class 1, counts. Ignored pixels lie outside every class in both maps.
    alpha
        Exponent a, at least 0; 2 in the paper.
    classes
        Ids of the classes that count; None for all.
    inside
        Measure D within the masks only, 0 outside, and take arg-max for the predicted mask, as the code beside
        Kervadec et al. (2019) does: a false alarm is then weighed by its own depth, not by its way to the class.
    maps
        `target_distance` of the target, to save its computation here: (B, C, *S), pixels.

    Returns
    -------
    Tensor
        Scalar in [0, inf), pixels^a, float32 or wider; 0 for a perfect prediction. A mask that is empty or full has
        no contour, and its D is 0: an absent class costs (p - y)^2 D_p^a, and nothing if p <= 1/2 everywhere. 0 with
        zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For a negative alpha, a class that the logits do not have, or maps of another shape.

    Notes
    -----
    Source: Karimi and Salcudean (IEEE TMI 2019), Loss_DT; D as in the code that is in use (golden sets
    `hausdorff_dt`, `hausdorff_dt_inside`), where the paper has the distance to the contour itself.
    """
    within("alpha", alpha, 0)
    pixels = masked(logits, target, ignore_index, pixel_weights)
    p = probabilities(pixels.logits)
    places = class_maps_of(classes, p.shape[1])
    sure = p.detach()
    predicted = most_likely(sure, pixels.keep) if inside and p.shape[1] > 1 else sure > 0.5
    predicted = predicted[:, places]
    truth = pixels.truth
    far = _of_target(truth, alpha, inside, maps, places, p.dtype)
    far = far + _power(squared_to_other(predicted, p.dtype), predicted, alpha, inside)
    costs = _errors(p, pixels, truth)[:, places].square() * far
    return over_class_maps(costs, pixels, class_weights, reduction, places)


def hausdorff_one_sided(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    alpha: float = 2.0,
    classes: Sequence[int] | None = None,
    maps: Tensor | None = None,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over valid pixels and classes of (p - y)^2 D_y^a: `hausdorff_dt` without the map of the prediction.

    With `maps` it costs little more than a squared error.

    Parameters
    ----------
    logits, target, ignore_index, alpha, classes, maps, class_weights, pixel_weights, reduction
        As for `hausdorff_dt`.

    Returns
    -------
    Tensor
        Scalar in [0, inf), pixels^a, float32 or wider; 0 for a perfect prediction. A class that is absent, or
        everywhere, costs nothing whatever is predicted. 0 with zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        As `hausdorff_dt`.

    Notes
    -----
    Source: Karimi and Salcudean (IEEE TMI 2019), one-sided form (golden set `hausdorff_one_sided`). The survey of
    Jadon (2020) says that it should be maximised; it is a loss.
    """
    within("alpha", alpha, 0)
    pixels = masked(logits, target, ignore_index, pixel_weights)
    p = probabilities(pixels.logits)
    places = class_maps_of(classes, p.shape[1])
    truth = pixels.truth
    far = _of_target(truth, alpha, False, maps, places, p.dtype)
    costs = _errors(p, pixels, truth)[:, places].square() * far
    return over_class_maps(costs, pixels, class_weights, reduction, places)


def hausdorff_erosion(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    alpha: float = 2.0,
    erosions: int = 10,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over valid pixels and classes of sum_k (k + 1)^a e_{k+1}: an error that survives k erosions counts more.

    e_0 = (p - y)^2; each step averages e_k over a pixel and its four neighbours, six in a volume (0 beyond the
    image), takes max(average - 1/2, 0), and stretches each image and class from 0 to 1 unless it is constant:
    e_{k+1}.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of class maps. Of binary logits only the foreground,
        class 1, counts. The error of ignored pixels is 0 in every step, as beyond the image.
    alpha
        Exponent a, at least 0; 2 in the paper.
    erosions
        Number of steps, 0 to 1000; errors thinner than about twice as many pixels leave nothing behind.

    Returns
    -------
    Tensor
        Scalar in [0, sum_k (k + 1)^a], no unit, float32 or wider; 0 for a perfect prediction. It is also 0, with
        zero gradient, where errors are small or thin: no cross of five pixels with a mean error above 1/2. An absent
        class counts. 0 with zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For a negative alpha, or a number of erosions outside its domain.

    Notes
    -----
    Source: Karimi and Salcudean (IEEE TMI 2019), Loss_ER; the stretching comes from the code that is in use (golden
    set `hausdorff_er`), and its slope grows without bound as less survives.
    """
    erosions = whole("number of erosions", erosions, 0, LARGEST)
    within("alpha", alpha, 0)
    pixels = masked(logits, target, ignore_index, pixel_weights)
    p = probabilities(pixels.logits)
    errors = torch.where(pixels.keep, _errors(p, pixels, pixels.truth).square(), 0)
    keep = pixels.keep.expand(p.shape).flatten(0, 1)
    costs = eroded(errors.flatten(0, 1), keep, alpha, erosions)
    return over_class_maps(costs.view(p.shape), pixels, class_weights, reduction)


def hausdorff_cv(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    radii: Sequence[int] = RADII,
    alpha: float = 2.0,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over valid pixels and classes of sum_r r^a (false alarms and misses that a disc of radius r fits into).

    Per radius: [f(K (1 - y)) + f(K p)] (p - y)^2 p + [f(K y) + f(K (1 - p))] (p - y)^2 y, where K is the mean over a
    disc dx^2 + dy^2 <= r^2, in volumes a ball, and f(x) = max(2 x - 1, 0). K p and K (1 - p) carry gradient.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of class maps. Of binary logits only the foreground,
        class 1, counts. In ignored pixels there is neither class nor surroundings, as beyond the image.
    radii
        Radii r of the discs, pixels, 0 to 1000.
    alpha
        Exponent a, at least 0; 2 in the paper.

    Returns
    -------
    Tensor
        Scalar in [0, inf), pixels^a, float32 or wider; 0 for a perfect prediction. An absent class counts. 0 with
        zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For a negative alpha, or a radius outside its domain.

    Notes
    -----
    Source: Karimi and Salcudean (IEEE TMI 2019), Loss_CV. Its soft threshold f and relaxed set differences are a
    reconstruction (golden set `hausdorff_cv`). The discs are applied in the frequency domain.
    """
    if not radii:
        raise UsageError("No radius of a disc", hint="give one at least")
    radii = [whole("radius", radius, 0, LARGEST) for radius in radii]
    within("alpha", alpha, 0)
    pixels = masked(logits, target, ignore_index, pixel_weights)
    p = probabilities(pixels.logits)
    keep, y = pixels.keep.to(p.dtype), pixels.truth.to(p.dtype)
    q = p * keep
    errors = (q - y).square()
    count = p.shape[1]
    costs = torch.zeros_like(q)
    for radius, means in zip(radii, disc_means(torch.cat([keep, y, q], 1), radii), strict=True):
        every, of_y, of_q = means.split([1, count, count], 1)
        alarms = _above_half(every - of_y) + _above_half(of_q)
        misses = _above_half(of_y) + _above_half(every - of_q)
        costs = costs + float(radius) ** alpha * errors * (alarms * q + misses * y)
    return over_class_maps(costs, pixels, class_weights, reduction)


def _of_target(
    truth: Tensor,
    alpha: float,
    inside: bool,
    maps: Tensor | None,
    places: slice | list[int],
    dtype: torch.dtype,
) -> Tensor:
    """Return D_y^a (B, K, *S) of some class maps, from the maps if there are any."""
    if maps is None:
        squares = squared_to_other(truth[:, places], dtype)
    else:
        squares = fitting(maps, truth.shape)[:, places].to(dtype).square()
    return _power(squares, truth[:, places], alpha, inside)


def _power(squares: Tensor, mask: Tensor, alpha: float, inside: bool) -> Tensor:
    """Return D^a from D^2; 0 outside the mask if only its inside counts."""
    far = squares if alpha == 2 else torch.where(squares > 0, squares ** (alpha / 2), 0)
    return far * mask if inside else far


def _errors(p: Tensor, pixels: Masked, truth: Tensor) -> Tensor:
    """Return |p - y| (B, C, *S); of a lone class map with all digits of its value and slope, however sure p is."""
    if p.shape[1] == 1:
        return nnf.logsigmoid(torch.where(truth, -pixels.logits, pixels.logits)).exp()
    return torch.where(truth, 1 - p, p)


def _above_half(share: Tensor) -> Tensor:
    return (2 * share - 1).clamp(min=0)
