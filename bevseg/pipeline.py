"""The stages in order, on values in memory: a cloud and a model in, the labels of its points out."""

from __future__ import annotations

import dataclasses
import functools
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bevseg.bev.backproject import backproject
from bevseg.bev.bands import surroundings
from bevseg.bev.consistency import REACH, consistent
from bevseg.bev.doubt import with_reasons
from bevseg.bev.rasterize import label_rasters, rasterize
from bevseg.bev.slices import SliceLimits, limits_of
from bevseg.config import NO_TTA, PredictConfig, SliceConfig
from bevseg.core.blocks import Block, Blocks, PointsByBlock
from bevseg.core.grid import Grid
from bevseg.core.labels import PROBABILITY_BANDS
from bevseg.core.metrics import Counts
from bevseg.core.pointcloud import Crs, PointCloud, PointLabels
from bevseg.core.raster import Raster, tile_of
from bevseg.core.reasons import NONE, UNLIKE, of_unlike
from bevseg.core.scan_counts import ScanCounts, scan_counts, scan_statistics
from bevseg.core.scan_ranges import show_ranges, unlike, warning
from bevseg.core.scores import count_labels
from bevseg.core.tiles import cut
from bevseg.errors import InputError, LabelError
from bevseg.ground.find_ground import Ground, find_ground, find_ground_by_block
from bevseg.runtime.progress import Stopwatch
from bevseg.seg import checkpoint
from bevseg.seg.checkpoint import Model
from bevseg.seg.inference.predict import occupied, predict, tiling_of


def load_model(path: Path) -> Model:
    """Load a model once per process, however many clouds use it."""
    return _loaded(path, path.stat().st_mtime_ns if path.exists() else 0)


@functools.lru_cache(maxsize=1)
def _loaded(path: Path, stamp: int) -> Model:
    return checkpoint.load(path)


@dataclass(frozen=True)
class StageOutputs:
    """The outputs of all stages for one cloud.

    Attributes
    ----------
    ground
        The DEM, the ground points, and the method that found them.
    bands
        Slice -> bands that the network reads, float32.
    classes
        Slice -> bands `class`, `confidence` and `reason` of every cell, uint8; and `PROBABILITY_BANDS`, if they were
        asked for.
    point_labels
        Class, confidence and reason of every point.
    """

    ground: Ground
    bands: dict[str, Raster]
    classes: dict[str, Raster]
    point_labels: PointLabels

    @property
    def dem(self) -> Raster:
        """The DEM of the ground."""
        return self.ground.dem


def label(
    cloud: PointCloud,
    model: Model,
    *,
    device: str = "auto",
    tta: PredictConfig = NO_TTA,
    probabilities: bool = False,
    watch: Stopwatch | None = None,
) -> StageOutputs:
    """Label every point of a cloud with a trained model.

    Parameters
    ----------
    cloud
        The points. Labels they already have do not matter.
    model
        Networks, and the settings they were trained with.
    device
        Device of the networks, such as `cpu` or `cuda:0`; `auto` uses the GPU if there is one.
    tta
        Test-time augmentation, and whether a CRF follows.
    probabilities
        Whether cells and points get the probabilities of all classes.
    watch
        Measures the time of each stage.
    """
    settings, watch = model.settings, watch or Stopwatch()
    with watch("ground"):
        found = find_ground(cloud, settings.raster.cell, settings.ground)
    is_unlike = show_ranges(model.scans) and warn_unlike(
        cloud.name, scan_counts(cloud, found.dem, settings.slices.ground_band), model
    )
    options: dict[str, Any] = {"device": device, "tta": tta, "probabilities": probabilities, "watch": watch}
    return label_above(cloud, found, model, is_unlike=is_unlike, **options)


