"""Each stage over the clouds of a work directory: the functions behind the commands of their names.

Every one reads what the stage before has written, calls the function that `bevseg run` calls on the same values,
and writes the result into the folder of the cloud.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bevseg import pipeline, report
from bevseg.atomic import refuse_existing, refuse_same, replacing
from bevseg.batch import Done, Outcome, each
from bevseg.bev.backproject import backproject
from bevseg.bev.ground import ground, height_above_ground
from bevseg.bev.rasterize import rasterize
from bevseg.config import RunConfig, Settings, SliceConfig, load
from bevseg.errors import InputError, UsageError
from bevseg.export import export
from bevseg.ingest import CloudFile, describe, find_clouds, ingest, sha256
from bevseg.io import geotiff, las
from bevseg.labels import load_scheme
from bevseg.names import FORMATS, SLICES
from bevseg.progress import Progress, Step, silent
from bevseg.seg.device import limit_threads, resolve
from bevseg.seg.losses import parse
from bevseg.seg.predict import predict
from bevseg.training import Example
from bevseg.workdir import GROUPS, Folder, folders, refuse_other, settings_of, settle


@dataclass(frozen=True)
class How:
    """How a stage goes over the clouds."""

    overwrite: bool = False
    jobs: int = RunConfig.jobs
    on_error: str = RunConfig.on_error
    progress: Progress = silent

    def each(self, task: str, work: Callable[..., Done], items: Sequence[Any]) -> Outcome:
        """Do the work on every item."""
        threads = max((os.cpu_count() or 1) // self.jobs, 1)
        return each(
            task,
            work,
            items,
            jobs=self.jobs,
            on_error=self.on_error,
            start=functools.partial(limit_threads, threads) if self.jobs > 1 else None,
            progress=self.progress,
        )


def ingest_clouds(
    paths: Sequence[Path], work: Path, *, classes: str | None = None, columns: str | None = None, how: How
) -> Outcome:
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
    work_on = functools.partial(_ingest, work=work, classes=classes, columns=columns, overwrite=how.overwrite)
    outcome = how.each("ingest", work_on, found.clouds)
    outcome.facts["passed_over"] = found.passed_over
    return outcome


def _ingest(
    file: CloudFile, *, work: Path, classes: str | None, columns: str | None, overwrite: bool
) -> Done:
    folder = Folder(work / file.stem)
    folder.refuse("ingest", overwrite=overwrite)
    cloud = ingest(file.path, scheme=load_scheme(classes) if classes else None, columns=columns)
    folder.begin("ingest")
    facts = describe(cloud, file.path) | {"scheme": classes, "columns": columns}
    return Done(folder.write_cloud(cloud, facts), len(cloud))


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
        return pipeline.load_model(model).settings
    return load(config) if config else settings_of(work)


def ground_work(work: Path, settings: Settings, *, how: How) -> Outcome:
    """Write the DEM of every cloud: `dem.tif`."""
    return _over(
        work, "ground", functools.partial(_ground, settings=settings), settings, ("ground", "raster"), how
    )


def _ground(folder: Folder, *, settings: Settings) -> Done:
    cloud = folder.read_cloud()
    return Done(folder.write_dem(ground(cloud, settings.raster.cell, settings.ground)), len(cloud))


def ground_cloud(
    path: Path, dem_path: Path, settings: Settings, *, points: Path | None = None, overwrite: bool = False
) -> Outcome:
    """Write the DEM of one cloud file and, if asked for, its points marked as ground (class 2) or not (class 1).

    Parameters
    ----------
    path
        The cloud.
    dem_path
        GeoTIFF to write.
    settings
        Groups `ground`, `slices` (the ground band) and `raster` (the cell) are used.
    points
        LAS or LAZ to write: the points in their order, with the extra dimension `height_above_ground`, m.
    overwrite
        Whether outputs may be replaced.
    """
    written = tuple(output for output in (dem_path, points) if output is not None)
    for output in written:
        refuse_existing(output, overwrite=overwrite)
        refuse_same(path, output)
    cloud = ingest(path)
    dem = ground(cloud, settings.raster.cell, settings.ground)
    geotiff.write(dem, dem_path)
    if points is not None:
        heights = height_above_ground(cloud, dem)
        is_ground = heights < settings.slices.ground_band
        with replacing(points, overwrite=overwrite) as temporary:
            las.write_ground(cloud, is_ground, heights, temporary)
    return Outcome(list(written), done={cloud.name: Done(written, len(cloud))})


def rasterize_work(work: Path, settings: Settings, *, how: How) -> Outcome:
    """Write the bands of both slices, and the label rasters of labelled clouds."""
    stage = functools.partial(_rasterize, settings=settings)
    return _over(work, "rasterize", stage, settings, ("slices", "raster"), how)


def _rasterize(folder: Folder, *, settings: Settings) -> Done:
    cloud, dem = folder.read_cloud(), folder.read_dem()
    bands = rasterize(cloud, dem, settings.slices, settings.raster)
    return Done(folder.write_bands(bands, pipeline.truth(cloud, dem, settings.slices)), len(cloud))


def train_work(
    work: Path,
    output: Path,
    settings: Settings,
    *,
    slices: Sequence[str] = SLICES,
    init: Path | None = None,
    val: Sequence[str] | None = None,
    seed: int = RunConfig.seed,
    device: str = RunConfig.device,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Outcome:
    """Train a model on the labelled clouds of a work directory.

    Parameters
    ----------
    work
        With `cloud.las` and `dem.tif` of every cloud.
    output
        The model to write; `history.csv` is written beside it.
    settings
        Of all stages; those of the work directory must agree.
    slices, val, seed, device, progress
        As for `pipeline.train`.
    init
        Model to start from; it also lends the networks of the slices that are not trained.
    overwrite
        Whether the model may be replaced.

    Raises
    ------
    LabelError
        If a cloud has no labels.
    UsageError
        If options or settings do not agree.
    """
    for path in (output, output.with_name(report.HISTORY)):
        refuse_existing(path, overwrite=overwrite)
    resolve(device)
    parse(settings.train.loss)
    start = pipeline.load_model(init) if init else None
    refuse_other(work, settings, GROUPS)
    examples = []
    for number, folder in enumerate(items := folders(work), 1):
        examples.append(Example(pipeline.labelled(folder.read_cloud()), folder.read_dem()))
        progress(Step("read the training clouds", number, len(items)))
    model, history = pipeline.train(
        examples, settings, val=val, slices=slices, init=start, seed=seed, device=device, progress=progress
    )
    written = report.write_trained(model, history, output)
    return Outcome(written, facts=model.scores)


def predict_work(work: Path, model: Path, *, device: str = RunConfig.device, how: How) -> Outcome:
    """Write class and confidence of every cell: `low_classes.tif`, `high_classes.tif`."""
    resolve(device)
    settings = pipeline.load_model(model).settings
    refuse_other(work, settings, ("slices", "raster"))
    return _over(work, "predict", functools.partial(_predict, model=model, device=device), settings, (), how)


def _predict(folder: Folder, *, model: Path, device: str) -> Done:
    trained = pipeline.load_model(model)
    bands = folder.read_bands()
    classes = {name: predict(raster, trained, name, device=device) for name, raster in bands.items()}
    return Done(folder.write_classes(classes))


def backproject_work(work: Path, *, how: How) -> Outcome:
    """Write class and confidence of every point: `labels.npz`."""
    settings = settings_of(work)
    stage = functools.partial(_backproject, slices=settings.slices)
    return _over(work, "backproject", stage, settings, (), how)


def _backproject(folder: Folder, *, slices: SliceConfig) -> Done:
    cloud = folder.read_cloud()
    labelling = backproject(cloud, folder.read_dem(), folder.read_classes(), slices)
    return Done(folder.write_labels(labelling), len(cloud))


def export_work(
    work: Path, out: Path, *, formats: Sequence[str] = (FORMATS[0],), out_classes: str | None = None, how: How
) -> Outcome:
    """Write the original files with the labels in them.

    Parameters
    ----------
    work
        Work directory with `labels.npz` of every cloud.
    out
        Directory of the labelled clouds, `<stem>.<format>`.
    formats
        Of `names.FORMATS`.
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
    return how.each("export", stage, folders(work))


