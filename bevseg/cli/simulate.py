"""`bevseg simulate`."""

from __future__ import annotations

from pathlib import Path

import click

from bevseg import io
from bevseg.config import SimulateConfig
from bevseg.sim import presets

from . import options
from .console import Console


@click.command(
    cls=options.Stage, epilog="Example: bevseg simulate -o streets/ --preset oakland --seed 7 --clouds 2"
)
@options.output("DIR", "Directory of the clouds.")
@click.option(
    "--preset",
    default=SimulateConfig.preset,
    metavar="|".join(presets.built_in()),
    show_default=True,
    help="Scanner, drive and kind of town; mixed draws them widely, anew for each cloud.",
)
@options.seed
@click.option(
    "--clouds",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Number of clouds; each has the next seed. With --compare, 0 takes the clouds in DIR.",
)
@click.option(
    "--points",
    type=options.Setting(SimulateConfig, "points"),
    help="Points of a cloud, such as 3e6.  [default: that of the preset]",
)
@click.option(
    "--length",
    type=options.Setting(SimulateConfig, "length"),
    help="Length of the drive, m; the points then decide the density.  [default: what the points need]",
)
@click.option(
    "--resolution",
    type=options.Setting(SimulateConfig, "resolution"),
    help="Step of the coordinates, m.  [default: that of the preset]",
)
@click.option(
    "--format",
    "formats",
    type=options.Names(io.SIMULATED),
    default=io.SIMULATED[0],
    show_default=True,
    metavar="|".join(io.SIMULATED),
    help="Format; with several, joined by commas, the clouds take turns.",
)
@click.option(
    "--truth",
    is_flag=True,
    help="Write the exact ground of each cloud too: a GeoTIFF of its height and of where it was seen.",
)
@click.option(
    "--mesh",
    is_flag=True,
    help="Write the triangles of each street too: mesh/*.ply with class and instance of each face.",
)
@click.option(
    "--compare",
    "real",
    type=click.Path(path_type=Path),
    metavar="REAL_DIR",
    help="Compare the simulated clouds with these, by numbers that need no labels.",
)
@click.option(
    "--compare-classes",
    "classes",
    metavar="SCHEME",
    help="Compare the classes too, by this scheme of REAL_DIR; not for clouds that a model is scored on.",
)
@options.json_file
@options.overwrite
def simulate(
    console: Console,
    output: Path,
    preset: str,
    seed: int,
    clouds: int,
    points: int | None,
    length: float | None,
    resolution: float | None,
    formats: tuple[str, ...],
    truth: bool,
    mesh: bool,
    real: Path | None,
    classes: str | None,
    json_file: Path | None,
    overwrite: bool,
) -> None:
    """Simulate labelled scans of streets and write them to a directory.

    The labels are codes of the scheme shrec20. The same seed gives the same street every time.
    """
    if real is None and (classes or json_file or not clouds):
        raise click.UsageError("--compare-classes, --json and --clouds 0 need --compare REAL_DIR")
    from bevseg.runner import compare_statistics
    from bevseg.stages.simulate import SimulationRequest, simulate_clouds

    config = SimulateConfig(points, length, resolution, preset)
    request = SimulationRequest(output, seed, clouds, formats, config, overwrite, truth, mesh)
    if real is None:
        for path in simulate_clouds(request, console.progress):
            console.result(str(path))
        return
    outcome = compare_statistics.simulate_and_compare(
        request, real, classes=classes, json_path=json_file, progress=console.progress
    )
    console.result(compare_statistics.text(outcome.facts))
    console.finish(outcome)
