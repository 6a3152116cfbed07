"""Network of a slice -> ONNX: bands in physical units in, logits out, and in its metadata all that a reader needs."""

from __future__ import annotations

import dataclasses
import importlib
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

import bevseg
from bevseg.core.raster import Band
from bevseg.errors import DependencyError, ModelError
from bevseg.seg.checkpoint import Model, weights_sha256
from bevseg.seg.inference.predict import MARGIN
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.models.build import halvings
from bevseg.seg.models.padding import padded
from bevseg.seg.models.unet import UNet

OPSET = 18
"""Version of the ONNX operators."""

FORMAT = 1
"""Version of the metadata."""

PREFIX = "bevseg."
"""Begins every key of the metadata."""

INPUT, OUTPUT = "bands", "logits"

SIZES = ("batch", "rows", "cols")
"""Names of the sizes that may be any."""

ABOUT = """Classes of the cells of a street scene, seen from above: the network of the {slice} slice.

bands (batch, {bands}, rows, cols), float32: what `bevseg rasterize` writes into {slice}.tif, in its order and \
units, NaN where unknown, of any size. Scaling is part of the network.
logits (batch, {classes}, rows, cols), float32: of {names}. `other` stands for terrain above the ground band.
Cells without a point of the slice (density 0 or NaN) have no class, whatever their logits.
Probabilities: softmax(logits / temperature). Large rasters: tiles that overlap by `margin` cells, and begin at \
multiples of `multiple` cells."""


def to_onnx(model: Model, slice_name: str) -> bytes:
    """Return the network of a slice as an ONNX file; the same model gives the same bytes.

    Parameters
    ----------
    model
        With a network for the slice.
    slice_name
        `low` or `high`.

    Returns
    -------
    bytes
        Input `bands` (batch, bands, rows, cols) in physical units, NaN where unknown; output `logits` (batch,
        classes, rows, cols); both float32, of any batch, rows and columns. The metadata are those of `metadata`.

    Raises
    ------
    DependencyError
        If the libraries of the extra `onnx` are missing.
    ModelError
        If the model has no network for the slice, or the network cannot be exported.
    """
    onnx = load_onnx()
    net = _OfBands(model.require(slice_name), model.bands[slice_name]).eval()
    # No size is a multiple, or the same as another one, or 1 after all halvings: else it would be taken as fixed.
    step = 1 << halvings(net.net)
    example = torch.zeros(2, len(model.bands[slice_name]), 3 * step - 1, 4 * step - 3)
    batch, rows, cols = SIZES
    try:
        with _quiet():
            program = torch.onnx.export(
                net,
                (example,),
                input_names=[INPUT],
                output_names=[OUTPUT],
                opset_version=OPSET,
                dynamo=True,
                dynamic_shapes=({0: batch, 2: rows, 3: cols},),
                verbose=False,
            )
    except torch.onnx.errors.OnnxExporterError as error:
        raise ModelError(
            f"The network of the {slice_name} slice cannot be exported",
            where=model.source,
            why=" ".join(str(error.__cause__ or error).split())[:300],
            hint="its forward may not decide by the values of a tensor; see docs/stages/export-model.md",
        ) from error
    assert program is not None  # there is no file to write to
    proto = program.model_proto
    _strip(proto)
    proto.producer_name, proto.producer_version = "bevseg", bevseg.__version__
    proto.graph.name = slice_name
    proto.doc_string = ABOUT.format(
        slice=slice_name, bands=example.shape[1], classes=len(OUTPUTS), names=", ".join(OUTPUTS)
    )
    for place, name in zip((0, 2, 3), SIZES, strict=True):
        proto.graph.output[0].type.tensor_type.shape.dim[place].dim_param = name
    onnx.helper.set_model_props(proto, metadata(model, slice_name))
    data: bytes = proto.SerializeToString(deterministic=True)
    return data


def metadata(model: Model, slice_name: str) -> dict[str, str]:
    """Return key -> text of what a reader of the file needs; tables and lists are JSON.

    Parameters
    ----------
    model
        With a network for the slice.
    slice_name
        `low` or `high`.
    """
    settings = model.settings
    values: dict[str, object] = {
        "format": FORMAT,
        "slice": slice_name,
        "bands": [dataclasses.asdict(band) for band in model.bands[slice_name]],
        "classes": OUTPUTS,
        "first_train_id": 1,
        "cell": settings.raster.cell,
        "features": settings.raster.features,
        "slices": dataclasses.asdict(settings.slices),
        "temperature": model.temperatures.get(slice_name, 1.0),
        "margin": MARGIN,
        "multiple": 1 << halvings(model.require(slice_name)),
        "network": settings.net.kind,
        "weights_sha256": weights_sha256(model),
    }
    return {
        f"{PREFIX}{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
    }


def load_onnx() -> ModuleType:
    """Return onnx.

    Raises
    ------
    DependencyError
        If it, or what torch needs beside it to write ONNX, is not installed.
    """
    try:
        onnx = importlib.import_module("onnx")
        importlib.import_module("onnxscript")  # not ours, but that of the exporter
    except ImportError as error:
        raise DependencyError(
            "onnx and onnxscript are needed to write ONNX files",
            why=str(error),
            hint="install them: pip install 'bevseg[onnx]'",
        ) from error
    return onnx


class _OfBands(nn.Module):
    """A network behind its scaling: what `inputs.scaled` does stands in the graph, so that no reader repeats it."""

    factors: Tensor

    def __init__(self, net: nn.Module, bands: tuple[Band, ...]) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("factors", torch.tensor([1 / band.scale for band in bands])[:, None, None])

    def forward(self, bands: Tensor) -> Tensor:
        """Return logits (B, classes, H, W) of bands (B, bands, H, W) in physical units, NaN where unknown."""
        rows, cols = bands.shape[-2:]
        x = torch.where(bands.isnan(), 0.0, bands * self.factors)
        if isinstance(
            self.net, UNet
        ):  # the parts of its way up are then whole: far fewer symbols to reason about
            x = padded(x, self.net.depth)
        logits: Tensor = self.net(x)[..., :rows, :cols]
        return logits


def _strip(proto: Any) -> None:
    """Remove what the exporter notes of the source code: paths of this machine, and sizes as formulas."""
    graph = proto.graph
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    del graph.value_info[:]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to themselves the notes that torch makes on its own parts while it exports."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnx_ir", "onnxscript")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
