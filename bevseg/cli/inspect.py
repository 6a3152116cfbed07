"""`bevseg inspect`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@click.argument("file", metavar="MODEL|CLOUD", type=options.Model())
@options.classes("a cloud")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def inspect(console: Console, file: Path, classes: str | None, as_json: bool) -> None:
    """Show the contents of a file.

    A model has bands, classes, settings and scores. A cloud has a format, fields, points, bounds, density, datums,
    class codes, returns and times.

    \b
    Examples:
      bevseg inspect default
      bevseg inspect model.safetensors
      bevseg inspect scan.laz --json
    """
    from bevseg.runtime.processes import call
    from bevseg.stages.inspect import contents, text, to_json

    table = call(contents, file, classes, where=file)
    console.result(to_json(table) if as_json else text(table))