def _export(
    folder: Folder, *, out: Path, formats: Sequence[str], out_classes: str | None, overwrite: bool
) -> Done:
    facts, labelling = folder.read_facts(), folder.read_labels()
    source = Path(facts["source"])
    targets = [out / f"{folder.stem}.{name}" for name in formats]
    for target in targets:
        refuse_existing(target, overwrite=overwrite)
        refuse_same(source, target)
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
    cloud = ingest(source, scheme=scheme, columns=facts["columns"])
    for target in targets:
        export(
            cloud,
            labelling,
            target,
            scheme=load_scheme(out_classes) if out_classes else None,
            overwrite=overwrite,
        )
    return Done(tuple(targets), len(cloud))


def _over(
    work: Path,
    stage: str,
    do: Callable[[Folder], Done],
    settings: Settings,
    groups: tuple[str, ...],
    how: How,
) -> Outcome:
    """Do a stage on every folder of a work directory, after all that can be refused before has been."""
    items = folders(work)
    missing = [folder for folder in items if not folder.holds(stage)]
    if not how.overwrite and not missing:
        items[0].refuse(stage, overwrite=False)
    settle(work, settings, groups, overwrite=how.overwrite)
    if how.overwrite:
        for folder in items:
            folder.begin(stage)
    return how.each(stage, functools.partial(_unless_done, stage=stage, do=do), items)


def _unless_done(folder: Folder, *, stage: str, do: Callable[[Folder], Done]) -> Done:
    folder.refuse(stage, overwrite=False)
    return do(folder)
