"""Bands -> class and confidence of every cell."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from bevseg.errors import ModelError
from bevseg.raster import Band, Raster
from bevseg.seg import device as devices
from bevseg.seg.checkpoint import Model
from bevseg.seg.inputs import scaled, to_device
from bevseg.seg.models import UNet
from bevseg.tiles import cut, stitch

TILE_CELLS = 1_500_000
"""Largest tile, cells."""

MARGIN = 48
"""Overlap of neighbouring tiles, cells."""


def predict(raster: Raster, model: Model, slice_name: str, *, device: str = "auto") -> Raster:
    """Return bands `class` and `confidence` (uint8) of a feature raster."""
    net = model.require(slice_name)
    bands = model.bands[slice_name]
    _check(raster, model, slice_name)
    classes = classify(net, raster.values, bands, occupied(raster), devices.resolve(device))
    return Raster(raster.grid, ("class", "confidence"), classes, raster.crs, raster.unit)


def occupied(raster: Raster) -> NDArray[np.bool_]:
    """Say which cells (rows, cols) hold a point of the slice."""
    if "density" in raster.names:
        return raster["density"] > 0
    return ~np.isnan(raster.values[0])


def classify(
    net: UNet,
    values: NDArray[np.float32],
    bands: tuple[Band, ...],
    mask: NDArray[np.bool_],
    device: torch.device,
) -> NDArray[np.uint8]:
    """Return class and confidence (2, rows, cols) of physical bands (C, rows, cols); 0 where mask is False."""
    net = net.eval().to(device, memory_format=torch.channels_last)
    out = np.zeros((2, *mask.shape), np.uint8)
    tiles = [t for t in cut(mask.shape, TILE_CELLS, MARGIN, 1 << net.depth) if t.core(mask).any()]
    stitch(((t, _forward(net, t.window(values), bands, device)) for t in tiles), out)
    out[:, ~mask] = 0
    return out


@torch.inference_mode()
def _forward(
    net: UNet, values: NDArray[np.float32], bands: tuple[Band, ...], device: torch.device
) -> NDArray[np.uint8]:
    x = to_device(scaled(values, bands)[None], device).contiguous(memory_format=torch.channels_last)
    with devices.autocast(device):
        logits = net(x)
    top, ids = logits[0].float().softmax(0).max(0)
    return torch.stack([(ids + 1).byte(), (top * 255).round().byte()]).cpu().numpy()


def _check(raster: Raster, model: Model, slice_name: str) -> None:
    """Raise ModelError unless the raster is what the network was trained on."""
    expected = tuple(band.name for band in model.bands[slice_name])
    if raster.names != expected:
        raise ModelError(
            f"The model is for other bands of the {slice_name} slice",
            why=f"the raster holds {', '.join(raster.names)}; the model reads {', '.join(expected)}",
            hint="rasterize with the features of the model, or train a model on these",
        )
    if raster.grid.cell != model.settings.raster.cell:
        raise ModelError(
            "The model is for another cell size",
            why=f"the raster has cells of {raster.grid.cell} m; the model reads {model.settings.raster.cell} m",
            hint="rasterize with the cell of the model, or train a model on these",
        )
