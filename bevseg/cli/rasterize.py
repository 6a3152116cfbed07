"""`bevseg rasterize`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@options.work
@options.config_of_work
@options.model("Use the settings of this model.", shipped=False)
@options.jobs
@options.on_error
@options.overwrite
def rasterize(
    console: Console,
    work: Path,
    config: str | None,
    model: Path | None,
    jobs: int,
    on_error: str,
    overwrite: bool,
) -> None:
    """Turn the points of every cloud in WORK into rasters: low.tif and high.tif, one per height slice.

    Labelled clouds also get low_labels.tif and high_labels.tif, the true class of each cell.

    \b
    Examples:
      bevseg rasterize work/
      bevseg rasterize work/ -m model.safetensors
    """
    from bevseg.stages.rasterize import rasterize_work
    from bevseg.workdir.for_each import StageOptions
    from bevseg.workdir.settings import settings_for

    stage_options = StageOptions(overwrite, jobs, on_error, console.progress)
    console.finish(rasterize_work(work, settings_for(work, config, model), options=stage_options))
