"""The public functions: paths, clouds or arrays in; clouds, arrays or files out.

`import bevseg` offers them as `bevseg.read`, `bevseg.label` and so on. They parse nothing and print nothing. Each one
reads what it is given, calls one function of the pipeline, and writes the result where it is asked to.
"""

from __future__ import annotations

import dataclasses
import numbers
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bevseg.config import GroundConfig, PredictConfig, RasterConfig, RunConfig, Settings, with_training
from bevseg.config.names import DEFAULT_MODEL, SLICES
from bevseg.core.labels import CLASS_NAMES, UNDEFINED, Scheme, load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import CloudFormatError, UsageError
from bevseg.runtime.atomic import ensure_different
from bevseg.weights import default_model

if TYPE_CHECKING:
    from bevseg.ground.find_ground import Ground
    from bevseg.seg.checkpoint import Model

AnyPath = str | os.PathLike[str]
Points = AnyPath | PointCloud | NDArray[np.floating] | NDArray[np.integer]
"""A file, a cloud, or an (N, 3) array of x, y, z in metres."""
Labels = PointLabels | tuple[NDArray[np.integer], NDArray[np.integer]] | NDArray[np.integer]
"""Classes and confidences, or classes alone."""


def read(path: AnyPath, *, classes: AnyPath | None = None, columns: str | None = None) -> PointCloud:
    """Read a cloud of any format.

    Parameters
    ----------
    path
        LAS, LAZ, PLY, PCD or text, also gzipped text.
    classes
        Class scheme of the labels: a built-in name or a TOML file. None: that of the format.
    columns
        Columns of text in their order, such as `x,y,z,-,label`. None: those that the file shows.

    Returns
    -------
    PointCloud
        Integer coordinates with scale and offset (`.xyz` gives metres), train ids as labels if the file has any, and
        what `write` needs to give the file back unchanged.

    Raises
    ------
    InputError
        If the file is missing or cannot be used. The message says where, why and what to do.
    UsageError
        If an argument is not what is described here.
    """
    from bevseg.io.read import read_cloud

    return read_cloud(_path(path, "path"), scheme=_scheme(classes, "classes"), columns=_columns(columns))


def write(
    cloud: PointCloud,
    labels: Labels,
    path: AnyPath,
    *,
    classes: AnyPath | None = None,
    overwrite: bool = False,
) -> None:
    """Write a cloud with its labels. The suffix picks the format.

    Parameters
    ----------
    cloud
        From `read`. What its file holds beside the coordinates comes back unchanged in a file of the same format.
    labels
        A train id (0 to 5) and a confidence (0 to 255) per point: from `label`, or two arrays (N,) of integers. For
        an array of train ids alone, the confidence is 255, and 0 where the class is undefined.
    path
        `.laz`, `.las`, `.ply`, `.txt` or `.txt.gz`.
    classes
        Class scheme of the codes that are written. None: that of the format.
    overwrite
        Whether a file of that name may be replaced.

    Raises
    ------
    UsageError
        If the format is not written, if the labels do not fit the cloud, or if `path` is the file that the cloud was
        read from. That file is never replaced.
    OutputExistsError, OutputWriteError
        If the file exists, or the system refuses the write.
    """
    from bevseg.io.write import write_cloud

    if not isinstance(cloud, PointCloud):
        raise _wrong(
            "cloud", cloud, "read it with `bevseg.read`, or make one with `PointCloud.from_xyz(xyz)`"
        )
    target, scheme = _path(path, "path"), _scheme(classes, "classes")
    write_cloud(cloud, _point_labels(labels), target, scheme=scheme, overwrite=overwrite)


