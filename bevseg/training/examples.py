"""Labelled clouds and their DEMs -> the crops and rasters that networks learn from.

`seg/` knows no points and `bev/` no networks: here the crops of the one are made for the training of the other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg import pipeline
from bevseg.bev.crops import CropSampler
from bevseg.bev.rasterize import label_rasters, rasterize
from bevseg.bev.sampling import EvenClasses, sampling
from bevseg.config import Settings
from bevseg.core.grid import Grid
from bevseg.core.labels import CLASS_NAMES, VEGETATION
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.errors import InputError, LabelError
from bevseg.ground.find_ground import find_ground
from bevseg.seg.checkpoint import Model
from bevseg.seg.training.batches import Sampler
from bevseg.seg.training.validate import Scene


@dataclass(frozen=True)
class Example:
    """A labelled cloud and its DEM.

    Attributes
    ----------
    cloud, dem
        Points with labels; the ground below them.
    scored
        Of a block that is held out: its cells. The points around it have no labels. None for whole clouds.
    """

    cloud: PointCloud
    dem: Raster
    scored: Grid | None = None

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of points of each train id."""
        assert self.cloud.labels is not None  # `prepare_example` has checked it
        return np.bincount(self.cloud.labels, minlength=len(CLASS_NAMES))


@dataclass(frozen=True)
class ExtraSupervision:
    """What networks learn from beside labels.

    Attributes
    ----------
    teacher
        Model whose predictions are learned. It reads the same rasters; its networks may be larger.
    unlabelled
        Clouds and DEMs for crops without labels; labels that they have are not used.
    """

    teacher: Model | None = None
    unlabelled: Sequence[Example] = ()


NO_EXTRA = ExtraSupervision()
"""Labels alone."""


def prepare_example(cloud: PointCloud, settings: Settings) -> Example:
    """Return a labelled cloud with its DEM, ready for training; LabelError if it has no labels."""
    pipeline.ensure_labelled(cloud)
    return Example(cloud, find_ground(cloud, settings.raster.cell, settings.ground).dem)


def labelled_crops(name: str, examples: Sequence[Example], settings: Settings, seed: int) -> Sampler:
    """Return the sampler of crops of one slice.

    Raises
    ------
    LabelError
        If there is nothing to learn in the slice.
    """
    return sampling(settings.train.sampling, _crops(name, examples, settings), seed)


def unlabelled_crops(name: str, examples: Sequence[Example], settings: Settings) -> Sampler | None:
    """Return the sampler of crops without labels of one slice; None if there are no clouds for it.

    Raises
    ------
    InputError
        If none of the clouds has a point in the slice.
    """
    if not examples:
        return None
    try:
        return EvenClasses(_crops(name, [_without_classes(example) for example in examples], settings))
    except LabelError as error:
        raise InputError(
            f"No point in the {name} slice of the clouds without labels",
            where="--unlabelled",
            why=f"the clouds are {error.where}",
            hint="add clouds with such points, or train the other slice alone with --slice",
        ) from error


def validation_scene(name: str, example: Example, settings: Settings) -> Scene:
    """Return bands and labels of one slice of a whole cloud, or of a block that is held out."""
    bands = rasterize(example.cloud, example.dem, settings.slices, settings.raster)[name]
    labels = label_rasters(example.cloud, example.dem, settings.slices)[name]
    return np.asarray(bands.values, np.float32), np.asarray(labels["class"], np.uint8)


def _crops(name: str, examples: Sequence[Example], settings: Settings) -> CropSampler:
    return CropSampler(
        [example.cloud for example in examples],
        [example.dem for example in examples],
        name=name,
        slices=settings.slices,
        features=settings.raster.features,
        crop=settings.train.crop,
        views=settings.train.views,
    )


def _without_classes(example: Example) -> Example:
    """Return the cloud with one and the same label on all points: its crops say where there are points."""
    labels = np.full(len(example.cloud), VEGETATION, np.uint8)
    return dataclasses.replace(example, cloud=dataclasses.replace(example.cloud, labels=labels))
