"""`bevseg report`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@click.argument("out", type=click.Path(path_type=Path))
@options.overwrite
def report(console: Console, out: Path, overwrite: bool) -> None:
    """Write the report of a run again: OUT/report.html, with maps, counts, scores and doubtful places.

    OUT is the directory of the results of `bevseg run`, which writes the report itself. The page is one file that
    needs no network; print it from the browser for a document. Of more than ten clouds, each has a page of its own
    in OUT/report.

    \b
    Example:
      bevseg report labelled/
    """
    from bevseg.stages.report import report as write

    console.finish(write(out, overwrite=overwrite))
