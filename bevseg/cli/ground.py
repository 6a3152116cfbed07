"""`bevseg ground`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .console import Console


@click.command(cls=options.Stage)
@click.argument("work", metavar="WORK|CLOUD", type=click.Path(path_type=Path))
@options.output("DEM.tif", "With a CLOUD: the GeoTIFF to write.", required=False)
@options.products
@options.hillshade
@options.points
@options.ground_method
@options.cell
@options.config_of_work
@options.model("Take the settings of this model.", shipped=False)
@options.jobs
@options.on_error
@options.overwrite
def ground(
    console: Console,
    work: Path,
    output: Path | None,
    products: tuple[str, ...],
    hillshade: bool,
    points: Path | None,
    method: str | None,
    cell: float | None,
    config: str | None,
    model: Path | None,
    jobs: int,
    on_error: str,
    overwrite: bool,
) -> None:
    """Write the ground height per cell: dem.tif of every cloud in WORK, or one GeoTIFF for a CLOUD.

    Bands of the DEM: `height` in metres; `source`, 0 = measured here, 1 = interpolated, 2 = extrapolated, a guess;
    `distance` in metres to the nearest measured cell. All rasters are Cloud-Optimised GeoTIFFs.

    Beside dem.tif lie dsm.tif, ndsm.tif and dem_hillshade.png with its world file dem_hillshade.pgw: heights doubled,
    grey where the ground is measured, paler where interpolated, hatched where extrapolated. The names follow that of
    the DEM: scan_dsm.tif lies beside -o scan_dem.tif, and beside -o scan.tif.

    The method that was taken, and why, is printed for each cloud and stands in the tags of the rasters.

    \b
    Examples:
      bevseg ground work/
      bevseg ground scan.laz -o dem.tif --points ground.laz
      bevseg ground scan.laz -o dem.tif --products dem,dsm,ndsm --hillshade --cell 0.5
    """
    from bevseg.stages.ground import ground_cloud, ground_work, with_ground
    from bevseg.workdir.for_each import StageOptions
    from bevseg.workdir.ground_products import GroundProducts
    from bevseg.workdir.settings import settings_for

    if output is None and (points is not None or work.is_file()):
        raise click.UsageError("a single CLOUD needs -o DEM.tif")
    settings = with_ground(settings_for(work, config, model), method, cell)
    files = GroundProducts(products, hillshade, points)
    if output is not None:
        result = ground_cloud(work, output, settings, products=files, overwrite=overwrite)
    else:
        stage_options = StageOptions(overwrite, jobs, on_error, console.progress)
        result = ground_work(work, settings, products=files, options=stage_options)
    for stem, done in result.done.items():
        console.result(f"{stem}: {done.facts['method']}: {done.facts['why']}")
    console.finish(result)
