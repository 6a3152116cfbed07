"""`bevseg rasterize`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@options.work
@options.config_of_work
@options.model("Take the settings of this model.", shipped=False)
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
    """Write the rasters of both slices of every cloud in WORK: low.tif, high.tif.

    Labelled clouds also get low_labels.tif and high_labels.tif.

    \b
    Examples:
      bevseg rasterize work/
      bevseg rasterize work/ -m model.safetensors
    """
    from bevseg.stages import work as stages
    from bevseg.workdir import for_each as workflow

    how = workflow.StageOptions(overwrite, jobs, on_error, console.progress)
    console.finish(stages.rasterize_work(work, stages.settings_for(work, config, model), how=how))
