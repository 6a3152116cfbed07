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
    """Compare the labelled clouds in OUT with those of the same stem in TRUTH (files or directories).

    All points count in one confusion matrix; those whose truth is undefined are left out.

    \b
    Examples:
      bevseg evaluate labelled/ hand_labelled/ --classes oakland
      bevseg evaluate labelled/a.laz a.txt --json scores.json
    """
    from bevseg.stages import evaluate as comparison

    outcome = comparison.compare(
        out, truth, classes=classes, json_path=json_file, overwrite=overwrite, progress=console.progress
    )
    console.result(comparison.text(outcome.facts))
    console.finish(outcome)
