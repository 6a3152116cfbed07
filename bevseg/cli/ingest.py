"""`bevseg ingest`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@options.clouds
@options.output("WORK", "Work directory. It is created if it does not exist.")
@options.classes("the input labels")
@options.columns
@options.jobs
@options.on_error
@options.overwrite
def ingest(
    console: Console,
    clouds: tuple[Path, ...],
    output: Path,
    classes: str | None,
    columns: str | None,
    jobs: int,
    on_error: str,
    overwrite: bool,
) -> None:
    """Read CLOUDS (files, or directories of files) into a work directory.

    Each cloud gets a folder WORK/<stem> with cloud.las (train ids as classes) and cloud.json. Files of a directory
    that are not clouds are skipped.

    \b
    Examples:
      bevseg ingest scans/ -o work/
      bevseg ingest a.xyz_label_conf.gz -o work/ --classes oakland --columns x,y,z,label,-
    """
    from bevseg.stages.ingest import ingest_clouds
    from bevseg.workdir.for_each import StageOptions

    stage_options = StageOptions(overwrite, jobs, on_error, console.progress)
    console.finish(ingest_clouds(clouds, output, classes=classes, columns=columns, options=stage_options))
