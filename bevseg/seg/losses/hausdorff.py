"""Losses that estimate the Hausdorff distance (Karimi and Salcudean 2019): errors far from the contour cost more."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as nnf
from scipy.fft import next_fast_len
from torch import Tensor

from bevseg.seg.losses.checks import within
from bevseg.seg.losses.class_maps import class_maps_of, count_valid, mean_valid, most_likely, probabilities
from bevseg.seg.losses.distance_maps import squared_to_other
from bevseg.seg.losses.masking import Masked, masked

RADII = (3, 6, 9, 12, 15, 18)
"""Radii of the paper's discs, pixels."""

LARGEST = 1000
"""Most erosions, and largest radius of a disc: no crop is larger, and time and memory grow with them."""

_FIFTH = float(torch.tensor(0.2, dtype=torch.float32))
"""Weight of a pixel in the cross of an erosion: the same in every type, that of the float32 kernels in use."""


def hausdorff_dt(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    alpha: float = 2.0,
    classes: Sequence[int] | None = None,
    inside: bool = False,
    maps: Tensor | None = None,
) -> Tensor:
    """Mean over valid pixels and classes of (p - y)^2 (D_p^a + D_y^a), D the distance to a mask's other side.

    D_y is of the mask y, D_p of the mask p > 1/2, per image: the distance of each pixel to the nearest pixel of the
    mask's other side, so 1 on both sides of the contour. The maps are constants: no gradient runs through them.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`. Of binary logits only the foreground, class 1, counts.
        Ignored pixels lie outside every class in both maps.
    alpha
        Exponent a, at least 0; 2 in the paper.
    classes
        Ids of the classes that count; None for all.
    inside
        Measure D within the masks only, 0 outside, and take arg-max for the predicted mask, as the code beside
        Kervadec et al. (2019) does: a false alarm is then weighed by its own depth, not by its way to the class.
    maps
        `target_distance` of the target, to save its computation here: (B, C, H, W), pixels.

    Returns
    -------
    Tensor
        Scalar in [0, inf), pixels^a, float32 or wider; 0 for a perfect prediction. A mask that is empty or full has
        no contour, and its D is 0: an absent class costs (p - y)^2 D_p^a, and nothing if p <= 1/2 everywhere. 0 with
        zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For a negative alpha or a class that the logits do not have.

    Notes
    -----
    Source: Karimi and Salcudean (IEEE TMI 2019), Loss_DT; D as in the code that is in use (golden sets
    `hausdorff_dt`, `hausdorff_dt_inside`), where the paper has the distance to the contour itself.
    """
    within("alpha", alpha, 0)
    pixels = masked(logits, target, ignore_index)
    p = probabilities(pixels.logits)
    places = class_maps_of(classes, p.shape[1])
    sure = p.detach()
    predicted = most_likely(sure, pixels.keep) if inside and p.shape[1] > 1 else sure > 0.5
    truth = pixels.truth[:, places]
    predicted = predicted[:, places]
    far = _of_target(truth, alpha, inside, maps, places, p.dtype)
    far = far + _power(squared_to_other(predicted, p.dtype), predicted, alpha, inside)
    return mean_valid(_errors(p, pixels)[:, places].square() * far, pixels.keep)


