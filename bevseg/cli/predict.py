"""`bevseg predict`."""

from __future__ import annotations

from pathlib import Path

import click

from bevseg.config import PredictConfig
from bevseg.weights import default_model

from . import options
from .console import Console


@click.command(cls=options.Stage)
@options.work
@options.model("A trained model.", shipped=True)
@options.tta
@options.raster_classes
@options.on_error
@options.overwrite
@options.device
def predict(
    console: Console,
    work: Path,
    model: Path | None,
    tta: PredictConfig,
    out_classes: str | None,
    on_error: str,
    overwrite: bool,
    device: str,
) -> None:
    """Classify the cells of every cloud in WORK: low_classes.tif, high_classes.tif, and the confidence of each.

    \b
    Examples:
      bevseg predict work/
      bevseg predict work/ -m model.safetensors
      bevseg predict work/ --out-classes asprs
      bevseg predict work/ -m model.safetensors --scales 1,0.75,0.5 --turns 8 --crf
    """
    from bevseg.stages.predict import predict_work
    from bevseg.workdir.for_each import StageOptions

    stage_options = StageOptions(overwrite, 1, on_error, console.progress)
    console.finish(
        predict_work(
            work,
            model or default_model(),
            device=device,
            tta=tta,
            out_classes=out_classes,
            options=stage_options,
        )
    )