def label(
    points: Points,
    output: AnyPath | None = None,
    *,
    model: AnyPath | Model = DEFAULT_MODEL,
    device: str = RunConfig.device,
    scales: float | Sequence[float] = PredictConfig.scales,
    turns: int = PredictConfig.turns,
    crf: bool = PredictConfig.crf,
    columns: str | None = None,
    out_classes: AnyPath | None = None,
    overwrite: bool = False,
) -> PointLabels:
    """Label every point with a trained model.

    `pipeline.label` does the work. It takes a cloud and a model and returns everything that the stages make (the
    ground, the rasters, the classes of the cells). This function reads and writes files around it.

    Parameters
    ----------
    points
        A file, a `PointCloud`, or an (N, 3) array of x, y, z in metres. Existing labels are ignored.
    output
        File for the labelled cloud; never the file of the points. None: nothing is written. An array has no file to
        give back, so it is written as coordinates and labels.
    model
        `default` (the model that ships), a file, or a model from `load_model` or `train`.
    device
        `auto`, `cpu`, `cuda` or `cuda:N`.
    scales, turns, crf
        Test-time augmentation: scales and symmetries that are averaged, and whether a dense CRF follows.
    columns
        Columns of a text file.
    out_classes
        Class scheme of the output.
    overwrite
        Whether the output may be replaced.

    Returns
    -------
    PointLabels
        Unpacks into `classes` (N,), uint8 train ids (`bevseg.CLASS_NAMES` names them), and `confidence` (N,), uint8:
        the probability of the class times 255. Both in the order of the points.

    Raises
    ------
    InputError
        If the points or the model cannot be used.
    UsageError
        If an argument is not what is described here, or the output is the file of the points.
    OutputExistsError, OutputWriteError, LabelError
        If the output exists, or cannot be written, or `out_classes` lacks a class. Nothing is computed then.
    """
    from bevseg import pipeline
    from bevseg.io.write import check_output, write_cloud
    from bevseg.seg.device import resolve

    augmentation = PredictConfig(_several(scales), turns, crf)
    resolve(RunConfig(device=device).device)
    target, scheme = None if output is None else _path(output, "output"), _scheme(out_classes, "out_classes")
    if target is not None:
        check_output(target, scheme=scheme, overwrite=overwrite)
        source = _file(points)
        if source is not None:
            ensure_different(source, target)
    trained = _model(model)
    cloud = _cloud(points, columns)
    labels = pipeline.label(cloud, trained, device=device, tta=augmentation).point_labels
    if target is not None:
        write_cloud(cloud, labels, target, scheme=scheme, overwrite=overwrite)
    return labels


def find_ground(
    points: Points,
    *,
    cell: float = RasterConfig.cell,
    method: str = GroundConfig.method,
    columns: str | None = None,
) -> Ground:
    """Find the ground of a cloud. No model is needed, and no torch.

    Parameters
    ----------
    points
        A file, a `PointCloud`, or an (N, 3) array of x, y, z in metres.
    cell
        Side of a cell of the DEM, m.
    method
        `auto`, `flat-zones` (street scans) or `smrf` (scans from above).
    columns
        Columns of a text file.

    Returns
    -------
    Ground
        `.dem`, a `Raster` with the bands height, source and distance; `.is_ground`, a mask (N,); `.method`, `.why`.

    Raises
    ------
    InputError
        If the points cannot be used.
    UsageError
        If the cell or the method is outside its domain.
    """
    from bevseg.ground.find_ground import find_ground as find

    RasterConfig(cell=cell)  # refuses a cell outside its domain
    config = GroundConfig(method=method)
    return find(_cloud(points, columns), cell, config)


