"""Bands -> class and confidence of every cell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bevseg.config import NO_TTA, PredictConfig
from bevseg.core.labels import PROBABILITY_BANDS
from bevseg.core.raster import Band, Raster
from bevseg.core.tiles import SIDE, Tile, Tiling, cut
from bevseg.errors import ModelError
from bevseg.seg import inputs
from bevseg.seg.checkpoint import Model
from bevseg.seg.device import half_precision, memory_checked, resolve
from bevseg.seg.inference.crf import crf
from bevseg.seg.inference.tta import TTA, multiple_of
from bevseg.seg.inputs import OUTPUTS, scaled, to_device
from bevseg.seg.models.build import halvings
from bevseg.seg.models.folding import folded
from bevseg.seg.models.unet import Part, UNet

MARGIN = 128
"""Overlap of a tile with its neighbours, cells: 64 cost 0.4 points of mean IoU against 256 on the streets of Oakland,
128 cost 0.15 (`benchmarks/block_borders.py`)."""


def tiling_of(model: Model, names: Iterable[str], config: PredictConfig = NO_TTA) -> Tiling:
    """Return how the rasters of slices are cut before `predict`: the same for all of these slices."""
    depth = max(halvings(model.nets[name]) for name in names)
    return _tiling(depth, config)


def _tiling(depth: int, config: PredictConfig) -> Tiling:
    """Return tiles that are as large at the largest scale, and whose margin is as wide at the smallest."""
    halved = max(math.ceil(math.log2(max(config.scales))), 0)
    margin = math.ceil(MARGIN / min(1.0, *config.scales))
    return Tiling(max(SIDE >> halved, 1 << depth), margin, multiple_of(config.scales, depth))


@memory_checked("The prediction", "use a smaller network, or --device cpu if a GPU is too small")
def predict(
    raster: Raster,
    model: Model,
    slice_name: str,
    *,
    device: str = "auto",
    config: PredictConfig = NO_TTA,
    part: Part | None = None,
    probabilities: bool = False,
) -> Raster:
    """Return the class and the confidence of every cell of one slice, in one piece.

    Parameters
    ----------
    raster
        Bands of the slice, in physical units, NaN where unknown. Large rasters are cut before (`tiling_of`).
    model
        With a network for the slice.
    slice_name
        `low` or `high`.
    device
        `auto`, `cpu`, `cuda` or `cuda:N`.
    config
        Scales and symmetries of the raster over which probabilities are averaged, and whether a dense CRF follows.
    part
        Rows and columns that are asked for; None: all.
    probabilities
        Whether the probabilities of all classes are asked for.

    Returns
    -------
    Raster
        On the same grid, uint8: `class`, the train id of the most probable class; `confidence`, its probability at
        the temperature of the model, times 255; and `PROBABILITY_BANDS`, if they are asked for, likewise. All are 0
        in cells without a point of the slice, and may be where nothing is asked for.

    Raises
    ------
    ModelError
        If the model has no network for the slice, or reads other bands or another cell size.
    UsageError, DeviceError
        If there is no such device.
    OutOfMemoryError
        If the network and the raster do not fit in memory.
    """
    place = resolve(device)
    model.require(slice_name)
    _check(raster, model, slice_name)
    values, mask = np.asarray(raster.values, np.float32), occupied(raster)
    classify = _classifier(model, slice_name, place, config)
    if config == NO_TTA:
        result = classify.window(values, mask, part, of_all=probabilities)
    else:
        means = classify.probabilities(values)
        if config.crf:
            features = scaled(values, model.bands[slice_name]).numpy()
            means = crf(means, features, mask, raster.grid.cell)
        result = _decided(means, mask, classify.temperature, of_all=probabilities)
    names = ("class", "confidence", *(PROBABILITY_BANDS if probabilities else ()))
    return Raster(raster.grid, names, result, raster.crs, raster.unit)


def occupied(raster: Raster) -> NDArray[np.bool_]:
    """Return which cells (rows, cols) of a raster of bands hold a point of the slice."""
    return inputs.occupied(raster.values, raster.names)


class Classifier:
    """A network made ready for prediction: normalisation folded, half precision where the device is good at it.

    Parameters
    ----------
    net
        Not changed.
    bands
        What it reads.
    classes
        Number of its outputs.
    device
        Where it computes.
    config
        Scales and symmetries for `probabilities`.
    temperature
        Logits are divided by it before they become a confidence. No class depends on it.
    """

    def __init__(
        self,
        net: nn.Module,
        bands: tuple[Band, ...],
        classes: int,
        device: torch.device,
        config: PredictConfig = NO_TTA,
        temperature: float = 1.0,
    ) -> None:
        self.bands, self.classes, self.device, self.depth = bands, classes, device, halvings(net)
        self.temperature = temperature
        self.dtype = torch.bfloat16 if half_precision(device) else torch.float32
        self.net = folded(net, device, self.dtype)
        self.tta = TTA(self.net, self.depth, self.dtype, config)

    def __call__(self, values: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Return train id and confidence (2, rows, cols) of bands (C, rows, cols) where `mask` is True, else 0.

        A raster of any size is cut, and its pieces are put together again.
        """
        out = np.zeros((2, *mask.shape), np.uint8)
        for tile in self._tiles(values, mask):
            tile.put(self.window(tile.window(values, np.nan), tile.window(mask, False), tile.core()), out)
        return out

    @torch.inference_mode()
    def logits(self, values: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return what the network says, (N, classes), of the cells where `mask` is True; no temperature plays a part.

        A raster of any size is cut. The cells are in their order.
        """
        out = np.zeros((self.classes, *mask.shape), np.float32)
        for tile in self._tiles(values, mask):
            found = self._forward(tile.window(values, np.nan), tile.core())
            out[:, tile.rows.core, tile.cols.core] = found.float().cpu().numpy()
        return out[:, mask].T

    @torch.inference_mode()
    def window(
        self,
        values: NDArray[np.float32],
        mask: NDArray[np.bool_],
        part: Part | None = None,
        *,
        of_all: bool = False,
    ) -> NDArray[np.uint8]:
        """Return train id and confidence (2, rows, cols) of a raster in one piece; 0 outside of a part.

        With `of_all`, the probabilities of all classes follow: (2 + classes, rows, cols).
        """
        place = part or (slice(0, mask.shape[0]), slice(0, mask.shape[1]))
        logits, asked = self._forward(values, place), mask[place]
        wanted = to_device(torch.from_numpy(np.flatnonzero(asked)), self.device)
        rows = logits.permute(1, 2, 0).reshape(-1, len(logits)).index_select(0, wanted)
        decided = _decide(rows, self.temperature, of_all=of_all)
        found = torch.zeros((len(decided), asked.size), dtype=torch.uint8, device=self.device)
        out = np.zeros((len(decided), *mask.shape), np.uint8)
        out[:, *place] = found.index_copy_(1, wanted, decided).view(-1, *asked.shape).cpu().numpy()
        return out

    def _forward(self, values: NDArray[np.float32], place: Part) -> Tensor:
        """Return the logits (classes, rows, cols) of a part of a raster in one piece."""
        x = scaled(values, self.bands, self.device)
        x = x.to(self.dtype)[None].contiguous(memory_format=torch.channels_last)
        logits: Tensor = (self.net(x, place) if isinstance(self.net, UNet) else self.net(x)[..., *place])[0]
        return logits

    def _tiles(self, values: NDArray[np.float32], mask: NDArray[np.bool_]) -> Iterator[Tile]:
        seen = np.asarray(~np.isnan(values).all(axis=0))
        return cut(mask, seen, _tiling(self.depth, NO_TTA))

    @torch.inference_mode()
    def probabilities(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return mean probabilities (classes, rows, cols) of a raster with TTA, in one piece, at temperature 1."""
        return self.tta(scaled(values, self.bands, self.device)).cpu().numpy()


def _decide(logits: Tensor, temperature: float, *, of_all: bool = False) -> Tensor:
    """Return train id and confidence (2, N) of logits (N, classes); with `of_all`, all probabilities follow."""
    planes = logits.float().t().contiguous()
    highest, ids = planes.max(0)
    shares = (planes - highest).div_(temperature).exp_()  # 1 for the class
    confidence = 255 / shares.sum(0)
    rest = [shares.mul_(confidence).round_().byte()] if of_all else []
    return torch.cat([(ids + 1).byte()[None], confidence.round_().byte()[None], *rest])


def _decided(
    probabilities: NDArray[np.float32], mask: NDArray[np.bool_], temperature: float, *, of_all: bool = False
) -> NDArray[np.uint8]:
    """Return train id and confidence (2, rows, cols) of probabilities (classes, rows, cols); 0 without the mask.

    With `of_all`, the probabilities of all classes follow.

    The temperature comes last, behind the means of TTA and the votes of a CRF, where it changes no class:
    logarithms of probabilities are logits.
    """
    result = np.zeros((2 + of_all * len(probabilities), *mask.shape), np.uint8)
    for row, occupied_here in enumerate(mask):  # line by line: rasters are large
        line = probabilities[:, row, occupied_here]
        highest = line.max(0)
        shares = (line / highest) ** (1 / temperature)
        confidence = 255 / shares.sum(0)
        result[:2, row, occupied_here] = line.argmax(0) + 1, np.rint(confidence)
        if of_all:
            result[2:, row, occupied_here] = np.rint(shares * confidence)
    return result


@lru_cache(maxsize=4)
def _classifier(model: Model, slice_name: str, device: torch.device, config: PredictConfig) -> Classifier:
    """Keep the networks of the model in use ready from cloud to cloud."""
    return Classifier(
        model.nets[slice_name],
        model.bands[slice_name],
        len(OUTPUTS),
        device,
        config,
        model.temperatures.get(slice_name, 1.0),
    )


def _check(raster: Raster, model: Model, slice_name: str) -> None:
    """Raise ModelError unless the raster is what the network was trained on."""
    expected = tuple(band.name for band in model.bands[slice_name])
    if raster.names != expected:
        raise ModelError(
            f"The model needs other bands of the {slice_name} slice",
            where=model.source,
            why=f"the raster has {', '.join(raster.names)}; the model needs {', '.join(expected)}",
            hint="rasterize with the configuration of the model, or train a model for these bands",
        )
    cell = model.settings.raster.cell
    if raster.grid.cell != cell:
        raise ModelError(
            "The raster has another cell size than the model",
            where=model.source,
            why=f"the raster has cells of {raster.grid.cell:g} m; the model was trained on {cell:g} m",
            hint="rasterize with the cell of the model, or train a model for this one",
        )
