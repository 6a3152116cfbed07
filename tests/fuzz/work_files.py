"""Small sound files of everything else that is read, as bytes, and how each is read."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
from collections.abc import Callable
from importlib import resources
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


def settings(folder: Path) -> list[bytes]:
    """Settings of `--config`, plain and in all forms of TOML."""
    plain = b"[raster]\ncell = 0.2\n[slices]\nsplit = 2.0\n[train]\nsteps = 10\nloss = 'lovasz_softmax'\n"
    forms = b'raster = { cell = 1e-1 }\nnet.filters = 0x10\n[ground]\nmethod = """smrf"""\n[train]\nsteps = 1_000\n'
    return [plain, forms]


def read_settings(path: Path) -> str:
    """Read settings as `--config` does."""
    from bevseg.config.tables import load

    load(str(path))
    return ""


def schemes(folder: Path) -> list[bytes]:
    """Class schemes."""
    return [
        resources.files("bevseg.schemes").joinpath(f"{name}.toml").read_bytes()
        for name in ("shrec20", "oakland", "asprs")
    ]


def read_scheme(path: Path) -> str:
    """Read a class scheme as `--classes` does, and use it."""
    from bevseg.core.labels import load_scheme
    from bevseg.errors import LabelError
    from bevseg.io import aux_xml, qgis

    scheme = load_scheme(str(path))
    scheme.decode(np.arange(-3, 300), where="")
    qgis.class_raster(scheme)
    aux_xml.class_names(scheme)
    with contextlib.suppress(LabelError):
        scheme.encode(np.arange(6, dtype=np.uint8))
    return ""


STUDY = """title = "A study"
task = "street"
note = "how it is done"
[settings]
slice = "low"
[axes]
seed = [0, 1]
loss = ["ce", { name = "later", loss = "dice", init = { loss = "ce" } }]
[[table]]
name = "all"
by = ["loss"]
where = { seed = 0 }
clear = 0.1
columns = ["miou"]
[[paper]]
at = { loss = "ce" }
mean = 0.279
"""


def studies(folder: Path) -> list[bytes]:
    """A study."""
    return [STUDY.encode()]


def read_study(path: Path) -> str:
    """Read a study, and list its runs."""
    from bevseg.study import plan

    plan.grid(plan.read_study(path), str(path))
    return ""


def model(folder: Path) -> list[bytes]:
    """A small model."""
    from bevseg.seg import checkpoint
    from tests.seg import scenes

    path = folder / "seed.safetensors"
    checkpoint.save(scenes.model(), path)
    return [path.read_bytes()]


def read_model(path: Path) -> str:
    """Read a model as every command does."""
    from bevseg.seg import checkpoint

    checkpoint.load(path)
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


CONDITIONS = {"bevseg": "1.0", "model": "0" * 64, "looks": {"flips": 1}, "options": {}, "schemes": {}}
DONE = {
    "source": "/scans/a.laz",
    "sha256": "1" * 64,
    "output_sha256": "2" * 64,
    "points": 3,
    "seconds": {"ground": 0.5},
    "outputs": {"cloud": "/out/a.laz"},
    "scores": None,
}


def reports(folder: Path) -> list[bytes]:
    """A report."""
    training = {"trained_on": ["a"], "sources": {"a": "/scans/a.laz"}}
    table = {"conditions": CONDITIONS, "training": training, "clouds": {"a": DONE, "b": DONE}, "failures": []}
    return [json.dumps(table, indent=1).encode(), json.dumps(table | {"training": None}).encode()]


def unfinished(folder: Path) -> list[bytes]:
    """The notes of a run that was ended."""
    lines = [{"training": {"trained_on": ["a"]}}]
    lines += [{"stem": stem, "conditions": CONDITIONS, "cloud": DONE} for stem in "ab"]
    return ["".join("\n" + json.dumps(line) for line in lines).encode()]


def read_in_output(path: Path, name: str) -> str:
    """Read a file under this name in the output of a run, as the next run does."""
    from bevseg.runner.conditions import differences
    from bevseg.runner.finished import others, read_earlier

    out = path.with_suffix("")
    out.mkdir(exist_ok=True)
    path.replace(out / name)
    (out / "a.laz").touch()
    earlier = read_earlier(out)
    others(earlier, out, ["b"])
    for record in earlier.records.values():
        differences(record.conditions, CONDITIONS)
    return ""
