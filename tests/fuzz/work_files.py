"""Small sound files of a work directory, as bytes, and how each is read."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bevseg.workdir.folder import Folder


def read_in_work(path: Path, name: str, read: Callable[[Folder], Any]) -> str:
    """Read a file under this name in the folder of a cloud."""
    folder = Folder(path.with_suffix("") / "cloud")
    folder.path.mkdir(parents=True, exist_ok=True)
    path.replace(folder.path / name)
    read(folder)
    return ""


def raster(folder: Path) -> list[bytes]:
    """A DEM with heights alone, and a raster of classes."""
    from bevseg.core.grid import Grid
    from bevseg.core.labels import load_scheme
    from bevseg.core.raster import Raster
    from bevseg.io import geotiff

    grid, made = Grid(0.2, 5, 9, 12, 20), []
    height = np.arange(240, dtype=np.float32).reshape(1, 12, 20)
    for number, (name, values, scheme) in enumerate(
        [("height", height, None), ("class", (height % 6).astype(np.uint8), load_scheme("asprs"))]
    ):
        path = folder / f"seed{number}.tif"
        geotiff.write(Raster(grid, (name,), values), path, scheme=scheme)
        made.append(path.read_bytes())
    return made


def read_raster(path: Path) -> str:
    """Read a raster of a work directory."""
    from bevseg.io import geotiff

    geotiff.read(path)
    return ""


def dem(folder: Path) -> list[bytes]:
    """DEMs with their three bands, of one tile and of several."""
    from bevseg.core.grid import Grid
    from bevseg.core.raster import Raster
    from bevseg.io import geotiff

    made = []
    for side in (12, 300):
        values = np.zeros((3, side, side), np.float32)
        values[0] = np.add.outer(np.arange(side), np.arange(side)) / 8
        path = folder / f"dem{side}.tif"
        geotiff.write(Raster(Grid(0.2, 5, 9, side, side), ("height", "source", "distance"), values), path)
        made.append(path.read_bytes())
    return made


def class_rasters(folder: Path) -> list[bytes]:
    """The classes of a slice."""
    return _classes(folder, "low_classes.tif")


def confidence_rasters(folder: Path) -> list[bytes]:
    """Their confidence."""
    return _classes(folder, "low_confidence.tif")


def _classes(folder: Path, name: str) -> list[bytes]:
    made = []
    for seed in range(2):
        work = Folder(folder / f"classes{seed}")
        _write_classes(work, seed)
        made.append((work.path / name).read_bytes())
    return made


def _write_classes(work: Folder, seed: int) -> None:
    from bevseg.core.grid import Grid
    from bevseg.core.labels import load_scheme
    from bevseg.core.raster import Raster

    values = np.random.default_rng(seed).integers(0, 6, (2, 12, 20)).astype(np.uint8)
    raster = Raster(Grid(0.2, 5, 9, 12, 20), ("class", "confidence"), values)
    work.path.mkdir(exist_ok=True)
    work.write_classes({"low": raster, "high": raster}, load_scheme("asprs") if seed else None)


def read_classes(folder: Folder) -> None:
    """Read a slice of which one file was changed, beside sound ones."""
    changed = next(folder.path.glob("low_*"))
    content = changed.read_bytes()
    if not (folder.path / "high_classes.tif").exists():
        _write_classes(folder, 0)
    changed.write_bytes(content)
    folder.read_classes()


def facts(folder: Path) -> list[bytes]:
    """The facts of a cloud in a work directory, and those of a source whose name is not UTF-8."""
    table = {"source": "/scans/a.laz", "sha256": "0" * 64, "scheme": None, "columns": None, "points": 3}
    other = table | {"source_uri": "file:///scans/%ff.laz", "scan": 2}
    return [json.dumps(table, indent=2).encode(), json.dumps(other).encode()]


def read_facts(folder: Folder) -> None:
    """Read them as a stage does, and the place of the source."""
    from bevseg.workdir.facts import source_of

    source_of(folder.read_facts(), folder.path)


def labels(folder: Path) -> list[bytes]:
    """The labels of a cloud in a work directory."""
    data = io.BytesIO()
    np.savez(data, classes=np.arange(40, dtype=np.uint8) % 6, confidence=np.full(40, 200, np.uint8))
    return [data.getvalue()]


def cloud(folder: Path) -> list[bytes]:
    """The cloud of a work directory: with labels and a reference system, and with neither."""
    from bevseg.core.pointcloud import Crs, PointCloud

    made = []
    xyz = np.random.default_rng(4).uniform([500_000, 5_400_000, 90], [500_030, 5_400_020, 95], (60, 3))
    ids = (np.arange(60) % 6).astype(np.uint8)
    crs = Crs('LOCAL_CS["site",UNIT["metre",1]]')
    for one in (PointCloud.from_xyz(xyz, ids, crs=crs), PointCloud.from_xyz(np.vstack([xyz, [np.nan] * 3]))):
        work = Folder(folder)
        work.write_cloud(one, {})
        made.append((folder / "cloud.las").read_bytes())
    return made


def read_cloud(folder: Folder) -> None:
    """Read it, and find the ground, as `bevseg ground` does."""
    from bevseg.config import NAMED
    from bevseg.ground.find_ground import find_ground

    found = NAMED["default"]
    find_ground(folder.read_cloud(), found.raster.cell, found.ground)


def warm_ground(path: Path) -> str:
    """Find the ground by each method."""
    from bevseg.config import NAMED
    from bevseg.core.pointcloud import PointCloud
    from bevseg.ground.find_ground import find_ground

    xyz = np.random.default_rng(0).uniform(0, 20, (500, 3))
    for method in ("smrf", "flat-zones"):
        config = dataclasses.replace(NAMED["default"].ground, method=method)
        find_ground(PointCloud.from_xyz(xyz), 0.2, config)
    return ""


def recorded(folder: Path) -> list[bytes]:
    """The settings that a work directory records."""
    from bevseg.config import NAMED
    from bevseg.workdir import settings

    settings.record_settings(folder, NAMED["default"], settings.GROUPS, overwrite=True)
    return [(folder / settings.SETTINGS_FILE).read_bytes()]


def read_recorded(path: Path) -> str:
    """Read them as a stage does, check them, and record others over them."""
    from bevseg.config import NAMED
    from bevseg.errors import UsageError
    from bevseg.workdir import settings

    work = path.with_suffix("")
    work.mkdir(exist_ok=True)
    path.replace(work / settings.SETTINGS_FILE)
    settings.settings_of(work)
    with contextlib.suppress(UsageError):
        settings.check_same_settings(work, NAMED["default"], settings.GROUPS)
    settings.record_settings(work, NAMED["default"], settings.GROUPS, overwrite=True)
    return ""
