"""Losses that look at the contour of the target: distance-penalised cross-entropy, shape-aware, boundary loss."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bevseg.seg.losses.checks import one_of
from bevseg.seg.losses.class_maps import class_maps_of, most_likely, probabilities
from bevseg.seg.losses.cross_entropy_loss import pixel_costs
from bevseg.seg.losses.distance_maps import contours, fitting, penalties, to_contour
from bevseg.seg.losses.masking import Masked, masked
from bevseg.seg.losses.reduction import over_class_maps, over_pixels
from bevseg.seg.losses.squared_distance import squared_to_other
from bevseg.seg.losses.weights import Weights


def distance_cross_entropy(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    maps: Tensor | None = None,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over valid pixels of (1 + phi) CE, phi = (max d - d) / max d largest beside the contour of the target.

    d is the distance of a pixel to the nearest one of another class, its maximum that of the image and the pixel's
    class; phi lies in [0, 1), and is 0 all over an image of one class.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of pixels. Ignored pixels are another class to their
        neighbours; with binary logits they are background.
    maps
        `contour_penalty` of the target, to save its computation here: (B, 1, *S), no unit.

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider; divided by the number of pixels, not by the sum of weights. A class
        that is absent costs what it takes from the probability of the others. 0 with zero gradient if all pixels
        are ignored.

    Raises
    ------
    UsageError
        For maps of another shape.

    Notes
    -----
    Source: Caliva et al. (MIDL 2019), who invert the distance transform; how it is scaled to [0, 1) is decided here
    (golden set `distance_map_ce`).
    """
    pixels = masked(logits, target, ignore_index, pixel_weights)
    costs = pixel_costs(pixels)
    if maps is None:
        maps = penalties(pixels.target, pixels.logits.shape[1], ignore_index, costs.dtype)
    phi = fitting(maps, pixels.keep.shape)[:, 0]
    return over_pixels((1 + phi) * costs, pixels, class_weights, reduction)


def shape_aware(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    scope: str = "all",
    maps: Tensor | None = None,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over valid pixels of CE + E CE, E how far (pixels) the predicted contours of the image lie from the true.

    The contour of a class is its pixels with one of four neighbours (six in a volume) outside it; beyond the image is
    outside. E is the mean, over the contour pixels of the prediction (arg-max, or z > 0 for binary logits), of the
    distance to the nearest contour pixel of the target of the same class. It is a constant: no gradient runs
    through it.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of pixels. Of binary logits only the foreground, class
        1, has a contour. Ignored pixels lie outside every class in both contours.
    scope
        `all` adds E CE in every pixel, as the survey prints it; `mismatch` only where the prediction is wrong, as
        the source does.
    maps
        `contour_distance` of the target, to save its computation here: (B, C, *S), pixels.

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider. A class that the target or the prediction of the image lacks does not
        enter E, which is 0 if that leaves none. 0 with zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For an unknown scope, or maps of another shape.

    Notes
    -----
    Source: Al Arif, Knapp and Slabaugh (2018), as in the survey of Jadon (2020) with its doubled signs put right
    (golden set `shape_aware`). Several classes are our extension: their contour pixels are pooled.
    """
    one_of("scope", scope, "all", "mismatch")
    pixels = masked(logits, target, ignore_index, pixel_weights)
    costs = pixel_costs(pixels)
    predicted = _predicted(pixels)
    maps = to_contour(pixels.truth, costs.dtype) if maps is None else fitting(maps, pixels.truth.shape)
    space = tuple(range(2, predicted.ndim))
    lines = (contours(predicted) & pixels.truth.any(space, keepdim=True)).flatten(1)
    number = lines.sum(1).clamp(min=1)
    far = torch.where(lines, maps.flatten(1), 0).to(costs.dtype).sum(1) / number
    far = far.view(-1, *[1] * len(space))
    if scope == "mismatch":
        far = far * (predicted != pixels.truth).any(1)
    return over_pixels((1 + far) * costs, pixels, class_weights, reduction)


def boundary(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    classes: Sequence[int] | None = None,
    maps: Tensor | None = None,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over valid pixels and classes of p phi, phi the signed distance to the contour: 1 - d inside, d outside.

    d is the distance to the nearest pixel of the other side, so phi runs 0, -1, -2 inwards and 1, 2, 3 outwards.

    Parameters
    ----------
    logits, target, ignore_index, class_weights, pixel_weights, reduction
        As in the contract of `bevseg.seg.losses`, for a loss of class maps. Of binary logits only the foreground,
        class 1, counts. Ignored pixels lie outside every class in the map.
    classes
        Ids of the classes that count; None for all. The authors leave out the background.
    maps
        `target_distance` of the target, to save its computation here: (B, C, *S), pixels.

    Returns
    -------
    Tensor
        Scalar, pixels, float32 or wider, of either sign: lowest at a perfect prediction, but not 0 there. Made to
        stand beside a region loss. A class that is absent from an image, or everywhere in it, costs nothing there.
        0 with zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For a class that the logits do not have, or maps of another shape.

    Notes
    -----
    Source: Kervadec et al. (MIDL 2019) and their code (golden set `boundary_loss`).
    """
    pixels = masked(logits, target, ignore_index, pixel_weights)
    p = probabilities(pixels.logits)
    places = class_maps_of(classes, p.shape[1])
    truth = pixels.truth[:, places]
    far = squared_to_other(truth, p.dtype).sqrt() if maps is None else fitting(maps, p.shape)[:, places]
    far = far.to(p.dtype)
    signed = torch.where(truth, (1 - far).clamp(max=0), far)
    return over_class_maps(p[:, places] * signed, pixels, class_weights, reduction, places)


def _predicted(pixels: Masked) -> Tensor:
    """Return the hard prediction (B, C, *S) bool, False in ignored pixels."""
    z = pixels.logits.detach()
    return most_likely(z, pixels.keep) if z.shape[1] > 1 else z > 0
