"""Arguments of the public functions -> the values that the pipeline takes; a wrong one is a UsageError."""

from __future__ import annotations

import dataclasses
import numbers
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bevseg.config.domains import shown
from bevseg.config.names import DEFAULT_MODEL, PROBABILITIES
from bevseg.core.labels import CLASS_NAMES, UNDEFINED, Scheme, load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import CloudFormatError, UsageError
from bevseg.weights import default_model

if TYPE_CHECKING:
    from bevseg.seg.checkpoint import Model

AnyPath = str | os.PathLike[str]
Points = AnyPath | PointCloud | NDArray[np.floating] | NDArray[np.integer]
"""A file, a cloud, or an (N, 3) array of x, y, z in metres."""
Labels = PointLabels | tuple[NDArray[np.integer], NDArray[np.integer]] | NDArray[np.integer]
"""Classes and confidences, or classes alone."""


def model_path(path: AnyPath, argument: str = "path") -> Path:
    """Return the file of a model; `default` is the one that ships. A `Path` of that name may also be a file."""
    file = path_of(path, argument)
    is_word = path == DEFAULT_MODEL or (file == Path(DEFAULT_MODEL) and not file.exists())
    return default_model() if is_word else file


def model_of(model: AnyPath | Model, argument: str = "model") -> Model:
    """Return a model that is given, or the one in a file."""
    from bevseg import pipeline
    from bevseg.seg.checkpoint import Model

    if isinstance(model, Model):
        return model
    if not isinstance(model, str | os.PathLike):
        raise wrong_type(argument, model, "give `default`, a file, or a model from `load_model` or `train`")
    return pipeline.load_model(model_path(model, argument))


def named_clouds(
    clouds: AnyPath | PointCloud | Iterable[AnyPath | PointCloud],
) -> list[tuple[str, Path | PointCloud]]:
    """Return the name of each cloud, and its file or the cloud itself; files come first."""
    from bevseg.io.find import find_clouds

    hint = "give files, folders and clouds; make a cloud with `PointCloud.from_xyz(xyz, labels)`"
    if isinstance(clouds, str | os.PathLike | PointCloud):
        clouds = [clouds]
    elif not isinstance(clouds, Iterable):
        raise wrong_type("clouds", clouds, hint)
    paths: list[Path] = []
    given: list[PointCloud] = []
    for source in clouds:
        if isinstance(source, PointCloud):
            given.append(source)
        elif isinstance(source, str | os.PathLike):
            paths.append(path_of(source, "clouds"))
        else:
            raise wrong_type("clouds", source, hint)
    named: list[tuple[str, Path | PointCloud]] = []
    if paths:
        named += [(file.stem, file.path) for file in find_clouds(paths).clouds]
    number = 0
    for cloud in given:
        number += not cloud.name
        named.append((cloud.name or f"cloud {number}", cloud))
    return named


def labelled_clouds(
    named: Iterable[tuple[str, Path | PointCloud]], scheme: Scheme | None
) -> Iterator[PointCloud]:
    """Yield clouds to train on; every class code of a file has to be known."""
    from bevseg.io.read import read_cloud

    for name, source in named:
        if isinstance(source, PointCloud):
            yield dataclasses.replace(source, name=name)
        else:
            yield read_cloud(source, scheme=scheme, strict=True)


def cloud_of(points: Points, columns: str | None) -> PointCloud:
    """Return the points as a cloud."""
    if isinstance(points, str | os.PathLike):
        from bevseg.io.read import read_cloud

        return read_cloud(path_of(points, "points"), columns=columns_of(columns))
    if columns is not None:
        raise UsageError(
            "Only a text file has columns",
            where="columns",
            why=f"the points are of the type {type(points).__name__}",
            hint="leave `columns` out, or give the file",
        )
    if isinstance(points, PointCloud):
        return points
    hint = "give an array of numbers of shape (N, 3): x, y and z in metres"
    try:
        xyz = np.asarray(points)
    except ValueError as error:  # lists of different lengths
        raise CloudFormatError("This is not a point cloud", why=str(error), hint=hint) from error
    if xyz.ndim != 2 or xyz.shape[1] != 3 or not len(xyz) or xyz.dtype.kind not in "iuf":
        raise CloudFormatError(
            "This array is not a point cloud",
            why=f"its shape is {xyz.shape} and its type {xyz.dtype}",
            hint=hint,
        )
    if np.ma.is_masked(points):
        raise CloudFormatError(
            "This array has masked values",
            why="every point needs x, y and z",
            hint="remove the rows that are masked, such as with `np.ma.compress_rows`",
        )
    return PointCloud.from_xyz(xyz.astype(np.float64, copy=False))


