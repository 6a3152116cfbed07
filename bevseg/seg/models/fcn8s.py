"""FCN-8s (Long, Shelhamer, Darrell 2015): a classifier made of convolutions, its scores added at three strides."""

from __future__ import annotations

from torch import Tensor, nn

from bevseg.seg.models.conv_block import block, conv
from bevseg.seg.models.initialise import initialise
from bevseg.seg.models.padding import padded
from bevseg.seg.models.upsampling import upsampled

CONVOLUTIONS = (2, 2, 3, 3, 3)
"""Of each stage of VGG-16."""

WIDTHS = (1, 2, 4, 8, 8)
"""Channels of each stage, in filters of the first one."""

CLASSIFIER = 64
"""Channels of the two layers that were fully connected, likewise: 4096 in the paper."""


class FCN8s(nn.Module):
    """Encoder of VGG-16; the classes are scored at strides 32, 16 and 8, and the scores are doubled and added.

    The paper starts from a network trained on ImageNet. This one starts from nothing, for bands that no photograph
    has. So it is narrow, and batch normalisation follows each convolution: without it, so deep a network hardly
    trains. All upsampling is bilinear; the paper fixes the last step alone, and learns the others from there. Empty
    cells fill up the last stride, in place of a border of 100 cells.

    The finest scores are those at stride 8: what is a few cells wide, such as a pole, comes out blurred.

    Parameters
    ----------
    in_bands
        Number of input bands.
    classes
        Number of output logits.
    filters
        Filters of the first stage; 64 in the paper. All others follow from it.
    dropout
        Share of the values that training leaves out behind each layer of the classifier; 0.5 in the paper.
    widest
        Most filters of a layer; None: no limit. The classifier has 64 times as many as the first stage, and seven of
        eight weights.

    Notes
    -----
    Source: Long, Shelhamer, Darrell, *Fully Convolutional Networks for Semantic Segmentation*, CVPR 2015.
    """

    def __init__(
        self,
        in_bands: int,
        classes: int,
        filters: int = 16,
        dropout: float = 0.5,
        widest: int | None = None,
    ) -> None:
        super().__init__()
        self.depth = len(CONVOLUTIONS)
        *widths, hidden = (min(filters * width, widest or filters * width) for width in (*WIDTHS, CLASSIFIER))
        self.stages = nn.ModuleList(
            block(before, *[after] * convolutions)
            for before, after, convolutions in zip(
                [in_bands, *widths[:-1]], widths, CONVOLUTIONS, strict=True
            )
        )
        self.pool: nn.Module = nn.MaxPool2d(2)
        self.classifier = nn.Sequential(
            conv(widths[-1], hidden, 7), nn.Dropout(dropout), conv(hidden, hidden, 1), nn.Dropout(dropout)
        )
        self.score = nn.Conv2d(hidden, classes, 1)
        self.skips = nn.ModuleList(nn.Conv2d(width, classes, 1) for width in (widths[3], widths[2]))
        initialise(self, self.score, *self.skips)

    def forward(self, bands: Tensor) -> Tensor:
        """Return logits (B, classes, H, W) of scaled bands (B, in_bands, H, W), for any H and W."""
        rows, cols = bands.shape[-2:]
        x = padded(bands, self.depth)
        strides: list[Tensor] = []  # what was pooled: strides 2, 4, 8, 16, 32
        for stage in self.stages:
            x = self.pool(stage(x))
            strides.append(x)
        scores = self.score(self.classifier(x))
        for skip, finer in zip(self.skips, (strides[3], strides[2]), strict=True):
            scores = upsampled(scores, 2) + skip(finer)
        return upsampled(scores, 8)[..., :rows, :cols]
