"""The stages in order, on values in memory: a cloud and a model in, the labels of its points out."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bevseg.bev.backproject import backproject
from bevseg.bev.consistency import consistent
from bevseg.bev.rasterize import label_rasters, rasterize
from bevseg.config import NO_TTA, PredictConfig, SliceConfig
from bevseg.core.metrics import Counts
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.core.raster import Raster
from bevseg.core.scores import count_labels
from bevseg.errors import LabelError
from bevseg.ground.find_ground import Ground, find_ground
from bevseg.runtime.progress import Stopwatch
from bevseg.seg import checkpoint
from bevseg.seg.checkpoint import Model
from bevseg.seg.inference.predict import predict


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
        Slice -> bands `class` and `confidence` of every cell, uint8.
    point_labels
        Class and confidence of every point.
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
    watch
        Measures the time of each stage.
    """
    settings, watch = model.settings, watch or Stopwatch()
    with watch("ground"):
        found = find_ground(cloud, settings.raster.cell, settings.ground)
    with watch("rasterize"):
        bands = rasterize(cloud, found.dem, settings.slices, settings.raster)
    with watch("predict"):
        classes = classify(bands, model, device=device, tta=tta)
    with watch("backproject"):
        point_labels = backproject(cloud, found.dem, classes, settings.slices)
    return StageOutputs(found, bands, classes, point_labels)


def classify(
    bands: Mapping[str, Raster], model: Model, *, device: str = "auto", tta: PredictConfig = NO_TTA
) -> dict[str, Raster]:
    """Return slice -> bands `class` and `confidence` that the networks predict, consistent between the slices."""
    predicted = {
        name: predict(raster, model, name, device=device, config=tta) for name, raster in bands.items()
    }
    return consistent(predicted, bands)


def oracle(cloud: PointCloud, dem: Raster, slices: SliceConfig) -> PointLabels:
    """Carry the true label of each cell back to the points: what perfect networks would reach."""
    sure = {
        name: dataclasses.replace(
            raster, names=("class", "confidence"), values=np.repeat(raster.values, 2, 0)
        )
        for name, raster in label_rasters(cloud, dem, slices).items()
    }
    return backproject(cloud, dem, sure, slices)


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
