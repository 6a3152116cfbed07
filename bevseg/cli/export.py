"""`bevseg export`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@options.work
@options.output("OUT", "Directory of the labelled clouds, named like their sources.")
@options.output_format(single=False)
@options.out_classes()
@options.keep
@options.upgrade_las
@options.jobs
@options.on_error
@options.overwrite
def export(
    console: Console,
    work: Path,
    output: Path,
    formats: tuple[str, ...],
    out_classes: str | None,
    keep: tuple[int, ...],
    upgrade_las: bool,
    jobs: int,
    on_error: str,
    overwrite: bool,
) -> None:
    """Write the original files of the clouds in WORK with their new labels.

    Points, order and attributes stay the same. Only the classification changes, and bevseg_confidence and
    bevseg_reason are added.

    \b
    Examples:
      bevseg export work/ -o labelled/
      bevseg export work/ -o labelled/ --format laz,txt --out-classes shrec20
    """
    from bevseg.stages.export import export_work
    from bevseg.workdir.for_each import StageOptions

    stage_options = StageOptions(overwrite, jobs, on_error, console.progress)
    result = export_work(
        work,
        output,
        formats=formats,
        out_classes=out_classes,
        keep=keep,
        upgrade_las=upgrade_las,
        options=stage_options,
    )
    console.finish(result)
