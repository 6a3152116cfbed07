"""The work directory: one folder per cloud, one file per stage, in formats that common viewers open."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bevseg.bev.bands import bands as bands_of
from bevseg.config import GroundConfig
from bevseg.config.domains import Domain, Number, Text, checked, refusal
from bevseg.config.files import read_json
from bevseg.config.names import FEATURES, SLICES
from bevseg.core.grid import Grid
from bevseg.core.labels import Scheme, load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.core.raster import Raster
from bevseg.errors import CloudNotFoundError, InputError
from bevseg.ground.find_ground import Ground
from bevseg.io import aux_xml, geotiff, qgis
from bevseg.io.las import working_copy
from bevseg.runtime.atomic import ensure_absent, replacing, write_json, write_text
from bevseg.workdir import labels_file
from bevseg.workdir.checks import ensure_bands, ensure_covers, ensure_same_grid, ensure_train_ids
from bevseg.workdir.ground_products import ALL_PRODUCTS, DEM_ONLY, GroundProducts, write_products
from bevseg.workdir.settings import AGAIN

CLASS_RASTER = (".tif", qgis.SUFFIX, f".tif{aux_xml.SUFFIX}")
"""Ends of the names of a raster of classes, of its style, and of the names of its codes."""

TRAIN_IDS = "shrec20"
"""Scheme whose codes are the train ids."""

DEM_BANDS = ("height", "source", "distance")

STAGES: dict[str, tuple[str, ...]] = {
    "ingest": ("cloud.las", "cloud.json"),
    "ground": ("dem.tif", "dem.qml"),
    "rasterize": tuple(f"{name}.tif" for name in SLICES)
    + tuple(f"{name}_labels{end}" for name in SLICES for end in CLASS_RASTER),
    "predict": tuple(f"{name}_classes{end}" for name in SLICES for end in CLASS_RASTER)
    + tuple(f"{name}_{band}.tif" for name in SLICES for band in ("confidence", "reason")),
    "backproject": ("labels.npz",),
}
"""Stage -> files that it writes into the folder of a cloud, in the order of the pipeline."""

OPTIONAL_FILES = {
    "ground": tuple(path.name for path in ALL_PRODUCTS.paths(Path("dem.tif")).values())[2:],
}
"""Stage -> files that it writes on request; no other stage reads them."""

# A path cannot hold NUL; of the surrogates only those that stand for bytes which are no UTF-8.
_PATH = "[^\\x00\\ud800-\\udc7f\\udd00-\\udfff]+"

FACTS: dict[str, Domain] = {
    "source": Text("the path of the file that was read", pattern=_PATH),
    "sha256": Text("its SHA-256, 64 hexadecimal digits", pattern="[0-9a-f]{64}"),
    "scheme": Text("the class scheme of its labels, or null", pattern=_PATH, optional=True),
    "columns": Text("the names of its columns, or null", optional=True),
    "scan": Number(least=1, most=1_000_000, whole=True, optional=True),
}
"""Key of `cloud.json` that a later stage reads -> its values."""

UNITS = {
    band.name: band.unit for features in FEATURES for table in bands_of(features).values() for band in table
}
"""Band of a slice -> unit, for people."""


@dataclass(frozen=True)
class Folder:
    """The files of one cloud."""

    path: Path

    @property
    def stem(self) -> str:
        """Name of the cloud."""
        return self.path.name

    def ensure_absent(self, stage: str, *, overwrite: bool) -> None:
        """Raise OutputExistsError if a file of the stage exists and may not be replaced; called before any work."""
        for name in STAGES[stage] + OPTIONAL_FILES.get(stage, ()):
            ensure_absent(self.path / name, overwrite=overwrite)

    def has(self, *names: str) -> bool:
        """Return whether files of these names exist."""
        return all((self.path / name).exists() for name in names)

    def invalidate_from(self, stage: str) -> None:
        """Remove the files of a stage and of all later stages: old results must not outlive new input."""
        stages = list(STAGES)
        for later in stages[stages.index(stage) :]:
            for name in STAGES[later] + OPTIONAL_FILES.get(later, ()):
                (self.path / name).unlink(missing_ok=True)

    def write_cloud(self, cloud: PointCloud, facts: Mapping[str, Any]) -> tuple[Path, ...]:
        """Write `cloud.las` and `cloud.json`."""
        las_path, json_path = self.path / "cloud.las", self.path / "cloud.json"
        with replacing(las_path) as temporary:
            working_copy.write(cloud, temporary)
        write_json(facts, json_path)
        return las_path, json_path

    def read_cloud(self) -> PointCloud:
        """Read `cloud.las`."""
        return dataclasses.replace(working_copy.read(self._existing("cloud.las", "ingest")), name=self.stem)

    def read_facts(self) -> dict[str, Any]:
        """Read `cloud.json`.

        Raises
        ------
        InputError
            If it is no JSON table, or a value that a later stage reads is missing or cannot be.
        """
        path = self._existing("cloud.json", "ingest")
        facts = {"scan": None} | read_json(path, hint=AGAIN)  # older ones do not say
        known, faults = checked(FACTS, facts)
        if faults:
            raise refusal(faults, path, InputError, AGAIN)
        return facts | known

    def write_ground(
        self,
        cloud: PointCloud,
        found: Ground,
        config: GroundConfig,
        products: GroundProducts = DEM_ONLY,
    ) -> tuple[Path, ...]:
        """Write `dem.tif` and the other files of `products`."""
        return write_products(cloud, found, self.path / "dem.tif", config, products)

    def read_dem(self, cloud: PointCloud | None = None) -> Raster:
        """Read `dem.tif`.

        Raises
        ------
        InputError
            If it is no DEM, or if a point of `cloud` lies outside of it.
        """
        path = self._existing("dem.tif", "ground")
        dem = ensure_bands(geotiff.read(path), DEM_BANDS, "float32", path, "ground")
        return dem if cloud is None else ensure_covers(dem, cloud, path)

    def write_bands(self, bands: Mapping[str, Raster], labels: Mapping[str, Raster]) -> tuple[Path, ...]:
        """Write `low.tif`, `high.tif` and, for a labelled cloud, `low_labels.tif`, `high_labels.tif`."""
        written = self._write(bands, units=UNITS)
        return written + self._write_classes({f"{s}_labels": r for s, r in labels.items()})

    def read_bands(self) -> dict[str, Raster]:
        """Read `low.tif` and `high.tif`, by slice; InputError if they are no bands of one grid."""
        paths = {name: self._existing(f"{name}.tif", "rasterize") for name in SLICES}
        found = {name: geotiff.read(path) for name, path in paths.items()}
        grid = found[SLICES[0]].grid
        for name, raster in found.items():
            ensure_bands(raster, (), "float32", paths[name], "rasterize")
            ensure_same_grid(raster, grid, paths[name], "rasterize")
        return found

    def write_classes(self, classes: Mapping[str, Raster], scheme: Scheme | None = None) -> tuple[Path, ...]:
        """Write class, confidence and reason of every cell, a file each.

        Parameters
        ----------
        classes
            Slice -> raster with the bands `class` (train ids), `confidence` and `reason`.
        scheme
            Which codes the files of the classes hold; None: the train ids.

        Raises
        ------
        LabelError
            If the scheme has no code for a class that occurs.
        """
        written = self._write_classes({f"{s}_classes": _band(r, "class") for s, r in classes.items()}, scheme)
        for band in ("confidence", "reason"):
            of_slices = {f"{s}_{band}": _band(r, band) for s, r in classes.items() if band in r.names}
            written += self._write(of_slices)
        return written

    def read_classes(self, grid: Grid | None = None) -> dict[str, Raster]:
        """Read what `write_classes` wrote, in train ids; both bands may also stand in one file, as they once did.

        Raises
        ------
        InputError
            If they are no rasters of train ids, or do not lie on the grid.
        """
        paths = {name: self._existing(f"{name}_classes.tif", "predict") for name in SLICES}
        return {name: self._classes(name, path, grid) for name, path in paths.items()}

    def _classes(self, name: str, path: Path, grid: Grid | None) -> Raster:
        raster = ensure_bands(geotiff.read(path), ("class",), "uint8", path, "predict")
        ensure_train_ids(raster, path, "predict")
        if grid is not None:
            ensure_same_grid(raster, grid, path, "predict")
        if "confidence" not in raster.names:
            raster = self._with_band(name, raster, "confidence")
        has_reasons = (self.path / f"{name}_reason.tif").exists()  # older work directories have none
        return self._with_band(name, raster, "reason") if has_reasons else raster

    def _with_band(self, name: str, classes: Raster, band: str) -> Raster:
        path = self._existing(f"{name}_{band}.tif", "predict")
        added = ensure_bands(geotiff.read(path), (band,), "uint8", path, "predict")
        if added.grid != classes.grid:
            raise InputError(
                f"Class and {band} have other cells",
                where=path,
                why=f"{added.grid} and {classes.grid}",
                hint="run predict again",
            )
        values = np.concatenate([classes.values, added[band][None]])
        return dataclasses.replace(classes, names=(*classes.names, band), values=values)

    def write_labels(self, point_labels: PointLabels) -> tuple[Path, ...]:
        """Write `labels.npz`."""
        path = self.path / "labels.npz"
        labels_file.write(point_labels, path)
        return (path,)

    def read_labels(self) -> PointLabels:
        """Read `labels.npz`."""
        return labels_file.read(self._existing("labels.npz", "backproject"))

    def _write(
        self, rasters: Mapping[str, Raster], units: Mapping[str, str] | None = None
    ) -> tuple[Path, ...]:
        paths = {name: self.path / f"{name}.tif" for name in rasters}
        for name, raster in rasters.items():
            geotiff.write(raster, paths[name], units=units)
        return tuple(paths.values())

    def _write_classes(self, rasters: Mapping[str, Raster], scheme: Scheme | None = None) -> tuple[Path, ...]:
        """Write rasters of train ids, each with its style and the names of its codes beside it."""
        scheme = scheme or load_scheme(TRAIN_IDS)
        written: list[Path] = []
        for name, raster in rasters.items():
            path = self.path / f"{name}.tif"
            geotiff.write(raster, path, scheme=scheme)
            written.append(path)
            beside = {
                qgis.path_beside(path): qgis.class_raster(scheme),
                aux_xml.path_beside(path): aux_xml.class_names(scheme),
            }
            for other, text in beside.items():
                write_text(text, other)
                written.append(other)
        return tuple(written)

    def _existing(self, name: str, stage: str) -> Path:
        path = self.path / name
        if not path.is_file():
            raise CloudNotFoundError(
                f"No {name} for cloud {self.stem!r}",
                where=self.path,
                hint=f"run `bevseg {stage} {self.path.parent}` first",
            )
        return path


def _band(raster: Raster, name: str) -> Raster:
    """Return a raster with this band alone."""
    return dataclasses.replace(raster, names=(name,), values=raster[name][None])


def folders(work: Path) -> list[Folder]:
    """Return the folders of a work directory, by name.

    Raises
    ------
    CloudNotFoundError
        If there are none.
    """
    found = [Folder(path.parent) for path in sorted(work.glob("*/cloud.las"))] if work.is_dir() else []
    if not found:
        raise CloudNotFoundError(
            "Not a work directory with clouds",
            where=work,
            why="it has no <stem>/cloud.las" if work.is_dir() else "there is no such directory",
            hint="fill one with `bevseg ingest CLOUDS -o WORK`",
        )
    return found
