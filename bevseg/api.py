"""The public functions: paths, clouds or arrays in; clouds, arrays or files out.

`import bevseg` offers them as `bevseg.read`, `bevseg.label` and so on. They parse nothing and print nothing. Each one
reads what it is given, calls one function of the pipeline, and writes the result where it is asked to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bevseg.config import GroundConfig, PredictConfig, RasterConfig, RunConfig
from bevseg.config.names import DEFAULT_MODEL, SLICES
from bevseg.core.labels import Scheme, load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import CloudFormatError
from bevseg.runtime.atomic import ensure_absent, ensure_different
from bevseg.weights import default_model

if TYPE_CHECKING:
    from bevseg.ground.find_ground import Ground
    from bevseg.seg.checkpoint import Model

AnyPath = str | os.PathLike[str]
Points = AnyPath | PointCloud | NDArray[np.floating]
"""A file, a cloud, or an (N, 3) array of x, y, z in metres."""


def read(path: AnyPath, *, classes: str | None = None, columns: str | None = None) -> PointCloud:
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
    """
    from bevseg.io.read import read_cloud

    return read_cloud(Path(path), scheme=_scheme(classes), columns=columns)


def write(
    cloud: PointCloud,
    labels: PointLabels,
    path: AnyPath,
    *,
    classes: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a cloud with its labels. The suffix picks the format.

    Parameters
    ----------
    cloud
        From `read`. What its file holds beside the coordinates comes back unchanged in a file of the same format.
    labels
        A class and a confidence per point.
    path
        `.laz`, `.las`, `.ply`, `.txt` or `.txt.gz`.
    classes
        Class scheme of the codes that are written. None: that of the format.
    overwrite
        Whether a file of that name may be replaced.

    Raises
    ------
    UsageError
        If the format is not written.
    OutputExistsError, OutputWriteError
        If the file exists, or the system refuses the write.
    """
    from bevseg.io.write import write_cloud

    write_cloud(cloud, labels, Path(path), scheme=_scheme(classes), overwrite=overwrite)


def label(
    points: Points,
    output: AnyPath | None = None,
    *,
    model: AnyPath | Model = DEFAULT_MODEL,
    device: str = RunConfig.device,
    scales: Sequence[float] = PredictConfig.scales,
    turns: int = PredictConfig.turns,
    crf: bool = False,
    columns: str | None = None,
    out_classes: str | None = None,
    overwrite: bool = False,
) -> PointLabels:
    """Label every point with a trained model.

    `pipeline.label` does the work. It takes a cloud and a model and returns everything that the stages make (the
    ground, the rasters, the classes of the cells). This function reads and writes files around it.

    Parameters
    ----------
    points
        A file, a `PointCloud`, or an (N, 3) array of x, y, z in metres. Labels that it has play no part.
    output
        File for the labelled cloud. None: nothing is written. An array has no file to give back, so it is written
        as coordinates and labels.
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
    OutputExistsError
        If the output exists. Nothing is computed then.
    """
    from bevseg import pipeline

    augmentation = PredictConfig(tuple(scales), turns, crf)
    if output is not None:
        _check_output(points, Path(output), out_classes, overwrite)
    trained = model if not isinstance(model, str | os.PathLike) else load_model(model)
    cloud = _cloud(points, columns)
    labels = pipeline.label(cloud, trained, device=device, tta=augmentation).point_labels
    if output is not None:
        write(cloud, labels, output, classes=out_classes, overwrite=overwrite)
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
    clouds: AnyPath | Sequence[AnyPath | PointCloud],
    output: AnyPath | None = None,
    *,
    classes: str | None = None,
    init: AnyPath | None = None,
    config: AnyPath | None = None,
    loss: str | None = None,
    max_minutes: float | None = None,
    val: Sequence[str] | None = None,
    seed: int = RunConfig.seed,
    device: str = RunConfig.device,
    overwrite: bool = False,
) -> Model:
    """Train a model on labelled clouds.

    Parameters
    ----------
    clouds
        A file, a folder of files, or several files, folders and clouds.
    output
        The model file to write, with `history.csv` beside it. None: nothing is written.
    classes
        Class scheme of the labels in files. None: that of the format.
    init
        Model to start from: `default` or a file. Few steps are taken then, and every cloud teaches.
    config
        Settings: a name or a TOML file.
    loss, max_minutes
        Of the group `train`; they come before those of `config`.
    val
        Names of the clouds that are held out to know when to stop. None: a seeded choice.
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
        If settings are outside their domains or do not agree.
    LabelError
        If a cloud has no labels, or there is nothing to learn.
    OutputExistsError
        If the output exists. Nothing is computed then.
    """
    from bevseg.stages.train import check_output, write_trained
    from bevseg.training import prepare_example
    from bevseg.training import train as train_model
    from bevseg.training.fine_tuning import training_settings
    from bevseg.training.fit import check_training_settings, ensure_networks

    if output is not None:
        check_output(Path(output), overwrite=overwrite)
    start = None if init is None else _model_path(init)
    settings = training_settings(
        None if config is None else str(config), init=start, loss=loss, max_minutes=max_minutes
    )
    first = None if start is None else load_model(start)
    check_training_settings(settings.train, has_init=first is not None)
    ensure_networks(settings, SLICES, first)
    examples = [prepare_example(cloud, settings) for cloud in _labelled_clouds(clouds, _scheme(classes))]
    model, history = train_model(examples, settings, val=val, init=first, seed=seed, device=device)
    if output is not None:
        write_trained(model, history, Path(output))
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


def _model_path(path: AnyPath) -> Path:
    """Return the file of a model; `default` is the one that ships."""
    return default_model() if path == DEFAULT_MODEL else Path(path)


def _labelled_clouds(
    clouds: AnyPath | Sequence[AnyPath | PointCloud], scheme: Scheme | None
) -> Iterator[PointCloud]:
    """Yield clouds to train on; every class code of a file has to be known."""
    from bevseg.io.find import find_clouds
    from bevseg.io.read import read_cloud

    for source in [clouds] if isinstance(clouds, str | os.PathLike) else clouds:
        if isinstance(source, PointCloud):
            yield source
        else:
            for file in find_clouds([Path(source)]).clouds:
                yield read_cloud(file.path, scheme=scheme, strict=True)


def _cloud(points: Points, columns: str | None) -> PointCloud:
    """Return the points as a cloud."""
    if isinstance(points, PointCloud):
        return points
    if isinstance(points, str | os.PathLike):
        return read(points, columns=columns)
    xyz = np.asarray(points)
    if xyz.ndim != 2 or xyz.shape[1] != 3 or not len(xyz) or not np.issubdtype(xyz.dtype, np.number):
        raise CloudFormatError(
            "This array is not a point cloud",
            why=f"its shape is {xyz.shape} and its type {xyz.dtype}",
            hint="give an array of numbers of shape (N, 3): x, y and z in metres",
        )
    return PointCloud.from_xyz(xyz.astype(np.float64, copy=False))


def _check_output(points: Points, output: Path, classes: str | None, overwrite: bool) -> None:
    """Raise before any work if the output cannot be written."""
    _scheme(classes)
    ensure_absent(output, overwrite=overwrite)
    if isinstance(points, str | os.PathLike):
        ensure_different(Path(points), output)


def _scheme(name: str | None) -> Scheme | None:
    return load_scheme(name) if name else None
