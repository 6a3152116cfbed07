"""Small rasters with faces: squares whose height gives their class away."""

from __future__ import annotations

import numpy as np

from bevseg.config import NetConfig, Settings, TrainConfig
from bevseg.core.grid import Grid
from bevseg.core.raster import Band, Raster
from bevseg.seg.checkpoint import Model
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.models.unet import UNet

BANDS = (Band("height", 2.0, "m"), Band("density", 1.0, "log(1 + points)"))
NET = NetConfig(filters=4, depth=2)
QUICK = TrainConfig(steps=6, batch=2, crop=32, validate_every=3)


def squares(rng, side=32):
    """Draw bands (2, side, side) and train ids (side, side): squares 1 to 5 m high, NaN and 0 between them."""
    labels = np.zeros((side, side), np.uint8)
    for _ in range(side * side // 80):
        row, col = rng.integers(0, side - 6, 2)
        labels[row : row + 6, col : col + 6] = rng.integers(1, 6)
    height = labels + rng.normal(0, 0.1, labels.shape)
    values = np.where(labels > 0, np.stack([height, np.ones_like(height)]), np.nan)
    return values.astype(np.float32), labels


def draw(number, rng):
    """Squares as a sampler draws them: the number of the crop says nothing."""
    return squares(rng)


def raster(values, cell=0.2, names=tuple(band.name for band in BANDS)):
    return Raster(Grid(cell, -3, 40, *values.shape[1:]), names, values)


def model(slices=("low", "high"), **kind):
    """Return a model that was never trained, with statistics as if it had been."""
    import torch

    torch.manual_seed(0)
    nets = {name: UNet(len(BANDS), len(OUTPUTS), NET.filters, NET.depth) for name in slices}
    with torch.no_grad():
        for net in nets.values():
            net.head.weight *= 5  # opinions
            for module in net.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    for values in (module.weight, module.running_var):
                        values.uniform_(0.5, 1.5)
                    for values in (module.bias, module.running_mean):
                        values.normal_(0, 0.2)
    return Model(nets, dict.fromkeys(slices, BANDS), Settings(net=NET), **kind)