def label_above(
    cloud: PointCloud,
    ground: Ground,
    model: Model,
    *,
    device: str = "auto",
    tta: PredictConfig = NO_TTA,
    probabilities: bool = False,
    is_unlike: bool = False,
    watch: Stopwatch | None = None,
) -> StageOutputs:
    """Label every point of a cloud whose ground is found; the cloud is not compared with those of the training.

    Parameters
    ----------
    cloud, model, device, tta, probabilities, watch
        As for `label`.
    ground
        Of the cloud, with the settings of the model.
    is_unlike
        Whether the cloud was found to be unlike those of the training: a reason to doubt its classes.
    """
    settings, watch = model.settings, watch or Stopwatch()
    with watch("rasterize"):
        bands = rasterize(cloud, ground.dem, settings.slices, settings.raster)
    with watch("predict"):
        classes = classify(bands, model, device=device, tta=tta, probabilities=probabilities)
    with watch("backproject"):
        if is_unlike:
            classes = cells_of_unlike(classes)
        point_labels = backproject(cloud, ground.dem, classes, settings.slices)
        if is_unlike:
            point_labels = points_of_unlike(point_labels)
    return StageOutputs(ground, bands, classes, point_labels)


def cells_of_unlike(classes: Mapping[str, Raster]) -> dict[str, Raster]:
    """Return the class rasters of a cloud that is unlike those of the training, with that as a reason to doubt them.

    Parameters
    ----------
    classes
        Slice -> raster with bands `class` and `reason`, as from `classify`. Cells without a class get the reason as
        well: so the rasters of a sparse cloud, whose cells all have few points, say it too.
    """
    found = {}
    for name, raster in classes.items():
        values = raster.values.copy()
        reasons = values[raster.names.index("reason")]
        reasons[reasons == NONE] = UNLIKE
        found[name] = dataclasses.replace(raster, values=values)
    return found


def points_of_unlike(labels: PointLabels) -> PointLabels:
    """Return the labels of a cloud, or a part of one, that is unlike those of the training, with that as a reason."""
    assert labels.reasons is not None  # backproject gives them
    return dataclasses.replace(labels, reasons=of_unlike(labels.reasons, labels.classes))


def label_survey(
    clouds: Sequence[PointCloud],
    model: Model,
    *,
    device: str = "auto",
    tta: PredictConfig = NO_TTA,
    probabilities: bool = False,
) -> list[PointLabels]:
    """Label the points of clouds that belong together, block by block.

    A block is computed from its own points and those around it, whatever clouds they are in. So the labels do not
    depend on how the survey was cut into clouds. A single cloud gets the labels that `label` gives it.

    Parameters
    ----------
    clouds
        Clouds of one reference system, in any order.
    model, device, tta, probabilities
        As for `label`.

    Returns
    -------
    list
        Class, confidence and reason of the points of each cloud.

    Raises
    ------
    InputError
        If the clouds have different reference systems.
    """
    settings = model.settings
    points = PointsByBlock(Blocks.of(settings.raster.cell), ensure_one_system(clouds))
    for number, cloud in enumerate(clouds):
        points.add(cloud, number)
    limits = limits_of(clouds, settings.slices)
    dems = {block: found.dem for block, found in find_ground_by_block(points, settings.ground).items()}
    strange = _warn_of_survey(clouds, points, dems, model) if show_ranges(model.scans) else set()
    rows = 3 + probabilities * len(PROBABILITY_BANDS)
    found = [np.zeros((rows, len(cloud)), np.uint8) for cloud in clouds]
    options: dict[str, Any] = {"device": device, "tta": tta, "probabilities": probabilities}
    for block in points:
        labels = label_block(points, block, dems, limits, model, **options).point_labels
        assert labels.reasons is not None  # backproject gives them
        shares = () if labels.probabilities is None else labels.probabilities
        own_rows = (labels.classes, labels.confidence, labels.reasons, *shares)
        start = 0
        for segment in points.segments(block):
            own = slice(start, start + len(segment.indices))
            for into, values in zip(found[segment.cloud], own_rows, strict=True):
                into[segment.indices] = values[own]
            start = own.stop
    made = [
        PointLabels(each[0], each[1], reasons=each[2], probabilities=each[3:] if probabilities else None)
        for each in found
    ]
    return [points_of_unlike(each) if number in strange else each for number, each in enumerate(made)]


