"""Means over discs or balls of any size: in the frequency domain, where their radius costs nothing."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def disc_means(images: Tensor, radii: Sequence[int]) -> list[Tensor]:
    """Return for each radius the mean of images (B, C, *S) over a disc or ball, with 0 beyond the image."""
    if not images.numel():
        return [images] * len(radii)
    shape = images.shape[2:]
    dims = tuple(range(2, images.ndim))
    most = int(max(radii, default=0))
    size = [_fast_length(max(n + most, 2 * most + 1)) for n in shape]
    # Squared distances to pixel 0 of a periodic image.
    squares = images.new_zeros(())
    for n in size:
        places = torch.fft.fftfreq(n, 1 / n, device=images.device, dtype=images.dtype).round()
        squares = squares[..., None] + places.square()
    spectrum = torch.fft.rfftn(images, s=size, dim=dims)
    means = []
    for radius in radii:
        disc = (squares <= radius * radius).to(images.dtype)
        disc = disc / disc.sum()
        mean = torch.fft.irfftn(spectrum * torch.fft.rfftn(disc), s=size, dim=dims)
        means.append(mean[(..., *(slice(n) for n in shape))])
    return means


def _fast_length(least: int) -> int:
    """Return the least product of 2, 3 and 5 that is not below a length: a Fourier transform of it is fast."""
    length = least
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 1
