"""The U-Net of the power-Jaccard paper's demonstration: no normalisation, strided convolutions, noise at the end."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn


class PaperUNet(nn.Module):
    """Encoder and decoder of two 3x3 convolutions with ReLU at each resolution, skips concatenated; class logits.

    For studies that repeat the paper, with its Keras defaults: Glorot-uniform weights and biases of 0. Without
    normalisation it is much harder to train than `UNet`, which is the point.

    Parameters
    ----------
    in_bands
        Number of input bands.
    classes
        Number of output logits, one sigmoid each: there is none for the background.
    filters
        Filters at full resolution; each level down doubles them.
    depth
        Number of halvings; the authors' `nb_levels` counts resolutions, one more.
    noise
        Standard deviation of the Gaussian noise that training adds before the last convolution.

    Notes
    -----
    Source: Duque-Arias et al., VISAPP 2021, section 3, and the authors' demonstration code.
    """

    def __init__(
        self, in_bands: int, classes: int, filters: int = 8, depth: int = 3, noise: float = 0.1
    ) -> None:
        super().__init__()
        self.depth, self.noise = depth, noise
        widths = [filters << level for level in range(depth + 1)]
        upwards = list(itertools.pairwise(reversed(widths)))
        self.down = nn.ModuleList(_block(i, o) for i, o in itertools.pairwise([in_bands, *widths]))
        self.shrink = nn.ModuleList(nn.Conv2d(w, w, 3, stride=2, padding=1) for w in widths[:-1])
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(i, o, 3, stride=2, padding=1, output_padding=1) for i, o in upwards
        )
        self.merge = nn.ModuleList(_block(2 * o, o) for _, o in upwards)
        self.head = nn.Conv2d(filters, classes, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, bands: Tensor) -> Tensor:
        """Return logits (B, classes, H, W) of bands (B, in_bands, H, W), for any H and W."""
        rows, cols = bands.shape[-2:]
        step = 1 << self.depth
        above, left = -rows % step, -cols % step
        x = bands
        if above or left:
            x = nnf.pad(x, (left // 2, left - left // 2, above // 2, above - above // 2))
        skips: list[Tensor] = []
        for down, shrink in zip(self.down, self.shrink, strict=False):
            skips.append(down(x))
            x = shrink(skips[-1])
        x = self.down[-1](x)
        for grow, merge in zip(self.grow, self.merge, strict=True):
            x = merge(torch.cat([skips.pop(), grow(x)], 1))
        if self.training and self.noise:
            x = x + torch.randn_like(x) * self.noise
        # The last convolution sees one cell: what was padded need not go through it.
        return self.head(x[..., above // 2 : above // 2 + rows, left // 2 : left // 2 + cols])


def _block(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(after, after, 3, padding=1),
        nn.ReLU(inplace=True),
    )
