"""Each stage over the clouds of a work directory: the functions behind the commands of their names.

Every one reads what the stage before has written, calls the function that `bevseg run` calls on the same values,
and writes the result into the folder of the cloud.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

from bevseg.bev.backproject import backproject
from bevseg.bev.rasterize import label_rasters, rasterize
from bevseg.config import Settings, SliceConfig, load
from bevseg.core.labels import load_scheme
from bevseg.errors import InputError, UsageError
from bevseg.ground.find import Ground, find_ground
from bevseg.io import WRITTEN
from bevseg.io.find import CloudFile, find_clouds
from bevseg.io.read import describe, read_cloud, sha256
from bevseg.io.write import write_cloud
from bevseg.runtime.atomic import ensure_absent, ensure_different, ensure_not_all_exist
from bevseg.runtime.batch import BatchResult, CloudResult
from bevseg.workdir import ground_products as products
from bevseg.workdir.folder import Folder, folders, settings_of
from bevseg.workdir.for_each import StageOptions, for_each_folder


def ingest_clouds(
    paths: Sequence[Path],
    work: Path,
    *,
    classes: str | None = None,
    columns: str | None = None,
    how: StageOptions,
) -> BatchResult:
    """Read clouds into a work directory: `cloud.las` and `cloud.json`.

    Parameters
    ----------
    paths
        Files, or directories of files.
    work
        Work directory; made if missing.
    classes
        Scheme of the labels; None: that of the format.
    columns
        Columns of text clouds.
    how
        Overwrite, processes, errors, progress.
    """
    if classes:
        load_scheme(classes)
    found = find_clouds(list(paths))
    if not how.overwrite:
        ensure_not_all_exist([work / file.stem / "cloud.las" for file in found.clouds])
    work_on = functools.partial(_ingest, work=work, classes=classes, columns=columns, overwrite=how.overwrite)
    outcome = how.for_each_cloud("ingest", work_on, found.clouds)
    outcome.facts["passed_over"] = found.skipped
    return outcome


def _ingest(
    file: CloudFile, *, work: Path, classes: str | None, columns: str | None, overwrite: bool
) -> CloudResult:
    folder = Folder(work / file.stem)
    folder.refuse("ingest", overwrite=overwrite)
    cloud = read_cloud(file.path, scheme=load_scheme(classes) if classes else None, columns=columns)
    folder.begin("ingest")
    facts = describe(cloud, file.path) | {"scheme": classes, "columns": columns}
    return CloudResult(folder.write_cloud(cloud, facts), len(cloud))


def settings_for(work: Path, config: str | None, model: Path | None) -> Settings:
    """Return the settings of a stage: those asked for, those of a model, or those that the directory records.

    Raises
    ------
    UsageError
        If both are given.
    """
    if config is not None and model is not None:
        raise UsageError("A model brings its own settings", where="--config, -m", hint="give one of the two")
    if model is not None:
        # Only here: no other stage waits for torch.
        from bevseg.seg import checkpoint

        return checkpoint.load(model).settings
    return load(config) if config else settings_of(work)


def with_ground(settings: Settings, method: str | None, cell: float | None) -> Settings:
    """Return settings with another method or another cell (m) of the ground; None: as they are."""
    if method is not None:
        settings = dataclasses.replace(settings, ground=dataclasses.replace(settings.ground, method=method))
    if cell is not None:
        settings = dataclasses.replace(settings, raster=dataclasses.replace(settings.raster, cell=cell))
    return settings


def ground_work(
    work: Path, settings: Settings, *, asked: products.Asked = products.DEM_ONLY, how: StageOptions
) -> BatchResult:
    """Write the DEM of every cloud, `dem.tif`, and what is asked for beside it.

    Parameters
    ----------
    work
        Work directory.
    settings
        Groups `ground` and `raster` (the cell) are used.
    asked
        Files beside the DEM; points are not among them.
    how
        Overwrite, processes, errors, progress.

    Returns
    -------
    BatchResult
        What is done of each cloud has the facts `method` and `why`.
    """
    stage = functools.partial(_ground, settings=settings, asked=asked)
    return for_each_folder(work, "ground", stage, settings, ("ground", "raster"), how)


def _ground(folder: Folder, *, settings: Settings, asked: products.Asked) -> CloudResult:
    cloud = folder.read_cloud()
    found = find_ground(cloud, settings.raster.cell, settings.ground)
    written = folder.write_ground(cloud, found, settings.ground, asked)
    return CloudResult(written, len(cloud), _reasons(found))


def _reasons(found: Ground) -> dict[str, str]:
    return {"method": found.method, "why": found.why}


def ground_cloud(
    path: Path,
    dem_path: Path,
    settings: Settings,
    *,
    asked: products.Asked = products.DEM_ONLY,
    overwrite: bool = False,
) -> BatchResult:
    """Write the DEM of one cloud file, and what is asked for beside it.

    Parameters
    ----------
    path
        The cloud.
    dem_path
        GeoTIFF to write.
    settings
        Groups `ground` and `raster` (the cell) are used.
    asked
        Files beside the DEM: `Asked.paths` tells where. The points keep their order.
    overwrite
        Whether outputs may be replaced.

    Returns
    -------
    BatchResult
        What is done of the cloud has the facts `method` and `why`.
    """
    asked.refuse(path, dem_path, overwrite=overwrite)
    cloud = read_cloud(path)
    found = find_ground(cloud, settings.raster.cell, settings.ground)
    written = products.write(cloud, found, dem_path, settings.ground, asked)
    return BatchResult(list(written), done={cloud.name: CloudResult(written, len(cloud), _reasons(found))})


def rasterize_work(work: Path, settings: Settings, *, how: StageOptions) -> BatchResult:
    """Write the bands of both slices, and the label rasters of labelled clouds."""
    stage = functools.partial(_rasterize, settings=settings)
    return for_each_folder(work, "rasterize", stage, settings, ("slices", "raster"), how)


def _rasterize(folder: Folder, *, settings: Settings) -> CloudResult:
    cloud, dem = folder.read_cloud(), folder.read_dem()
    bands = rasterize(cloud, dem, settings.slices, settings.raster)
    truth = {} if cloud.labels is None else label_rasters(cloud, dem, settings.slices)
    return CloudResult(folder.write_bands(bands, truth), len(cloud))


def backproject_work(work: Path, *, how: StageOptions) -> BatchResult:
    """Write class and confidence of every point: `labels.npz`."""
    settings = settings_of(work)
    stage = functools.partial(_backproject, slices=settings.slices)
    return for_each_folder(work, "backproject", stage, settings, (), how)


def _backproject(folder: Folder, *, slices: SliceConfig) -> CloudResult:
    cloud = folder.read_cloud()
    point_labels = backproject(cloud, folder.read_dem(), folder.read_classes(), slices)
    return CloudResult(folder.write_labels(point_labels), len(cloud))


def export_work(
    work: Path,
    out: Path,
    *,
    formats: Sequence[str] = WRITTEN[:1],
    out_classes: str | None = None,
    how: StageOptions,
) -> BatchResult:
    """Write the original files with the labels in them.

    Parameters
    ----------
    work
        Work directory with `labels.npz` of every cloud.
    out
        Directory of the labelled clouds, `<stem>.<format>`.
    formats
        Of `bevseg.io.formats.written()`.
    out_classes
        Scheme of the codes; None: that of the format.
    how
        Overwrite, processes, errors, progress.
    """
    if out_classes:
        load_scheme(out_classes)
    stage = functools.partial(
        _export, out=out, formats=formats, out_classes=out_classes, overwrite=how.overwrite
    )
    items = folders(work)
    if not how.overwrite:
        ensure_not_all_exist([out / f"{folder.stem}.{formats[0]}" for folder in items])
    return how.for_each_cloud("export", stage, items)


def _export(
    folder: Folder, *, out: Path, formats: Sequence[str], out_classes: str | None, overwrite: bool
) -> CloudResult:
    facts, point_labels = folder.read_facts(), folder.read_labels()
    source = Path(facts["source"])
    targets = [out / f"{folder.stem}.{name}" for name in formats]
    for target in targets:
        ensure_absent(target, overwrite=overwrite)
        ensure_different(source, target)
    if not source.exists() or sha256(source) != facts["sha256"]:
        raise InputError(
            "The original of this cloud is not there any more"
            if not source.exists()
            else "The original has changed",
            where=source,
            why="its SHA-256 is not the one of cloud.json" if source.exists() else "no such file",
            hint="bring the file back, or run ingest again",
        )
    scheme = load_scheme(facts["scheme"]) if facts["scheme"] else None
    cloud = read_cloud(source, scheme=scheme, columns=facts["columns"])
    for target in targets:
        write_cloud(
            cloud,
            point_labels,
            target,
            scheme=load_scheme(out_classes) if out_classes else None,
            overwrite=overwrite,
        )
    return CloudResult(tuple(targets), len(cloud))
