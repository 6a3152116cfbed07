"""`bevseg simulate`."""

from __future__ import annotations

from pathlib import Path

import click

from bevseg import io
from bevseg.config import SimulateConfig
from bevseg.config.domains import Number
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
    type=options.Value(Number(least=0, most=1_000_000, whole=True)),
    default=1,
    show_default=True,
    help="Number of clouds; each has the next seed. With --compare, 0 uses the clouds in DIR.",
)
@click.option(
    "--points",
    type=options.Setting(SimulateConfig, "points"),
    help="Points per cloud, such as 3e6.  [default: that of the preset]",
)
@click.option(
    "--length",
    type=options.Setting(SimulateConfig, "length"),
    help="Length of the drive, m. --points then sets the density.  [default: as long as the points need]",
)
@click.option(
    "--resolution",
    type=options.Setting(SimulateConfig, "resolution"),
    help="Resolution of the coordinates, m.  [default: that of the preset]",
)
@click.option(
    "--format",
    "formats",
    type=options.Names(io.SIMULATED),
    default=io.SIMULATED[0],
    show_default=True,
    metavar="|".join(io.SIMULATED),
    help="Format. With several, separated by commas, the clouds take turns.",
)
@click.option(
    "--truth",
    is_flag=True,
    help="Also write the exact ground of each cloud: a GeoTIFF with its height and where it was measured.",
)
@click.option(
    "--mesh",
    is_flag=True,
    help="Also write the triangles of each street: mesh/*.ply with the class and the instance of each face.",
)
@click.option(
    "--compare",
    "real",
    type=click.Path(path_type=Path),
    metavar="REAL_DIR",
    help="Compare the simulated clouds with these real ones, in statistics that need no labels.",
)
@click.option(
    "--compare-classes",
    "classes",
    metavar="SCHEME",
    help="Also compare per class: the class scheme of REAL_DIR. Do not use it on clouds that a model is scored on.",
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
    """Make labelled street clouds, as a laser scanner would record them.

    The labels are codes of the class scheme shrec20. The same seed gives the same street.
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
    result = compare_statistics.simulate_and_compare(
        request, real, classes=classes, json_path=json_file, progress=console.progress
    )
    console.result(compare_statistics.text(result.facts))
    console.finish(result)