def hausdorff_one_sided(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    alpha: float = 2.0,
    classes: Sequence[int] | None = None,
    maps: Tensor | None = None,
) -> Tensor:
    """Mean over valid pixels and classes of (p - y)^2 D_y^a: `hausdorff_dt` without the map of the prediction.

    With `maps` it costs little more than a squared error.

    Parameters
    ----------
    logits, target, ignore_index, alpha, classes, maps
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
    pixels = masked(logits, target, ignore_index)
    p = probabilities(pixels.logits)
    places = class_maps_of(classes, p.shape[1])
    truth = pixels.truth[:, places]
    far = _of_target(truth, alpha, False, maps, places, p.dtype)
    return mean_valid(_errors(p, pixels)[:, places].square() * far, pixels.keep)


def hausdorff_erosion(
    logits: Tensor, target: Tensor, ignore_index: int = 255, *, alpha: float = 2.0, erosions: int = 10
) -> Tensor:
    """Mean over valid pixels and classes of sum_k (k + 1)^a e_{k+1}: an error that survives k erosions counts more.

    e_0 = (p - y)^2; each step averages e_k over a pixel and its four neighbours (0 beyond the image), takes
    max(average - 1/2, 0), and stretches each image and class from 0 to 1 unless it is constant: e_{k+1}.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`. Of binary logits only the foreground, class 1, counts. The
        error of ignored pixels is 0 in every step, as beyond the image.
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
    within("number of erosions", erosions, 0, LARGEST)
    within("alpha", alpha, 0)
    pixels = masked(logits, target, ignore_index)
    p = probabilities(pixels.logits)
    errors = torch.where(pixels.keep, _errors(p, pixels).square(), 0)
    keep = pixels.keep.expand(p.shape).flatten(0, 1)
    total = _eroded(errors.flatten(0, 1), keep, alpha, int(erosions))
    return total / count_valid(pixels.keep, p.shape[1])


def hausdorff_cv(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    radii: Sequence[int] = RADII,
    alpha: float = 2.0,
) -> Tensor:
    """Mean over valid pixels and classes of sum_r r^a (false alarms and misses that a disc of radius r fits into).

    Per radius: [f(K (1 - y)) + f(K p)] (p - y)^2 p + [f(K y) + f(K (1 - p))] (p - y)^2 y, where K is the mean over a
    disc dx^2 + dy^2 <= r^2 and f(x) = max(2 x - 1, 0). K p and K (1 - p) carry gradient.

    Parameters
    ----------
    logits, target, ignore_index
        As in the contract of `bevseg.seg.losses`. Of binary logits only the foreground, class 1, counts. In
        ignored pixels there is neither class nor surroundings, as beyond the image.
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
    for radius in radii:
        within("radius", radius, 0, LARGEST)
    within("alpha", alpha, 0)
    pixels = masked(logits, target, ignore_index)
    p = probabilities(pixels.logits)
    keep, y = pixels.keep.to(p.dtype), pixels.truth.to(p.dtype)
    q = p * keep
    errors = (q - y).square()
    count = p.shape[1]
    sums = q.new_zeros(())
    for radius, means in zip(radii, _disc_means(torch.cat([keep, y, q], 1), radii), strict=True):
        every, of_y, of_q = means.split([1, count, count], 1)
        alarms = _above_half(every - of_y) + _above_half(of_q)
        misses = _above_half(of_y) + _above_half(every - of_q)
        sums = sums + float(radius) ** alpha * (errors * (alarms * q + misses * y)).sum()
    return sums / count_valid(pixels.keep, count)


def _of_target(
    truth: Tensor,
    alpha: float,
    inside: bool,
    maps: Tensor | None,
    places: slice | list[int],
    dtype: torch.dtype,
) -> Tensor:
    """Return D_y^a (B, C, H, W), from the maps if there are any."""
    squares = squared_to_other(truth, dtype) if maps is None else maps[:, places].to(dtype).square()
    return _power(squares, truth, alpha, inside)


def _power(squares: Tensor, mask: Tensor, alpha: float, inside: bool) -> Tensor:
    """Return D^a from D^2; 0 outside the mask if only its inside counts."""
    far = squares if alpha == 2 else torch.where(squares > 0, squares ** (alpha / 2), 0)
    return far * mask if inside else far


def _errors(p: Tensor, pixels: Masked) -> Tensor:
    """Return |p - y| (B, C, H, W); of a lone class map with all digits of its value and slope, however sure p is."""
    if p.shape[1] == 1:
        return nnf.logsigmoid(torch.where(pixels.truth, -pixels.logits, pixels.logits)).exp()
    return torch.where(pixels.truth, 1 - p, p)


def _eroded(errors: Tensor, keep: Tensor, alpha: float, erosions: int) -> Tensor:
    """Return the weighted sum of what survives each erosion of errors (P, H, W), one map per image and class.

    Maps in which nothing survives are dropped: after a step or two there are few left.
    """
    total = 0 * errors.sum()  # it has a gradient even if nothing survives
    for k in range(erosions):
        left = (_cross(errors) - 0.5).relu() * keep
        alive = ~(left.flatten(1).amax(1) <= 0)  # NaN stays: it must not go unseen
        if not alive.any():
            break
        left, keep = left[alive], keep[alive]
        # The gradient of an end of the range goes to the first pixel that holds it.
        flat = left.flatten(1)
        most, least = flat.max(1).values[:, None, None], flat.min(1).values[:, None, None]
        uneven = most > least
        errors = torch.where(uneven, (left - least) / torch.where(uneven, most - least, 1), left)
        total = total + (k + 1) ** alpha * errors.sum()
    return total


def _cross(maps: Tensor) -> Tensor:
    """Return the mean over each pixel of maps (P, H, W) and its four neighbours, which are 0 beyond the image."""
    wide = nnf.pad(maps, (1, 1, 1, 1))
    rows, cols = wide[:, :, 1:-1], wide[:, 1:-1]
    return (maps + rows[:, :-2] + rows[:, 2:] + cols[:, :, :-2] + cols[:, :, 2:]) * _FIFTH


def _disc_means(images: Tensor, radii: Sequence[int]) -> list[Tensor]:
    """Return for each radius the mean of images (B, C, H, W) over a disc, with 0 beyond the image."""
    if not images.numel():
        return [images] * len(radii)
    rows, cols = images.shape[2:]
    most = int(max(radii, default=0))
    size = [next_fast_len(max(n + most, 2 * most + 1), real=True) for n in (rows, cols)]
    spectrum = torch.fft.rfft2(images, s=size)
    means = []
    for radius in radii:
        # Places around pixel (0, 0) of a periodic image.
        dy, dx = (torch.fft.fftfreq(n, 1 / n, device=images.device, dtype=images.dtype).round() for n in size)
        disc = (dy[:, None].square() + dx.square() <= radius * radius).to(images.dtype)
        disc /= disc.sum()
        means.append(torch.fft.irfft2(spectrum * torch.fft.rfft2(disc), s=size)[..., :rows, :cols])
    return means


def _above_half(share: Tensor) -> Tensor:
    return (2 * share - 1).clamp(min=0)
