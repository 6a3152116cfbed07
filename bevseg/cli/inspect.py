"""`bevseg inspect`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@click.argument("file", metavar="MODEL|CLOUD", type=options.Model())
@options.classes("a cloud")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def inspect(console: Console, file: Path, classes: str | None, as_json: bool) -> None:
    """Tell what a file holds: bands, classes, settings, scores of a model; points, bounds, classes of a cloud.

    \b
    Examples:
      bevseg inspect default
      bevseg inspect model.safetensors
      bevseg inspect scan.laz --json
    """
    from bevseg.stages import inspect as contents

    table = contents.contents(file, classes)
    console.result(contents.as_json(table) if as_json else contents.text(table))
