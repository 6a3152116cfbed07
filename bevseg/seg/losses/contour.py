"""Losses that look at the contour of the target: distance-penalised cross-entropy, shape-aware, boundary loss."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as nnf
from torch import Tensor

from bevseg.seg.losses.checks import one_of
from bevseg.seg.losses.class_maps import class_maps_of, mean_valid, most_likely, probabilities
from bevseg.seg.losses.distance_maps import contours, penalties, squared_to_other, to_contour
from bevseg.seg.losses.masking import Masked, masked


def distance_cross_entropy(
    logits: Tensor, target: Tensor, ignore_index: int = 255, *, maps: Tensor | None = None
) -> Tensor:
    """Mean over valid pixels of (1 + phi) CE, phi = (max d - d) / max d largest beside the contour of the target.

    d is the distance of a pixel to the nearest one of another class, its maximum that of the image and the pixel's
    class; phi lies in [0, 1), and is 0 all over an image of one class.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`. Ignored pixels are another class to their neighbours; with
        binary logits they are background.
    maps
        `contour_penalty` of the target, to save its computation here: (B, 1, H, W), no unit.

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider; divided by the number of pixels, not by the sum of weights. A class
        that is absent costs what it takes from the probability of the others. 0 with zero gradient if all pixels
        are ignored.

    Notes
    -----
    Source: Caliva et al. (MIDL 2019), who invert the distance transform; how it is scaled to [0, 1) is decided here
    (golden set `distance_map_ce`).
    """
    pixels = masked(logits, target, ignore_index)
    costs = _cross_entropy(pixels, target)
    if maps is None:
        maps = penalties(target, pixels.logits.shape[1], ignore_index, costs.dtype)
    return mean_valid((1 + maps) * costs, pixels.keep)


def shape_aware(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    scope: str = "all",
    maps: Tensor | None = None,
) -> Tensor:
    """Mean over valid pixels of CE + E CE, E how far (pixels) the predicted contours of the image lie from the true.

    The contour of a class is its pixels with one of four neighbours outside it; beyond the image is outside. E is
    the mean, over the contour pixels of the prediction (arg-max, or z > 0 for binary logits), of the distance to the
    nearest contour pixel of the target of the same class. It is a constant: no gradient runs through it.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`. Of binary logits only the foreground, class 1, has a contour.
        Ignored pixels lie outside every class in both contours.
    scope
        `all` adds E CE in every pixel, as the survey prints it; `mismatch` only where the prediction is wrong, as
        the source does.
    maps
        `contour_distance` of the target, to save its computation here: (B, C, H, W), pixels.

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider. A class that the target or the prediction of the image lacks does not
        enter E, which is 0 if that leaves none. 0 with zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For an unknown scope.

    Notes
    -----
    Source: Al Arif, Knapp and Slabaugh (2018), as in the survey of Jadon (2020) with its doubled signs put right
    (golden set `shape_aware`). Several classes are our extension: their contour pixels are pooled.
    """
    one_of("scope", scope, "all", "mismatch")
    pixels = masked(logits, target, ignore_index)
    costs = _cross_entropy(pixels, target)
    predicted = _predicted(pixels)
    if maps is None:
        maps = to_contour(pixels.truth, costs.dtype)
    lines = contours(predicted) & pixels.truth.any((2, 3), keepdim=True)
    number = lines.sum((1, 2, 3), keepdim=True).clamp(min=1)
    far = torch.where(lines, maps, 0).to(costs.dtype).sum((1, 2, 3), keepdim=True) / number
    if scope == "mismatch":
        far = far * (predicted != pixels.truth).any(1, keepdim=True)
    return mean_valid((1 + far) * costs, pixels.keep)


def boundary(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    classes: Sequence[int] | None = None,
    maps: Tensor | None = None,
) -> Tensor:
    """Mean over valid pixels and classes of p phi, phi the signed distance to the contour: 1 - d inside, d outside.

    d is the distance to the nearest pixel of the other side, so phi runs 0, -1, -2 inwards and 1, 2, 3 outwards.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`. Of binary logits only the foreground, class 1, counts.
        Ignored pixels lie outside every class in the map.
    classes
        Ids of the classes that count; None for all. The authors leave out the background.
    maps
        `target_distance` of the target, to save its computation here: (B, C, H, W), pixels.

    Returns
    -------
    Tensor
        Scalar, pixels, float32 or wider, of either sign: lowest at a perfect prediction, but not 0 there. Made to
        stand beside a region loss. A class that is absent from an image, or everywhere in it, costs nothing there.
        0 with zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For a class that the logits do not have.

    Notes
    -----
    Source: Kervadec et al. (MIDL 2019) and their code (golden set `boundary_loss`).
    """
    pixels = masked(logits, target, ignore_index)
    p = probabilities(pixels.logits)
    places = class_maps_of(classes, p.shape[1])
    truth = pixels.truth[:, places]
    far = squared_to_other(truth, p.dtype).sqrt() if maps is None else maps[:, places].to(p.dtype)
    signed = torch.where(truth, (1 - far).clamp(max=0), far)
    return mean_valid(p[:, places] * signed, pixels.keep)


def _cross_entropy(pixels: Masked, target: Tensor) -> Tensor:
    """Return the cost (B, 1, H, W) of each pixel; of no meaning in ignored ones."""
    z, truth = pixels.logits, pixels.truth
    if z.shape[1] == 1:
        return nnf.binary_cross_entropy_with_logits(z, truth.to(z.dtype), reduction="none")
    ids = torch.where(pixels.keep[:, 0], target, 0).long()
    return nnf.cross_entropy(z, ids, reduction="none")[:, None]


def _predicted(pixels: Masked) -> Tensor:
    """Return the hard prediction (B, C, H, W) bool, False in ignored pixels."""
    z = pixels.logits.detach()
    return most_likely(z, pixels.keep) if z.shape[1] > 1 else z > 0