def file_of(points: object) -> Path | None:
    """Return the file of points; None if they have none."""
    if isinstance(points, PointCloud):
        return points.origin
    return Path(points) if isinstance(points, str | os.PathLike) else None


def point_labels_of(labels: Labels) -> PointLabels:
    """Return labels as they are written. How many there are, the writer checks."""
    if isinstance(labels, np.ndarray):
        classes = _bytes(labels, "classes", len(CLASS_NAMES) - 1)
        return PointLabels(classes, np.where(classes == UNDEFINED, 0, 255).astype(np.uint8))
    if not isinstance(labels, PointLabels | tuple | list) or len(pair := tuple(labels)) != 2:
        raise wrong_type(
            "labels", labels, "give labels from `label`, a pair (classes, confidence), or classes"
        )
    classes, confidence = _bytes(pair[0], "classes", len(CLASS_NAMES) - 1), _bytes(pair[1], "confidence", 255)
    if isinstance(labels, PointLabels):
        return dataclasses.replace(labels, classes=classes, confidence=confidence, kept=None)
    return PointLabels(classes, confidence)


def _bytes(values: NDArray[np.integer], name: str, most: int) -> NDArray[np.uint8]:
    """Return whole numbers from 0 to `most`, one per point, as uint8."""
    hint = f"give an array (N,) of whole numbers from 0 to {most}"
    try:
        found = np.asarray(values)
    except ValueError as error:  # lists of different lengths
        raise UsageError(f"These are no {name}", where="labels", why=str(error), hint=hint) from error
    if found.ndim != 1 or found.dtype.kind not in "iu" or np.ma.is_masked(values):
        masked = ", with masked values" if np.ma.is_masked(values) else ""
        why = f"the shape is {found.shape} and the type {found.dtype}{masked}"
        raise UsageError(f"These are no {name}", where="labels", why=why, hint=hint)
    if found.size and not 0 <= found.min() <= found.max() <= most:
        why = f"the values are {found.min()} to {found.max()}"
        raise UsageError(f"These are no {name}", where="labels", why=why, hint=hint)
    return found.astype(np.uint8, copy=False)


def scales_of(scales: float | Sequence[float]) -> tuple[float, ...]:
    """Return one scale or several as a tuple; `PredictConfig` refuses what is none."""
    several = not isinstance(scales, numbers.Real | str) and isinstance(scales, Iterable)
    return tuple(scales) if several else (scales,)  # type: ignore[arg-type, return-value]


def probabilities_of(word: str) -> str:
    """Return which probabilities are asked for; UsageError for another word."""
    if word in PROBABILITIES:
        return word
    raise UsageError(
        f"{shown(word)} are no probabilities",
        where="probabilities",
        hint=f"give one of {', '.join(PROBABILITIES)}",
    )


def names_of(val: str | Sequence[str] | None) -> list[str] | None:
    """Return the names of clouds to hold out; a text is one name."""
    if val is None:
        return None
    names = [val] if isinstance(val, str) else list(val) if isinstance(val, Iterable) else [val]
    for name in names:
        if not isinstance(name, str):
            raise wrong_type("val", name, "give the names of clouds, such as ['street_1']")
    return names


def columns_of(columns: str | None) -> str | None:
    """Return the columns of a text file; UsageError for what is no text."""
    if columns is None or isinstance(columns, str):
        return columns
    raise wrong_type("columns", columns, "give one text, such as 'x,y,z,-,label'")


def scheme_of(name: AnyPath | None, argument: str) -> Scheme | None:
    """Return a class scheme by its name or its file; None stays None."""
    return None if name is None else load_scheme(str(path_of(name, argument)))


def path_of(path: AnyPath, argument: str) -> Path:
    """Return a path; UsageError for what is none."""
    if isinstance(path, str) or (isinstance(path, os.PathLike) and isinstance(os.fspath(path), str)):
        return Path(path)
    raise wrong_type(argument, path, "give a text or a `pathlib.Path`")


def wrong_type(argument: str, value: object, hint: str) -> UsageError:
    """Return the error of an argument of a wrong type."""
    return UsageError(
        f"The argument {argument!r} has a value that it cannot have",
        where=argument,
        why=f"the type of the value is {type(value).__name__}",
        hint=hint,
    )
