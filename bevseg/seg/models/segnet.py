"""SegNet (Badrinarayanan, Kendall, Cipolla 2017): what is pooled goes back to the cell that it came from."""

from __future__ import annotations

import torch.nn.functional as nnf
from torch import Tensor, nn

from bevseg.errors import UsageError
from bevseg.seg.models.conv_block import block
from bevseg.seg.models.initialise import initialise
from bevseg.seg.models.padding import padded

DROP_FROM = 2
"""First level whose channels dropout may leave out."""


class SegNet(nn.Module):
    """Encoder of VGG-16 and its mirror image, joined by the places of the maxima alone: there are no skips.

    Each pooling notes which of four cells had the maximum. On the way up the value returns to that cell, the other
    three are 0, and convolutions fill them in. So borders are kept. The paper stores a place in two bits, for less
    memory than a skip takes; torch takes 64.

    Like the paper's networks this one has batch normalisation, but it starts from nothing and is narrow.

    Parameters
    ----------
    in_bands
        Number of input bands.
    classes
        Number of output logits.
    filters
        Filters of the first level, 64 in the paper; each level down doubles them, to eight times as many at most.
    depth
        Number of halvings, 5 in the paper: two convolutions at each of the first two, three at the others.
    dropout
        Share of the channels that training leaves out from the third level down, on both ways (Kendall et al. 2015).

    Raises
    ------
    UsageError
        If `depth` is 0: then there is nothing to pool.

    Notes
    -----
    Source: Badrinarayanan, Kendall, Cipolla, *SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image
    Segmentation*, PAMI 2017.
    """

    def __init__(
        self, in_bands: int, classes: int, filters: int = 16, depth: int = 5, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if depth < 1:
            raise UsageError(
                "SegNet has one halving at least", where="net.depth", hint="take a depth of 1 to 10"
            )
        self.depth = depth
        widths = [filters * min(1 << level, 8) for level in range(depth)]
        convolutions = [2 if level < 2 else 3 for level in range(depth)]
        self.down = nn.ModuleList(
            block(before, *[after] * number)
            for before, after, number in zip([in_bands, *widths[:-1]], widths, convolutions, strict=True)
        )
        # The last convolution of a level narrows to the level above; at full resolution, to the classes.
        self.up = nn.ModuleList(
            block(*[widths[level]] * convolutions[level], widths[level - 1])
            for level in range(depth - 1, 0, -1)
        )
        self.up.append(block(widths[0], widths[0]))
        self.head = nn.Conv2d(widths[0], classes, 3, padding=1)
        self.drop = nn.Dropout2d(dropout)
        initialise(self, self.head)

    def forward(self, bands: Tensor) -> Tensor:
        """Return logits (B, classes, H, W) of scaled bands (B, in_bands, H, W), for any H and W."""
        rows, cols = bands.shape[-2:]
        x = padded(bands, self.depth)
        places: list[Tensor] = []
        for level, down in enumerate(self.down):
            x, place = nnf.max_pool2d(down(x), 2, return_indices=True)
            places.append(place)
            x = self._dropped(x, level)
        for level, up in zip(range(self.depth - 1, -1, -1), self.up, strict=True):
            x = self._dropped(up(nnf.max_unpool2d(x, places[level], (2, 2))), level)
        return self.head(x)[..., :rows, :cols]

    def _dropped(self, x: Tensor, level: int) -> Tensor:
        return x if level < DROP_FROM else self.drop(x)
