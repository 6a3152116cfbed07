"""`bevseg export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bevseg.io import WRITTEN, formats

from . import options
from .console import Console


class Formats(options.Names):
    """Formats that can be written, joined by commas."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Split at commas and check each name. --help needs only those of bevseg; here the user's count as well."""
        self.choices = formats.written()
        return super().convert(value, param, ctx)


@click.command(cls=options.Stage)
@options.work
@options.output("OUT", "Directory of the labelled clouds, <stem>.<format>.")
@click.option(
    "--format",
    "formats",
    type=Formats(),
    default=WRITTEN[0],
    show_default=True,
    metavar=",".join(WRITTEN),
    help="One format, or several separated by commas.",
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
    """Write the original files of the clouds in WORK with their new labels.

    Points, order and attributes stay the same. Only the classification changes, and bevseg_confidence is added.

    \b
    Examples:
      bevseg export work/ -o labelled/
      bevseg export work/ -o labelled/ --format laz,txt --out-classes shrec20
    """
    from bevseg.stages.export import export_work
    from bevseg.workdir.for_each import StageOptions

    stage_options = StageOptions(overwrite, jobs, on_error, console.progress)
    console.finish(export_work(work, output, formats=formats, out_classes=out_classes, options=stage_options))
