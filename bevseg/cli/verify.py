"""`bevseg verify`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("result", type=click.Path(path_type=Path))
@options.columns
@click.option(
    "--keep",
    type=options.Codes(),
    default=(),
    metavar="2,9",
    help="Class codes of SOURCE that `run --keep` kept: prove that their points have them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def verify(
    console: Console,
    source: Path,
    result: Path,
    columns: str | None,
    keep: tuple[int, ...],
    as_json: bool,
) -> None:
    """Prove that RESULT is SOURCE but for the class and the fields of bevseg.

    SOURCE and RESULT are files, or directories whose clouds are matched by the report.json of RESULT, or by name. In
    the same format every byte of a LAS point and record, every property of PLY and PCD and every digit of text is
    compared; across formats the coordinates, within their resolution, and all further fields. The exit code is 7 if
    something else differs.

    \b
    Examples:
      bevseg verify scan.laz labelled/scan.laz
      bevseg verify scans/ labelled/ --json
    """
    import json

    from bevseg.stages.verify import ensure_proven, summary
    from bevseg.stages.verify import verify as compare

    found = compare(source, result, columns=columns, keep=keep, progress=console.progress)
    console.result(json.dumps(found.facts, indent=2) if as_json else summary(found.facts))
    ensure_proven(found.facts)
    console.finish(found)
