"""`bevseg export`."""

from __future__ import annotations

from pathlib import Path

import click

from bevseg.config.names import FORMATS

from . import options
from .console import Console


@click.command(cls=options.Stage)
@options.work
@options.output("OUT", "Directory of the labelled clouds, <stem>.<format>.")
@click.option(
    "--format",
    "formats",
    type=options.Names(FORMATS),
    default=FORMATS[:1],
    show_default=FORMATS[0],
    metavar=",".join(FORMATS),
    help="One format, or several joined by commas.",
)
@options.out_classes()
@options.jobs
@options.on_error
@options.overwrite
def export(
    console: Console,
    work: Path,
    output: Path,
    formats: tuple[str, ...],
    out_classes: str | None,
    jobs: int,
    on_error: str,
    overwrite: bool,
) -> None:
    """Write the original clouds of WORK with their new labels.

    Same points, same order, same attributes: only the classification changes, and bevseg_confidence is added.

    \b
    Examples:
      bevseg export work/ -o labelled/
      bevseg export work/ -o labelled/ --format laz,txt --out-classes shrec20
    """
    from bevseg.stages import work as stages
    from bevseg.workdir import for_each as workflow

    how = workflow.StageOptions(overwrite, jobs, on_error, console.progress)
    console.finish(stages.export_work(work, output, formats=formats, out_classes=out_classes, how=how))
