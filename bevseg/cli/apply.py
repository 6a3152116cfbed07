"""`bevseg apply`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@click.argument("out", type=click.Path(path_type=Path))
@options.output("CORRECTED", "Directory of the corrected clouds, named like the labelled ones.")
@click.option("--only-edited", is_flag=True, help="Leave out clouds without corrections.")
@click.option(
    "--classes",
    metavar="SCHEME",
    help="Class scheme of the labelled clouds.  [default: the one that `bevseg run` wrote]",
)
@options.jobs
@options.on_error
@options.overwrite
def apply(
    console: Console,
    out: Path,
    output: Path,
    only_edited: bool,
    classes: str | None,
    jobs: int,
    on_error: str,
    overwrite: bool,
) -> None:
    """Write the labelled clouds in OUT with the corrections made in `bevseg view`.

    OUT is the output directory of `bevseg run`. It stays as it is. The corrected clouds have the same format, points,
    order and attributes; only the points that were corrected or confirmed change. They get the class that was chosen,
    full confidence and no reason to doubt. Clouds without corrections are copied.

    \b
    Examples:
      bevseg apply labelled/ -o corrected/
      bevseg verify scans/ corrected/
    """
    from bevseg.stages.apply import apply as write_corrected
    from bevseg.stages.apply import summary

    result = write_corrected(
        out,
        output,
        classes=classes,
        only_edited=only_edited,
        jobs=jobs,
        on_error=on_error,
        overwrite=overwrite,
        progress=console.progress,
    )
    console.result(summary(result.facts))
    console.finish(result)
