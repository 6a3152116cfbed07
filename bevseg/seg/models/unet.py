"""U-Net (Ronneberger et al. 2015) with batch normalisation, for rasters of any size."""

from __future__ import annotations

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn


class UNet(nn.Module):
    """Encoder and decoder with a skip at every resolution; one logit per class and cell.

    Parameters
    ----------
    in_bands
        Number of input bands.
    classes
        Number of output logits.
    filters
        Filters at full resolution; each level down doubles them.
    depth
        Number of halvings.
    """

    def __init__(self, in_bands: int, classes: int, filters: int = 16, depth: int = 4) -> None:
        super().__init__()
        self.in_bands, self.classes, self.filters, self.depth = in_bands, classes, filters, depth
        widths = [filters << level for level in range(depth + 1)]
        self.down = nn.ModuleList(block(i, o) for i, o in zip([in_bands, *widths], widths, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in reversed(widths[:-1]))
        self.merge = nn.ModuleList(block(2 * w, w) for w in reversed(widths[:-1]))
        self.head = nn.Conv2d(filters, classes, 1)
        self._initialise()

    def forward(self, bands: Tensor) -> Tensor:
        """Return logits (B, classes, H, W) of scaled bands (B, in_bands, H, W), for any H and W."""
        rows, cols = bands.shape[-2:]
        step = 1 << self.depth
        # An empty cell holds 0 in every band, so zeros continue the raster with empty cells.
        x = nnf.pad(bands, (0, -cols % step, 0, -rows % step))
        skips = []
        for level, down in enumerate(self.down):
            x = down(x)
            if level < self.depth:
                skips.append(x)
                x = nnf.max_pool2d(x, 2)
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(torch.cat([skips.pop(), up(x)], dim=1))
        return self.head(x)[..., :rows, :cols]

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        # Near-equal probabilities at the start: the first loss is log(classes), whatever the seed.
        nn.init.normal_(self.head.weight, std=0.1)
        if self.head.bias is not None:
            nn.init.zeros_(self.head.bias)


def block(in_channels: int, out_channels: int) -> nn.Sequential:
    """Two times: 3x3 convolution, batch normalisation, ReLU."""
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        layers += [
            nn.Conv2d(channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