def train(
    clouds: AnyPath | PointCloud | Sequence[AnyPath | PointCloud],
    output: AnyPath | None = None,
    *,
    classes: AnyPath | None = None,
    init: AnyPath | Model | None = None,
    config: AnyPath | Settings | None = None,
    loss: str | None = None,
    max_minutes: float | None = None,
    val: str | Sequence[str] | None = None,
    seed: int = RunConfig.seed,
    device: str = RunConfig.device,
    overwrite: bool = False,
) -> Model:
    """Train a model on labelled clouds.

    Parameters
    ----------
    clouds
        A file, a folder of files, a cloud, or several of them. Each cloud has a name of its own: the stem of its
        file. Clouds without a name are called `cloud 1`, `cloud 2` and so on. Files come before clouds.
    output
        The model file to write, with `history.csv` beside it. None: nothing is written.
    classes
        Class scheme of the labels in files. None: that of the format.
    init
        Model to start from: `default`, a file, or a model. The training is then short and uses every cloud.
    config
        Settings: a name, a TOML file, or `Settings`, which are taken whole.
    loss, max_minutes
        Of the group `train`; they come before those of `config`.
    val
        Name or names of the clouds that are held out to know when to stop. None: a seeded choice.
    seed, device
        Of the training. The same seed gives the same bytes on one machine's CPU.
    overwrite
        Whether the output may be replaced.

    Returns
    -------
    Model
        For `label`. Its `scores` say what it was trained on, and how it labels the clouds held out.

    Raises
    ------
    UsageError
        If settings are outside their domains or do not agree, if two clouds have one name, or if an output is one of
        the clouds.
    LabelError
        If a cloud has no labels, or there is nothing to learn.
    OutputExistsError
        If the output exists. Nothing is computed then.
    """
    from bevseg.seg.device import resolve
    from bevseg.stages.train import HISTORY, check_output, write_trained
    from bevseg.training import prepare_example
    from bevseg.training import train as train_model
    from bevseg.training.fit import check_training_settings, ensure_distinct, ensure_networks
    from bevseg.training.holdout import ensure_known

    run = RunConfig(seed=seed, device=device)
    resolve(run.device)
    target, scheme = None if output is None else _path(output, "output"), _scheme(classes, "classes")
    if target is not None:
        check_output(target, overwrite=overwrite)
    first = None if init is None else _model(init, "init")
    settings = _training_settings(config, first, loss, max_minutes)
    check_training_settings(settings, has_init=first is not None)
    ensure_networks(settings, SLICES, first)
    named = _named(clouds)
    names = [name for name, _ in named]
    ensure_distinct(names)
    held_out = _names(val)
    if held_out is not None:
        ensure_known(names, held_out)
    for _, cloud in named:
        source = _file(cloud)
        if target is not None and source is not None:
            ensure_different(source, target)
            ensure_different(source, target.with_name(HISTORY))
    examples = [prepare_example(cloud, settings) for cloud in _labelled_clouds(named, scheme)]
    model, history = train_model(
        examples, settings, val=held_out, init=first, seed=run.seed, device=run.device
    )
    if target is not None:
        write_trained(model, history, target)
    return model


def load_model(path: AnyPath = DEFAULT_MODEL) -> Model:
    """Load a trained model; `default` is the one that ships.

    Raises
    ------
    ModelError
        If the file is missing or is not a model of bevseg.
    """
    from bevseg import pipeline

    return pipeline.load_model(_model_path(path))


def _model_path(path: AnyPath, argument: str = "path") -> Path:
    """Return the file of a model; `default` is the one that ships. A `Path` of that name may also be a file."""
    file = _path(path, argument)
    is_word = path == DEFAULT_MODEL or (file == Path(DEFAULT_MODEL) and not file.exists())
    return default_model() if is_word else file


def _model(model: AnyPath | Model, argument: str = "model") -> Model:
    """Return a model that is given, or the one in a file."""
    from bevseg.seg.checkpoint import Model

    if isinstance(model, Model):
        return model
    if not isinstance(model, str | os.PathLike):
        raise _wrong(argument, model, "give `default`, a file, or a model from `load_model` or `train`")
    return load_model(_model_path(model, argument))


def _training_settings(
    config: AnyPath | Settings | None, init: Model | None, loss: str | None, max_minutes: float | None
) -> Settings:
    """Return the settings of a training, whichever way they are given."""
    from bevseg.training.fine_tuning import training_settings

    if isinstance(config, Settings):
        return with_training(config, loss=loss, max_minutes=max_minutes)
    name = None if config is None else str(_path(config, "config"))
    return training_settings(name, init=init, loss=loss, max_minutes=max_minutes)