def warn_unlike(name: str, counts: ScanCounts, model: Model, training: str = "bevseg.train") -> bool:
    """Warn if a scan is unlike those that a model was trained on; return whether it is.

    Parameters
    ----------
    name
        Of the cloud.
    counts
        Of the cloud, or of all blocks that it has points in.
    model
        The model. If it knows too little of what its training clouds were like, nothing is said.
    training
        What trains on, where the warning is read.
    """
    found = unlike(scan_statistics(counts), model.scans)
    if found:
        warnings.warn(warning(name or "the cloud", found, training), stacklevel=_stacklevel())
    return bool(found)


def _stacklevel() -> int:
    """Return the stacklevel, in the function that calls this one, of the first line outside of bevseg."""
    level, frame = 1, sys._getframe(1)
    package = __name__.partition(".")[0]
    while frame.f_back and str(frame.f_globals.get("__name__")).partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    return level


def _warn_of_survey(
    clouds: Sequence[PointCloud], points: PointsByBlock, dems: Mapping[Block, Raster], model: Model
) -> set[int]:
    """Warn of the clouds of a survey that are unlike those of the training, by the blocks that each lies in.

    Their numbers are returned.
    """
    total: dict[int, ScanCounts] = {}
    for block in points:
        counts = scan_counts(points.of(block), dems[block], model.settings.slices.ground_band)
        for number in {segment.cloud for segment in points.segments(block)}:
            total[number] = total.get(number, 0) + counts
    return {
        number
        for number, counts in sorted(total.items())
        if warn_unlike(clouds[number].name or f"cloud {number + 1}", counts, model)
    }


def ensure_one_system(clouds: Sequence[PointCloud]) -> Crs | None:
    """Return the reference system of all clouds, or raise InputError if there are several."""
    systems = {cloud.crs: cloud for cloud in reversed(clouds)}
    if len(systems) > 1:
        names = " and ".join(cloud.name or "a cloud" for cloud in list(systems.values())[:2])
        raise InputError(
            "The clouds of a survey have different reference systems",
            where=names,
            why=f"there are {len(systems)} among {len(clouds)} clouds",
            hint="label the clouds of each system apart",
        )
    return next(iter(systems), None)


@dataclass(frozen=True)
class BlockOutputs:
    """The outputs of the stages for a block.

    Attributes
    ----------
    dem
        Of the block and what the networks see around it.
    bands
        Slice -> bands that the network reads, on the same grid.
    point_labels
        Class, confidence and reason of the points of the block, in their order.
    """

    dem: Raster
    bands: dict[str, Raster]
    point_labels: PointLabels


def label_block(
    points: PointsByBlock,
    block: Block,
    dems: Mapping[Block, Raster],
    limits: SliceLimits,
    model: Model,
    *,
    device: str = "auto",
    tta: PredictConfig = NO_TTA,
    probabilities: bool = False,
    watch: Stopwatch | None = None,
) -> BlockOutputs:
    """Label the points of a block of a survey.

    Parameters
    ----------
    points
        Those of the survey; only those of the block and within `reach_of` the model matter.
    block
        The block.
    dems
        DEM of the block and of those within `reach_of` the model that hold points.
    limits
        Slabs of the survey.
    model, device, tta, probabilities, watch
        As for `label`.
    """
    settings, watch = model.settings, watch or Stopwatch()
    reach = reach_of(model, tta)
    with watch("rasterize"):
        dem = points.layout.join(dems, points.layout.grid(block, round(reach / settings.raster.cell)))
        near = points.around(block, reach)
        bands = rasterize(near, dem, settings.slices, settings.raster, limits=limits)
        del near  # as large as all points of the block
    with watch("predict"):
        wanted = points.layout.grid(block)
        classes = classify(bands, model, wanted=wanted, device=device, tta=tta, probabilities=probabilities)
    with watch("backproject"):
        labels = backproject(points.of(block), dem, classes, settings.slices, limits=limits)
    return BlockOutputs(dem, bands, labels)


