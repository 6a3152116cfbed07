"""The ground of a cloud -> its files: DEM, DSM, nDSM, hillshade, points. All of them are written, or none."""

from __future__ import annotations

import dataclasses
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bevseg.config import GroundConfig
from bevseg.config.names import PRODUCTS
from bevseg.core.heights import height_above_ground
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.errors import UsageError
from bevseg.ground.dsm import normalised, surface
from bevseg.ground.find_ground import Ground
from bevseg.ground.hillshade import hillshade
from bevseg.io import aux_xml, geotiff, png, qgis
from bevseg.io.las.writer import write_ground
from bevseg.runtime.atomic import ensure_absent, ensure_different, ensure_writable, replacing, write_text

DEM, DSM, NDSM = PRODUCTS
POINTS, HILLSHADE, WORLD, SYSTEM, STYLE = "points", "hillshade", "world", "system", "style"

SUFFIXES = {DEM: (".tif", ".tiff"), POINTS: (".las", ".laz")}
"""Output that the user names -> its suffixes. Each output has one format, whatever its name.
So no two outputs are the same file."""

UNITS = {"height": "m", "distance": "m", "height_above_ground": "m"}
"""Band -> unit: metres in any reference system; `source` has none."""

MEANING = {
    DEM: "bare ground; source 0 = measured here, 1 = interpolated, 2 = extrapolated",
    DSM: "highest return, in the datum of the cloud",
    NDSM: "DSM - DEM, 0 where the DSM is lower",
}
"""Raster -> description in its tags."""


@dataclass(frozen=True)
class GroundProducts:
    """The files to write for the ground of a cloud. The DEM is always one of them.

    Attributes
    ----------
    rasters
        Names from `names.PRODUCTS`.
    hillshade
        Whether to draw the ground, with a world file.
    points
        LAS or LAZ file of the points: class 2 is ground, 1 the rest; with heights above ground. None: no file.
    """

    rasters: tuple[str, ...] = (DEM,)
    hillshade: bool = False
    points: Path | None = None

    def paths(self, dem: Path) -> dict[str, Path]:
        """Return product -> path, given the path of the DEM.

        A name that ends in `dem` ends in the name of the product instead: `a_dem.tif` gives `a_dsm.tif`. Any other
        name gets it appended: `a.tif` gives `a_dsm.tif`. The hillshade and the style
        are named after the DEM that they show.
        """
        stem = dem.stem.removesuffix(DEM)
        stem = stem if stem != dem.stem else f"{stem}_"
        paths = {DEM: dem, STYLE: qgis.path_beside(dem)}
        paths |= {p: dem.with_name(f"{stem}{p}{dem.suffix}") for p in (DSM, NDSM) if p in self.rasters}
        if self.hillshade:
            picture = dem.with_name(f"{dem.stem}_hillshade.png")
            beside = {WORLD: picture.with_suffix(png.WORLD), SYSTEM: aux_xml.path_beside(picture)}
            paths |= {HILLSHADE: picture, **beside}
        return paths | ({POINTS: self.points} if self.points else {})

    def check_outputs(self, source: Path, dem: Path, *, overwrite: bool) -> None:
        """Check that every file can be written; called before any work.

        Parameters
        ----------
        source
            The input cloud.
        dem
            Path of the DEM.
        overwrite
            Whether files that exist may be replaced.

        Raises
        ------
        OutputExistsError
            If a file exists and may not be replaced.
        OutputWriteError
            If its directory cannot be written to.
        UsageError
            If an output is the input, or has a suffix of another format.
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


DEM_ONLY = GroundProducts()
ALL_PRODUCTS = GroundProducts(PRODUCTS, hillshade=True)
"""All files that are named after the DEM."""


def write_products(
    cloud: PointCloud, ground: Ground, dem: Path, config: GroundConfig, products: GroundProducts = DEM_ONLY
) -> tuple[Path, ...]:
    """Write the files of the ground of a cloud. Files that exist are replaced: all of them, or none.

    Parameters
    ----------
    cloud, ground
        The points and their ground.
    dem
        Path of the DEM; `GroundProducts.paths` gives the others.
    config
        The settings that found the ground. They go into the tags, with the method and the reason for it.
    products
        Which files to write.

    Returns
    -------
    tuple of Path
        The files.
    """
    paths = products.paths(dem)
    tags = {
        "BEVSEG_METHOD": ground.method,
        "BEVSEG_WHY": ground.why,
        "BEVSEG_SETTINGS": json.dumps(dataclasses.asdict(config)),
        "BEVSEG_HEIGHTS": "metres, whatever the unit of the reference system",
    }
    with ExitStack() as outputs:
        temporary = {name: outputs.enter_context(replacing(path)) for name, path in paths.items()}
        for name, raster in _rasters(cloud, ground.dem, products).items():
            about = tags | {"BEVSEG_PRODUCT": name, "TIFFTAG_IMAGEDESCRIPTION": MEANING[name]}
            geotiff.write(raster, temporary[name], units=UNITS, tags=about)
        write_text(qgis.single_band(ground.dem["height"]), temporary[STYLE])
        if products.hillshade:
            png.write(hillshade(ground.dem), temporary[HILLSHADE])
            png.write_world(ground.dem.grid, ground.dem.unit, temporary[WORLD])
            write_text(aux_xml.reference_system(ground.dem.crs), temporary[SYSTEM])
        if products.points:
            heights = height_above_ground(cloud, ground.dem)
            write_ground(cloud, ground.is_ground, heights, temporary[POINTS])
    return tuple(paths.values())


def _rasters(cloud: PointCloud, dem: Raster, products: GroundProducts) -> dict[str, Raster]:
    rasters = {DEM: dem}
    if {DSM, NDSM} & set(products.rasters):
        dsm = surface(cloud, dem)
        both = {DSM: dsm, NDSM: normalised(dsm, dem)}
        rasters |= {name: raster for name, raster in both.items() if name in products.rasters}
    return rasters
