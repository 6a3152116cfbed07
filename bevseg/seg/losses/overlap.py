"""What every ratio of areas is made of: the soft intersection, the sum of powers and the area of each class.

These three sums are all that Jaccard, Dice, Tversky and their kin take from the pixels, and their gradient is
known in closed form. One pass over the logits makes the sums, a second one the gradient; nothing as large as the
logits is kept between the two. float32 on a CPU goes through compiled code (`overlap_kernels.py`), all else through
torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as nnf
from torch import Tensor
from torch.autograd.function import once_differentiable

from bevseg.runtime.kernels import parallel_for
from bevseg.seg.losses import overlap_kernels
from bevseg.seg.losses.masking import as_class_maps, by_pixel


class Overlap(NamedTuple):
    """Sums over the valid pixels of G groups: the batch (G = 1), or each image (G = B); float64.

    Attributes
    ----------
    inter
        (C, G) sum of p over the pixels of the class: soft true positives, pixels.
    powers
        (C, G) sum of p^power over all pixels; with power 1 the predicted area.
    truth
        (C, G) pixels of the class; no gradient.
    valid
        (G,) pixels that are not ignored; no gradient.
    """

    inter: Tensor
    powers: Tensor
    truth: Tensor
    valid: Tensor


def overlaps(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = 255,
    *,
    scope: str = "batch",
    activation: str = "softmax",
    power: float = 1.0,
) -> Overlap:
    """Return the sums of p = softmax or sigmoid of the logits; C = 1, the foreground, for binary logits.

    Parameters
    ----------
    logits
        (B, C, H, W), or (B, H, W) or (B, 1, H, W) for two classes.
    target
        (B, H, W) ids. A pixel whose id is no class and not ignored is background: it counts in `powers` alone.
    ignore_index
        Target of the pixels that enter no sum and have no gradient, whatever their logits hold.
    scope
        `batch` pools the images, `image` keeps them apart.
    activation
        `softmax` over classes or `sigmoid` of each; binary logits always take the sigmoid.
    power
        Exponent in `powers`, above 0. Its gradient is finite for every logit, p = 0 included.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    logits = as_class_maps(logits, target)
    if logits.device.type == "cpu" and logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    sigmoid = activation == "sigmoid" or logits.shape[1] == 1
    sums: tuple[Tensor, ...] = _Sums.apply(logits, target, ignore_index, sigmoid, power)
    inter, powers, truth, valid = (s.sum(0, keepdim=True) if scope == "batch" else s for s in sums)
    return Overlap(inter.t(), powers.t(), truth.t(), valid.squeeze(1))


class _Sums(torch.autograd.Function):
    """(B, C, H, W) -> sums (B, C) of p over the true pixels, of p^power, of the truth; (B, 1) of valid pixels."""

    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, target: Tensor, ignore_index: int, sigmoid: bool, power: float
    ) -> tuple[Tensor, ...]:
        ctx.save_for_backward(logits, target)
        ctx.how = ignore_index, sigmoid, power
        sums = _compiled_sums if _has_kernel(logits) else _sums
        inter, powers, truth, valid = sums(logits.flatten(2), target.flatten(1), ignore_index, sigmoid, power)
        ctx.mark_non_differentiable(truth, valid)
        return inter, powers, truth, valid

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_inter: Tensor, to_powers: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        logits, target = ctx.saved_tensors
        ignore_index, sigmoid, power = ctx.how
        # In one of the two layouts whose maps can be flattened in place.
        layout = torch.channels_last if by_pixel(logits) else torch.contiguous_format
        gradient = torch.empty_like(logits, memory_format=layout)
        maps, ids, out = logits.flatten(2), target.flatten(1), gradient.flatten(2)
        slopes = _compiled_slopes if _has_kernel(logits) else _slopes
        slopes(maps, ids, ignore_index, sigmoid, power, to_inter, to_powers, out)
        return gradient, None, None, None, None


def _has_kernel(logits: Tensor) -> bool:
    return logits.device.type == "cpu" and logits.dtype == torch.float32


