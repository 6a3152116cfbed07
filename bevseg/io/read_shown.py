"""Labelled cloud -> batches of all that a viewer shows of its points: memory does not grow with a LAS file."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import PointCloud
from bevseg.io.colours import channels_of
from bevseg.io.fields import CONFIDENCE, REASON, Source, meaning, written_by_bevseg
from bevseg.io.las.batches import open_cloud
from bevseg.io.las.codes import name_of_ours
from bevseg.io.las.las_file import LasFile
from bevseg.io.read import read_cloud
from bevseg.io.read_batches import is_read_in_batches, read_batches

_CHANNELS = ("red", "green", "blue")


@dataclass(frozen=True)
class Shown:
    """Some points of a cloud, one after the other, with what is drawn of them. Values hold until the next batch.

    Attributes
    ----------
    cloud
        Their coordinates, without labels.
    confidence, reasons
        (N,) uint8 that bevseg wrote; None if the file has none.
    intensity
        (N,) numbers as they stand in the file; None if it has none.
    colours
        Red, green and blue, (N,) each, as they stand in the file; None if it has none.
    """

    cloud: PointCloud
    confidence: NDArray[np.uint8] | None
    reasons: NDArray[np.uint8] | None
    intensity: NDArray[np.generic] | None
    colours: list[NDArray[np.generic]] | None


def read_classes(
    path: Path, take: Callable[[int, PointCloud], None], *, scheme: Scheme | None = None, size: int
) -> NDArray[np.uint8]:
    """Read coordinates by batches, and then return the classes of all points.

    Parameters
    ----------
    path
        The labelled cloud. LAS, LAZ and COPC are read by batches; other formats as a whole.
    take
        Called with the place of the first point of each batch, and the batch: a cloud without labels.
    scheme
        How class codes are understood; None for the one that bevseg wrote, or the default of the format.
    size
        Points of a batch.

    Returns
    -------
    NDArray
        (N,) train ids; all 0 for a cloud without classes.

    Raises
    ------
    CloudNotFoundError, CloudFormatError, CrsError, LabelError
        As `read_cloud`.
    """
    if is_read_in_batches(path):
        cloud, _ = read_batches(path, take, scheme=scheme, size=size)
    else:
        cloud = read_cloud(path, scheme=scheme)
        for first in range(0, len(cloud), size):
            take(first, _part(cloud, slice(first, first + size)))
    return np.zeros(len(cloud), np.uint8) if cloud.labels is None else cloud.labels


def read_shown(path: Path, take: Callable[[int, Shown], None], *, size: int) -> None:
    """Read all that is shown of a cloud but its classes, by the batches of `read_classes`.

    What `read_classes` has warned of is not said again.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if is_read_in_batches(path):
            _read_las(path, take, size)
        else:
            _read_whole(path, take, size)


def _read_whole(path: Path, take: Callable[[int, Shown], None], size: int) -> None:
    cloud = read_cloud(path)
    fields = cloud.source.fields() if isinstance(cloud.source, Source) else {}
    values = [written_by_bevseg(cloud.source, name) for name in (CONFIDENCE, REASON)]
    intensity, colours = _intensity(fields), _colours(fields)
    for first in range(0, len(cloud), size):
        part = slice(first, first + size)
        confidence, reasons = (None if each is None else each[part] for each in values)
        take(
            first,
            Shown(
                _part(cloud, part),
                confidence,
                reasons,
                None if intensity is None else intensity[part],
                None if colours is None else [channel[part] for channel in colours],
            ),
        )


def _read_las(path: Path, take: Callable[[int, Shown], None], size: int) -> None:
    with open_cloud(path) as file:
        ours = [name_of_ours(file.las.extras, name) for name in (CONFIDENCE, REASON)]
        stored = _stored(file.las)
        for batch in file.batches(size, everything=True):
            assert batch.points is not None, "everything is asked for"
            points = batch.points
            confidence, reasons = (None if name is None else points[name] for name in ours)
            take(
                batch.first,
                Shown(
                    PointCloud(batch.x, batch.y, batch.z, file.scale, file.offset, crs=file.crs),
                    confidence,
                    reasons,
                    points["intensity"] if "intensity" in stored else None,
                    [points[name] for name in _CHANNELS] if set(_CHANNELS) <= set(stored) else None,
                ),
            )


def _stored(las: LasFile) -> tuple[str, ...]:
    return las.record.names or ()


def _part(cloud: PointCloud, part: slice) -> PointCloud:
    """Return some points of a cloud, without labels and without the record of the file."""
    finite, far = (None if mask is None else mask[part] for mask in (cloud.finite, cloud.far))
    return PointCloud(
        cloud.x[part],
        cloud.y[part],
        cloud.z[part],
        cloud.scale,
        cloud.offset,
        finite=finite,
        far=far,
        crs=cloud.crs,
    )


def _intensity(fields: Mapping[str, NDArray[np.generic]]) -> NDArray[np.generic] | None:
    return next((values for name, values in fields.items() if meaning(name) == "intensity"), None)


def _colours(fields: Mapping[str, NDArray[np.generic]]) -> list[NDArray[np.generic]] | None:
    names = channels_of(fields)
    return [fields[name] for name in names] if names else None
