"""Table of networks: name -> constructor(in_bands, classes, filters, depth)."""

from bevseg.seg.models.folding import folded
from bevseg.seg.models.unet import UNet

MODELS = {"unet": UNet}

__all__ = ["MODELS", "UNet", "folded"]
