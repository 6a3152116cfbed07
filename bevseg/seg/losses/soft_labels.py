"""Class ids -> soft labels: one-hot, or less sure of itself at the boundary between classes."""

from __future__ import annotations

import torch
from torch import Tensor

from bevseg.errors import UsageError


def one_hot(target: Tensor, classes: int, ignore_index: int = 255) -> Tensor:
    """Return 1 for the class of each pixel and 0 for the others; an ignored pixel is 0 for all of them.

    Parameters
    ----------
    target
        (B, H, W) ids of an integer type, in [0, classes), or `ignore_index`.
    classes
        Number of classes C.
    ignore_index
        Id of the pixels to ignore.

    Returns
    -------
    Tensor
        (B, C, H, W) float32.

    Raises
    ------
    ValueError
        For an id that is neither a class nor ignored.
    """
    keep = target != ignore_index
    ids = target.long().masked_fill(~keep, 0)
    if ids.numel() and (ids.min() < 0 or ids.max() >= classes):
        raise ValueError(
            f"ids from {ids.min()} to {ids.max()}, expected 0 to {classes - 1} or {ignore_index}"
        )
    labels = torch.zeros(len(ids), classes, *ids.shape[1:], device=ids.device)
    return labels.scatter_(1, ids[:, None], keep[:, None].float())


def boundary_smoothed(
    target: Tensor, classes: int, epsilon: float = 0.5, kernel: int = 3, ignore_index: int = 255
) -> tuple[Tensor, Tensor]:
    """Give the share epsilon of the label of each boundary pixel to all classes alike: (1 - e) y + e / C.

    A pixel is at the boundary if the square of `kernel` by `kernel` pixels around it holds another class and no
    ignored pixel; what lies outside the image does not count.

    Parameters
    ----------
    target
        (B, H, W) ids of an integer type, in [0, classes), or `ignore_index`.
    classes
        Number of classes C.
    epsilon
        Share e, in [0, 1]. The best one depends on `kernel`.
    kernel
        Side of the square, pixels, odd.
    ignore_index
        Id of the pixels to ignore.

    Returns
    -------
    soft : Tensor
        (B, C, H, W) float32; sums to 1 over the classes, to 0 in ignored pixels.
    boundary : Tensor
        (B, H, W) bool.

    Raises
    ------
    UsageError
        For an epsilon or a kernel outside its domain.
    ValueError
        For an id that is neither a class nor ignored.

    Notes
    -----
    Source: boundary label smoothing of Wang, Ning, Blaschko (NeurIPS 2023) and their code, with the same defaults
    (golden set `boundary_label_smoothing`). There each class map is eroded; but only the map of a pixel's own class
    can change there, and it does where the lowest and the highest id around the pixel differ.
    """
    if not 0 <= epsilon <= 1 or kernel < 1 or kernel % 2 == 0:
        raise UsageError(
            f"Boundary smoothing with epsilon {epsilon:g} and kernel {kernel}",
            why="epsilon is a share from 0 to 1, kernel an odd number of pixels",
        )
    soft = one_hot(target, classes, ignore_index)
    # An ignored pixel is lower than all classes.
    ids = target.int().masked_fill(target == ignore_index, -1)
    highest, lowest = _highest(ids, kernel // 2), -_highest(-ids, kernel // 2)
    boundary = (highest > lowest) & (lowest >= 0)
    return soft.lerp_(
        torch.tensor(1 / classes, device=soft.device), epsilon * boundary[:, None].float()
    ), boundary


def _highest(ids: Tensor, reach: int) -> Tensor:
    """Return the maximum of the square around each pixel of (B, H, W): along the columns, then along the rows."""
    for dim in (1, 2):
        highest, length = ids.clone(), ids.shape[dim]
        for step in range(1, min(reach, length - 1) + 1):
            rest = length - step
            for here, there in ((0, step), (step, 0)):
                its = highest.narrow(dim, here, rest)
                torch.maximum(its, ids.narrow(dim, there, rest), out=its)
        ids = highest
    return ids
