"""The entrance of every loss: ignored pixels are blanked, and numbers are float32 or wider from here on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.target_ids import ensure_ids
from bevseg.seg.losses.weights import of_pixels

NO_CLASS = -1
"""Id of an ignored pixel behind the entrance, whatever its id was before."""


@dataclass(frozen=True)
class Pixels:
    """All pixels where they lie, in images (S = rows, columns) or volumes; the ignored ones are blanked.

    Attributes
    ----------
    logits
        (B, C, *S), float32 or wider; 0 in ignored pixels, through which no gradient flows. C = 1, the foreground,
        for binary logits.
    keep
        (B, 1, *S) bool, False in ignored pixels.
    weights
        (B, 1, *S) weights of the pixels, of the type of the logits, 0 in ignored pixels; None: all weigh 1.
    """

    logits: Tensor
    keep: Tensor
    weights: Tensor | None

    @property
    def mass(self) -> Tensor:
        """(B, 1, *S), of the type of the logits, what each pixel counts: its weight, else 1; 0 if it is ignored."""
        return self.keep.to(self.logits.dtype) if self.weights is None else self.weights


@dataclass(frozen=True)
class Masked(Pixels):
    """Pixels with class ids. Properties are computed when they are asked for: who needs one twice keeps it.

    Attributes
    ----------
    target
        (B, *S) int64 class ids as they came in, those of ignored pixels included.
    ignore_index
        Their id.
    """

    target: Tensor
    ignore_index: int

    @property
    def ids(self) -> Tensor:
        """(B, *S) int64 class ids; NO_CLASS in ignored pixels."""
        return self.target.masked_fill(~self.keep[:, 0], NO_CLASS)

    @property
    def truth(self) -> Tensor:
        """(B, C, *S) bool, whether the pixel is of the class; False in ignored pixels."""
        maps = self.logits.shape[1]
        truth = memberships(self.target, maps)
        # Most often the ignored id is none of a class, and there is nothing left to do.
        return truth & self.keep if 0 <= self.ignore_index < max(maps, 2) else truth

    @property
    def indicator(self) -> Tensor:
        """(B, C, *S), `truth` as 0 and 1 of the type of the logits: arithmetic with bool is slow on a CPU."""
        return self.truth.to(self.logits.dtype)

    @property
    def class_mass(self) -> Tensor:
        """(B, C, *S), what each pixel counts for its class: `mass` there, 0 for all other classes."""
        return self.indicator if self.weights is None else self.indicator * self.weights

    def of_class(self, values: Tensor) -> Tensor:
        """Return the value (B, *S) that each pixel has by its class, of values (C,), two for binary logits."""
        return values.take(self.target.clamp(0, len(values) - 1))


def masked(logits: Tensor, target: Tensor, ignore_index: int, pixel_weights: Tensor | None = None) -> Masked:
    """Blank the pixels whose target is `ignore_index`; what their logits hold, NaN included, is never read.

    Parameters
    ----------
    logits
        (B, C, *S), or (B, *S) or (B, 1, *S) for two classes.
    target
        (B, *S) ids of an integer type, in [0, C), or 0 and 1 for binary logits; `ignore_index` elsewhere. Beside
        logits (B, 1, *S) it may be (B, 1, *S).
    ignore_index
        Target of the pixels to leave out.
    pixel_weights
        Of the shape of the target, at least 0; no gradient goes there.

    Raises
    ------
    UsageError
        If the shapes do not fit, or the target holds an id that is neither a class nor ignored.
    """
    if _have_channel(logits, target):
        if pixel_weights is not None and pixel_weights.shape == target.shape:
            pixel_weights = pixel_weights[:, 0]
        target = target[:, 0]
    logits = as_class_maps(logits, target)
    if target.is_floating_point():
        raise UsageError(
            f"Targets of type {str(target.dtype).removeprefix('torch.')} are no class ids",
            hint="give ids of an integer type; kl, jml and soft_jaccard take soft labels, of the shape of the logits",
        )
    target = target.long()
    ensure_ids(target, max(logits.shape[1], 2), ignore_index)
    ignored = target == ignore_index
    keep = ~ignored[:, None]
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    weights = None if pixel_weights is None else of_pixels(pixel_weights, ignored, wide)[:, None]
    return Masked(torch.where(keep, wide, 0.0), keep, weights, target, ignore_index)


def _have_channel(logits: Tensor, target: Tensor) -> bool:
    """Return whether 1 in the second place of both is the channel of a binary task, and no depth of a volume."""
    return logits.ndim == target.ndim > 3 and logits.shape[1] == target.shape[1] == 1


def as_class_maps(logits: Tensor, target: Tensor) -> Tensor:
    """Return logits (B, C, *S) that fit the target (B, *S): those of an image or of a volume."""
    maps = logits[:, None] if logits.ndim == target.ndim else logits
    if maps.ndim not in (4, 5) or target.shape != (maps.shape[0], *maps.shape[2:]):
        raise UsageError(
            f"Targets {tuple(target.shape)} do not fit logits {tuple(logits.shape)}",
            hint="expected targets (B, *S) for logits (B, C, *S), or (B, *S) of two classes; S = H, W or D, H, W",
        )
    return maps


def memberships(ids: Tensor, maps: int) -> Tensor:
    """Return whether each pixel of ids (B, *S) is of each class (B, C, *S); a lone class map is that of class 1."""
    names = torch.arange(maps, device=ids.device) if maps > 1 else ids.new_ones(1)
    return ids[:, None] == names.view(-1, *[1] * (ids.ndim - 1))


def one_vs_rest_logit(pixels: Masked) -> Tensor:
    """Return log(p / (1 - p)) of each pixel (B, *S), p the softmax or sigmoid probability of its class.

    Its sigmoid is p and that of its negative is 1 - p, each with all its digits, and so are their logarithms and
    gradients: one form for two classes and for many, and none that saturates. In ignored pixels it is a number.
    """
    z = pixels.logits
    if z.shape[1] == 1:
        return torch.where(pixels.truth, z, -z)[:, 0]
    own = z.gather(1, pixels.target.clamp(0, z.shape[1] - 1)[:, None])[:, 0]
    return own - z.masked_fill(pixels.truth, -torch.inf).logsumexp(1)
