"""`bevseg ground`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@click.argument("work", metavar="WORK|CLOUD", type=click.Path(path_type=Path))
@options.output("DEM.tif", "With a CLOUD: the GeoTIFF to write.", required=False)
@options.points
@options.config_of_work
@options.model("Take the settings of this model.", required=False)
@options.jobs
@options.on_error
@options.overwrite
def ground(
    console: Console,
    work: Path,
    output: Path | None,
    points: Path | None,
    config: str | None,
    model: Path | None,
    jobs: int,
    on_error: str,
    overwrite: bool,
) -> None:
    """Write the ground height per cell: dem.tif of every cloud in WORK, or one GeoTIFF for a CLOUD.

    Band `height` in metres, band `distance` to the nearest measured cell (0 = measured here).

    \b
    Examples:
      bevseg ground work/
      bevseg ground scan.laz -o dem.tif --points ground.laz
    """
    from bevseg.jobs import stages, workflow

    settings = stages.settings_for(work, config, model)
    if output is not None:
        outcome = stages.ground_cloud(work, output, settings, points=points, overwrite=overwrite)
    elif points is not None or work.is_file():
        raise click.UsageError("a single CLOUD needs -o DEM.tif")
    else:
        how = workflow.How(overwrite, jobs, on_error, console.progress)
        outcome = stages.ground_work(work, settings, how=how)
    console.finish(outcome)