def _compiled_sums(
    logits: Tensor, target: Tensor, ignore_index: int, sigmoid: bool, power: float
) -> tuple[Tensor, ...]:
    maps, ids = logits.numpy(), target.numpy()
    sums, valid = np.zeros((3, *maps.shape[:2])), np.zeros((len(ids), 1))

    def one(image: int) -> None:
        sums[:, image], valid[image] = overlap_kernels.sums(
            maps[image], ids[image], ignore_index, sigmoid, power
        )

    _each(one, len(ids))
    return *torch.from_numpy(sums), torch.from_numpy(valid)


def _compiled_slopes(
    logits: Tensor,
    target: Tensor,
    ignore_index: int,
    sigmoid: bool,
    power: float,
    to_inter: Tensor,
    to_powers: Tensor,
    gradient: Tensor,
) -> None:
    maps, ids, out = logits.numpy(), target.numpy(), gradient.numpy()
    to_sums = torch.stack([to_inter, to_powers], 1).numpy()
    _each(
        lambda i: overlap_kernels.slopes(maps[i], ids[i], ignore_index, sigmoid, power, to_sums[i], out[i]),
        len(ids),
    )


def _each(work: Callable[[int], None], images: int) -> None:
    """Do the work for each image, side by side if torch has more than one thread."""
    if torch.get_num_threads() > 1 and images > 1:
        parallel_for(work, range(images))
    else:
        for image in range(images):
            work(image)


def _sums(
    logits: Tensor, target: Tensor, ignore_index: int, sigmoid: bool, power: float
) -> tuple[Tensor, ...]:
    images, classes = logits.shape[:2]
    inter, powers, truth = (logits.new_zeros(images, classes, dtype=torch.float64) for _ in range(3))
    valid = logits.new_zeros(images, 1, dtype=torch.float64)
    for image in range(images):
        part = _Image(logits[image], target[image], ignore_index, sigmoid)
        inter[image] = part.by_class(part.true(part.p(1.0)))
        truth[image] = part.by_class(part.hits)
        powers[image] = part.p(power).sum(1)
        valid[image] = len(part.ids)
    return inter, powers, truth, valid


def _slopes(
    logits: Tensor,
    target: Tensor,
    ignore_index: int,
    sigmoid: bool,
    power: float,
    to_inter: Tensor,
    to_powers: Tensor,
    gradient: Tensor,
) -> None:
    gradient.zero_()
    for image, out in enumerate(gradient):
        part = _Image(logits[image], target[image], ignore_index, sigmoid)
        p = part.p(1.0)
        # p dL/dp, which is finite where dL/dp is not: p^power is differentiated by log p.
        slope = part.p(power).mul_((power * to_powers[image, :, None]).to(p.dtype))
        true = part.true(p).mul_(to_inter[image].to(p.dtype).index_select(0, part.ids))
        slope.scatter_add_(0, part.ids[None], true[None])
        slope = slope.mul_(part.z.neg().sigmoid_()) if sigmoid else slope.sub_(p.mul_(slope.sum(0)))
        out.index_copy_(1, part.index, slope.to(out.dtype))


class _Image:
    """The m valid pixels of one image, in float32 or wider.

    Attributes
    ----------
    index
        (m,) where they are.
    ids
        (m,) class of each, 0 where it is of none.
    hits
        (m,) whether the pixel is of a class.
    z
        (C, m) logits.
    """

    def __init__(self, logits: Tensor, target: Tensor, ignore_index: int, sigmoid: bool) -> None:
        self.index = (target != ignore_index).nonzero().squeeze(1)
        self.classes = len(logits)
        ids = target.index_select(0, self.index).long()
        ids -= int(self.classes == 1)  # the only class map of binary logits is that of class 1
        self.hits = (ids >= 0) & (ids < self.classes)
        self.ids = ids.where(self.hits, 0)
        wide = torch.promote_types(logits.dtype, torch.float32)
        self.z = logits.index_select(1, self.index).to(wide)
        self.log_p = nnf.logsigmoid(self.z) if sigmoid else self.z.log_softmax(0)

    def p(self, power: float) -> Tensor:
        """Return p^power (C, m)."""
        return (self.log_p * power).exp_()

    def true(self, p: Tensor) -> Tensor:
        """Return p of the class of each pixel (m,), 0 where it is of none."""
        return p.gather(0, self.ids[None])[0].mul_(self.hits)

    def by_class(self, values: Tensor) -> Tensor:
        """Return the sum of values (m,) over the pixels of each class, (C,) float64."""
        return torch.bincount(self.ids, values.double(), self.classes)
