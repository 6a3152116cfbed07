"""`bevseg objects`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@click.argument("labelled", metavar="OUT|CLOUD...", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.output("FILE.gpkg|FILE.geojson", "The file to write: a GeoPackage, or GeoJSON.")
@options.classes("the clouds", "as bevseg wrote them, else that of the format")
@options.jobs
@options.overwrite
def objects(
    console: Console,
    labelled: tuple[Path, ...],
    output: Path,
    classes: str | None,
    jobs: int,
    overwrite: bool,
) -> None:
    """Find the cars, poles, trees, buildings and façades of labelled clouds, and write them for a GIS.

    OUT is a directory that `bevseg run` wrote; other clouds need labels, too. All clouds of one reference system are
    one survey: what crosses the border of a file is one object.

    A GeoPackage has the layers cars (boxes), poles (points), crowns (polygons of trees and shrubs), buildings
    (polygons) and facades (lines), each with its style for QGIS. GeoJSON is one list in longitude and latitude, with
    the layer in the field `kind`.

    This needs pyogrio: pip install 'bevseg[gis]'

    \b
    Examples:
      bevseg objects labelled/ -o objects.gpkg
      bevseg objects labelled/a.laz labelled/b.laz -o objects.geojson
    """
    from bevseg.stages.objects import text, write_objects

    result = write_objects(
        labelled, output, classes=classes, jobs=jobs, overwrite=overwrite, progress=console.progress
    )
    console.result(text(result.facts))
    console.finish(result)
