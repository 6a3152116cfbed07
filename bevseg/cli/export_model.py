"""`bevseg export-model`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command("export-model", cls=options.Stage)
@click.argument("model", type=options.Model())
@options.path_option(
    "--onnx", "folder", metavar="DIR", required=True, help="Write low.onnx and high.onnx into this directory."
)
@options.overwrite
def export_model(console: Console, model: Path, folder: Path, overwrite: bool) -> None:
    """Write the networks of MODEL for programs without PyTorch: one ONNX file per slice.

    A network takes the bands of `bevseg rasterize` in their units, NaN where unknown, for rasters of any size, and
    gives the logits of the classes. Its metadata name bands, classes, cell and slice.

    It needs libraries of its own: pip install 'bevseg[onnx]'.

    \b
    Examples:
      bevseg export-model default --onnx onnx/
      bevseg export-model model.safetensors --onnx onnx/ --overwrite
    """
    from bevseg.stages.export_model import export_model as write

    console.finish(write(model, folder, overwrite=overwrite))
