"""`bevseg simulate`."""

from __future__ import annotations

from pathlib import Path

import click

from bevseg.config import SimulateConfig
from bevseg.names import TRUTH_FORMATS

from . import options
from .console import Console


@click.command(cls=options.Stage, epilog="Example: bevseg simulate streets/ --seed 7 --clouds 2")
@click.argument("output", metavar="OUT", type=click.Path(path_type=Path))
@options.seed
@click.option(
    "--clouds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many; each has the next seed.",
)
@click.option(
    "--points",
    type=click.IntRange(min=1),
    default=SimulateConfig.points,
    show_default=True,
    help="Points of a cloud.",
)
@click.option(
    "--length",
    type=click.FloatRange(min=5),
    default=SimulateConfig.length,
    show_default=True,
    help="Length of the drive, m.",
)
@click.option(
    "--resolution",
    type=click.FloatRange(min=0, min_open=True),
    default=SimulateConfig.resolution,
    show_default=True,
    help="Step of the coordinates, m.",
)
@click.option(
    "--format",
    "formats",
    type=options.Names(TRUTH_FORMATS),
    default=TRUTH_FORMATS[0],
    show_default=True,
    metavar="|".join(TRUTH_FORMATS),
    help="Format; of several, joined by commas, the clouds take turns.",
)
@options.overwrite
def simulate(
    console: Console,
    output: Path,
    seed: int,
    clouds: int,
    points: int,
    length: float,
    resolution: float,
    formats: tuple[str, ...],
    overwrite: bool,
) -> None:
    """Make labelled street clouds in the directory OUT, as a mobile scanner would bring them home.

    The labels are codes of the scheme shrec20. A seed gives the same street every time.
    """
    from bevseg.jobs.samples import Order, make

    what = SimulateConfig(points, length, resolution)
    written = make(Order(output, seed, clouds, formats, what, overwrite), console.progress)
    for path in written:
        console.result(str(path))
