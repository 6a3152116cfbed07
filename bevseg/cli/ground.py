"""`bevseg ground`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options, survey_options
from .console import Console


@click.command(cls=options.Stage)
@click.argument("work", metavar="WORK|CLOUD|SURVEY", type=click.Path(path_type=Path))
@options.output("DEM.tif", "The GeoTIFF to write for a CLOUD or a SURVEY.", required=False)
@options.products
@options.hillshade
@options.points
@options.ground_method
@options.cell
@options.config_of_work
@options.model("Use the settings of this model.", shipped=False)
@survey_options.recursive
@survey_options.scratch
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
    recursive: bool,
    scratch: Path | None,
    jobs: int,
    on_error: str,
    overwrite: bool,
) -> None:
    """Find the ground and write its height per cell: dem.tif for every cloud in WORK, or one GeoTIFF with -o.

    With -o, it is the ground of a CLOUD, or of a SURVEY: a directory of clouds that belong together. A large survey
    becomes tiles and a .vrt.

    The DEM has three bands. `height` is in metres. `source` is 0 where the ground was measured, 1 where it is
    interpolated, 2 where it is extrapolated (a guess). `distance` is the distance to the nearest measured cell in
    metres. All rasters are Cloud-Optimised GeoTIFFs.

    --products and --hillshade write dsm.tif, ndsm.tif and dem_hillshade.png with its world file dem_hillshade.pgw.
    The hillshade doubles the heights. Measured ground is grey, interpolated ground is paler, extrapolated ground is
    hatched. The names follow the DEM: -o scan_dem.tif and -o scan.tif both give scan_dsm.tif.

    The command prints the method it used for each cloud, and why. Both are also in the tags of the rasters.

    \b
    Examples:
      bevseg ground work/
      bevseg ground scan.laz -o dem.tif --points ground.laz
      bevseg ground survey/ -o dem.tif --recursive --jobs 4
      bevseg ground scan.laz -o dem.tif --products dem,dsm,ndsm --hillshade --cell 0.5
    """
    from bevseg.stages.ground import ground_cloud, ground_work, with_ground
    from bevseg.stages.ground_survey import ground_survey
    from bevseg.workdir.for_each import StageOptions
    from bevseg.workdir.ground_products import GroundProducts
    from bevseg.workdir.settings import settings_for

    if output is None and (points is not None or work.is_file()):
        raise click.UsageError("a single CLOUD needs -o DEM.tif")
    settings = with_ground(settings_for(work, config, model), method, cell)
    files = GroundProducts(products, hillshade, points)
    if output is not None and work.is_dir():
        if products != ("dem",) or hillshade or points is not None:
            raise click.UsageError("a SURVEY has a DEM alone: leave out --products, --hillshade and --points")
        result = ground_survey(
            [work],
            output,
            settings,
            recursive=recursive,
            scratch=scratch,
            jobs=jobs,
            overwrite=overwrite,
            progress=console.progress,
        )
        console.result(f"{output.name}: {result.facts['why']}")
        console.finish(result)
        return
    if output is not None:
        result = ground_cloud(work, output, settings, products=files, overwrite=overwrite)
    else:
        stage_options = StageOptions(overwrite, jobs, on_error, console.progress)
        result = ground_work(work, settings, products=files, options=stage_options)
    for stem, done in result.done.items():
        console.result(f"{stem}: {done.facts['method']}: {done.facts['why']}")
    console.finish(result)