def _named(
    clouds: AnyPath | PointCloud | Iterable[AnyPath | PointCloud],
) -> list[tuple[str, Path | PointCloud]]:
    """Return the name of each cloud, and its file or the cloud itself; files come first."""
    from bevseg.io.find import find_clouds

    hint = "give files, folders and clouds; make a cloud with `PointCloud.from_xyz(xyz, labels)`"
    if isinstance(clouds, str | os.PathLike | PointCloud):
        clouds = [clouds]
    elif not isinstance(clouds, Iterable):
        raise _wrong("clouds", clouds, hint)
    paths: list[Path] = []
    given: list[PointCloud] = []
    for source in clouds:
        if isinstance(source, PointCloud):
            given.append(source)
        elif isinstance(source, str | os.PathLike):
            paths.append(_path(source, "clouds"))
        else:
            raise _wrong("clouds", source, hint)
    named: list[tuple[str, Path | PointCloud]] = []
    if paths:
        named += [(file.stem, file.path) for file in find_clouds(paths).clouds]
    number = 0
    for cloud in given:
        number += not cloud.name
        named.append((cloud.name or f"cloud {number}", cloud))
    return named


def _labelled_clouds(
    named: Iterable[tuple[str, Path | PointCloud]], scheme: Scheme | None
) -> Iterator[PointCloud]:
    """Yield clouds to train on; every class code of a file has to be known."""
    from bevseg.io.read import read_cloud

    for name, source in named:
        if isinstance(source, PointCloud):
            yield dataclasses.replace(source, name=name)
        else:
            yield read_cloud(source, scheme=scheme, strict=True)


def _cloud(points: Points, columns: str | None) -> PointCloud:
    """Return the points as a cloud."""
    if isinstance(points, str | os.PathLike):
        return read(points, columns=columns)
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


def _file(points: object) -> Path | None:
    """Return the file of points; None if they have none."""
    if isinstance(points, PointCloud):
        return points.origin
    return Path(points) if isinstance(points, str | os.PathLike) else None


def _point_labels(labels: Labels) -> PointLabels:
    """Return labels as they are written. How many there are, the writer checks."""
    if isinstance(labels, np.ndarray):
        classes = _bytes(labels, "classes", len(CLASS_NAMES) - 1)
        return PointLabels(classes, np.where(classes == UNDEFINED, 0, 255).astype(np.uint8))
    if not isinstance(labels, PointLabels | tuple | list) or len(pair := tuple(labels)) != 2:
        raise _wrong("labels", labels, "give labels from `label`, a pair (classes, confidence), or classes")
    return PointLabels(_bytes(pair[0], "classes", len(CLASS_NAMES) - 1), _bytes(pair[1], "confidence", 255))


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


def _several(scales: float | Sequence[float]) -> tuple[float, ...]:
    """Return one scale or several as a tuple; `PredictConfig` refuses what is none."""
    several = not isinstance(scales, numbers.Real | str) and isinstance(scales, Iterable)
    return tuple(scales) if several else (scales,)  # type: ignore[arg-type, return-value]


def _names(val: str | Sequence[str] | None) -> list[str] | None:
    """Return the names of clouds to hold out; a text is one name."""
    if val is None:
        return None
    names = [val] if isinstance(val, str) else list(val) if isinstance(val, Iterable) else [val]
    for name in names:
        if not isinstance(name, str):
            raise _wrong("val", name, "give the names of clouds, such as ['street_1']")
    return names


def _columns(columns: str | None) -> str | None:
    if columns is None or isinstance(columns, str):
        return columns
    raise _wrong("columns", columns, "give one text, such as 'x,y,z,-,label'")


def _scheme(name: AnyPath | None, argument: str) -> Scheme | None:
    return None if name is None else load_scheme(str(_path(name, argument)))


def _path(path: AnyPath, argument: str) -> Path:
    """Return a path; UsageError for what is none."""
    if isinstance(path, str) or (isinstance(path, os.PathLike) and isinstance(os.fspath(path), str)):
        return Path(path)
    raise _wrong(argument, path, "give a text or a `pathlib.Path`")


def _wrong(argument: str, value: object, hint: str) -> UsageError:
    """Return the error of an argument of a wrong type."""
    return UsageError(
        f"The argument {argument!r} has a value that it cannot have",
        where=argument,
        why=f"the type of the value is {type(value).__name__}",
        hint=hint,
    )
