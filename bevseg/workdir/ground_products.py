"""The ground of a cloud -> the files that were asked for: all of them appear, or none."""

from __future__ import annotations

import dataclasses
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bevseg.config import GroundConfig
from bevseg.config.names import PRODUCTS
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.errors import UsageError
from bevseg.ground.dsm import normalised, surface
from bevseg.ground.find import Ground, height_above_ground
from bevseg.ground.hillshade import hillshade
from bevseg.io import geotiff, png
from bevseg.io.las.writer import write_ground
from bevseg.runtime.atomic import ensure_absent, ensure_different, ensure_writable, replacing

DEM, DSM, NDSM = PRODUCTS
POINTS, HILLSHADE, WORLD = "points", "hillshade", "world"

SUFFIXES = {DEM: (".tif", ".tiff"), POINTS: (".las", ".laz")}
"""Output whose name is the user's -> its suffixes: each is written in one format, whatever it is called.
So no two outputs are one file."""

UNITS = {"height": "m", "distance": "m", "height_above_ground": "m"}
"""Band -> unit: metres, whatever the unit of the reference system; `source` counts kinds."""

MEANING = {
    DEM: "bare ground; source 0 = measured here, 1 = interpolated, 2 = extrapolated",
    DSM: "highest return, in the datum of the cloud",
    NDSM: "DSM - DEM, 0 where the DSM is lower",
}
"""What a raster says of itself."""


@dataclass(frozen=True)
class Asked:
    """What is wanted beside the DEM, which is always written.

    Attributes
    ----------
    products
        Of `names.PRODUCTS`.
    hillshade
        Whether to draw the ground.
    points
        LAS or LAZ for the points, ground (2) or not (1), with their height; None: none.
    """

    products: tuple[str, ...] = (DEM,)
    hillshade: bool = False
    points: Path | None = None

    def paths(self, dem: Path) -> dict[str, Path]:
        """Return what is written -> where, from the path of the DEM.

        `dem` at the end of its name gives way to the name of the product, `a_dem.tif` to `a_dsm.tif`; another name
        gets it appended. The hillshade is named after the DEM that it shows.
        """
        stem = dem.stem.removesuffix(DEM)
        stem = stem if stem != dem.stem else f"{stem}_"
        paths = {DEM: dem}
        paths |= {p: dem.with_name(f"{stem}{p}{dem.suffix}") for p in (DSM, NDSM) if p in self.products}
        if self.hillshade:
            picture = dem.with_name(f"{dem.stem}_hillshade.png")
            paths |= {HILLSHADE: picture, WORLD: picture.with_suffix(png.WORLD)}
        return paths | ({POINTS: self.points} if self.points else {})

    def refuse(self, source: Path, dem: Path, *, overwrite: bool) -> None:
        """Refuse outputs that exist, that are the input, or that bear a wrong suffix; called before any work.

        Raises
        ------
        OutputExistsError
            If one exists and may not be replaced.
        OutputWriteError
            If nothing can be written where one is to lie.
        UsageError
            If an output and the input are the same file, or a suffix is of another format.
        """
        paths = self.paths(dem)
        for name, suffixes in SUFFIXES.items():
            if name in paths and paths[name].suffix.lower() not in suffixes:
                raise UsageError(
                    f"No format of the {name} has the suffix {paths[name].suffix!r}",
                    where=paths[name],
                    hint=f"choose from {', '.join(suffixes)}",
                )
        for path in paths.values():
            ensure_different(source, path)
            ensure_absent(path, overwrite=overwrite)
            ensure_writable(path.parent)


DEM_ONLY = Asked()
EVERYTHING = Asked(PRODUCTS, hillshade=True)
"""All that can lie beside a DEM."""


def write(
    cloud: PointCloud, found: Ground, dem: Path, config: GroundConfig, asked: Asked = DEM_ONLY
) -> tuple[Path, ...]:
    """Write what was asked for; files of these names are replaced, all of them or none.

    Parameters
    ----------
    cloud, found
        Points and their ground.
    dem
        Path of the DEM; `Asked.paths` tells where the others go.
    config
        The settings that found the ground: they stand in the tags, with the method and why it was taken.
    asked
        Which files.

    Returns
    -------
    tuple
        The paths.
    """
    paths = asked.paths(dem)
    tags = {
        "BEVSEG_METHOD": found.method,
        "BEVSEG_WHY": found.why,
        "BEVSEG_SETTINGS": json.dumps(dataclasses.asdict(config)),
        "BEVSEG_HEIGHTS": "metres, whatever the unit of the reference system",
    }
    with ExitStack() as outputs:
        temporary = {name: outputs.enter_context(replacing(path)) for name, path in paths.items()}
        for name, raster in _rasters(cloud, found.dem, asked).items():
            about = tags | {"BEVSEG_PRODUCT": name, "TIFFTAG_IMAGEDESCRIPTION": MEANING[name]}
            geotiff.write(raster, temporary[name], units=UNITS, tags=about)
        if asked.hillshade:
            png.write(hillshade(found.dem), temporary[HILLSHADE])
            png.write_world(found.dem.grid, found.dem.unit, temporary[WORLD])
        if asked.points:
            heights = height_above_ground(cloud, found.dem)
            write_ground(cloud, found.is_ground, heights, temporary[POINTS])
    return tuple(paths.values())


def _rasters(cloud: PointCloud, dem: Raster, asked: Asked) -> dict[str, Raster]:
    rasters = {DEM: dem}
    if {DSM, NDSM} & set(asked.products):
        dsm = surface(cloud, dem)
        both = {DSM: dsm, NDSM: normalised(dsm, dem)}
        rasters |= {name: raster for name, raster in both.items() if name in asked.products}
    return rasters
