"""`bevseg evaluate`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("truth", type=click.Path(path_type=Path))
@options.classes("TRUTH")
@options.json_file
@options.overwrite
def evaluate(
    console: Console, out: Path, truth: Path, classes: str | None, json_file: Path | None, overwrite: bool
) -> None:
    """Score the labelled clouds in OUT against the clouds of the same name in TRUTH.

    OUT and TRUTH are files or directories. All points go into one confusion matrix. Points without a true class do
    not count.

    \b
    Examples:
      bevseg evaluate labelled/ hand_labelled/ --classes oakland
      bevseg evaluate labelled/a.laz a.txt --json scores.json
    """
    from bevseg.stages.evaluate import compare, text

    result = compare(
        out, truth, classes=classes, json_path=json_file, overwrite=overwrite, progress=console.progress
    )
    console.result(text(result.facts))
    console.finish(result)