def reach_of(model: Model, tta: PredictConfig = NO_TTA) -> float:
    """Return how far around a block its labels depend on points, m."""
    tiling = tiling_of(model, model.bands, tta)
    raster = model.settings.raster
    return (tiling.margin + tiling.multiple + surroundings(raster.features)) * raster.cell


def classify(
    bands: Mapping[str, Raster],
    model: Model,
    *,
    wanted: Grid | None = None,
    device: str = "auto",
    tta: PredictConfig = NO_TTA,
    probabilities: bool = False,
) -> dict[str, Raster]:
    """Return slice -> bands `class`, `confidence` and `reason`: what the networks predict, consistent between slices.

    With `probabilities`, `PROBABILITY_BANDS` stand before the reason. The rasters are cut into tiles that lie fixed
    in the world. So the classes of a cell depend on what is around it, and not on where the rasters end. Cells
    outside of `wanted` are left at 0; None: all are wanted.
    """
    grid = next(iter(bands.values())).grid
    names = ("class", "confidence", *(PROBABILITY_BANDS if probabilities else ()), "reason")
    found = {name: np.zeros((len(names), *grid.shape), np.uint8) for name in bands}
    seen = np.logical_or.reduce([occupied(raster) for raster in bands.values()])
    asked = seen if wanted is None else seen & grid.mask_of(wanted)
    for tile in cut(asked, seen, tiling_of(model, bands, tta), first=(-grid.north - 1, grid.west)):
        pieces = {name: tile_of(raster, tile) for name, raster in bands.items()}
        part = tile.core(REACH)
        predicted = {
            name: predict(
                piece, model, name, device=device, config=tta, part=part, probabilities=probabilities
            )
            for name, piece in pieces.items()
        }
        for name, raster in with_reasons(consistent(predicted, pieces), pieces).items():
            tile.put(raster.values, found[name])
    return {name: Raster(grid, names, found[name], raster.crs, raster.unit) for name, raster in bands.items()}


def oracle(
    cloud: PointCloud, dem: Raster, slices: SliceConfig, *, limits: SliceLimits | None = None
) -> PointLabels:
    """Carry the true label of each cell back to the points: what perfect networks would reach."""
    sure = {
        name: dataclasses.replace(
            raster, names=("class", "confidence"), values=np.repeat(raster.values, 2, 0)
        )
        for name, raster in label_rasters(cloud, dem, slices, limits=limits).items()
    }
    return backproject(cloud, dem, sure, slices, limits=limits)


def truth(cloud: PointCloud, dem: Raster, slices: SliceConfig) -> dict[str, Raster]:
    """Return slice -> true label of each cell; empty for a cloud without labels."""
    return label_rasters(cloud, dem, slices) if is_labelled(cloud) else {}


def is_labelled(cloud: PointCloud) -> bool:
    """Return whether any point has a class."""
    return cloud.labels is not None and bool(cloud.labels.any())


def ensure_labelled(cloud: PointCloud) -> PointCloud:
    """Return the cloud, or raise LabelError if it has no labels to learn from."""
    if is_labelled(cloud):
        return cloud
    raise LabelError(
        "A cloud without labels cannot be trained on",
        where=cloud.name,
        hint="name its class scheme with --classes, or remove it from the folder",
    )


def matrix(cloud: PointCloud, point_labels: PointLabels) -> Counts:
    """Count true against predicted class over the points of a labelled cloud."""
    if cloud.labels is None:
        raise LabelError("A cloud without labels cannot be scored", where=cloud.name)
    return count_labels(cloud.labels, point_labels.classes, cloud.name)
