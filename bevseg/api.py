"""The public functions: paths, clouds or arrays in; clouds, arrays or files out.

`import bevseg` offers them as `bevseg.read`, `bevseg.label` and so on. They parse nothing and print nothing. Each one
reads what it is given, calls one function of the pipeline, and writes the result where it is asked to.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bevseg.arguments import (
    AnyPath,
    Labels,
    Points,
    cloud_of,
    columns_of,
    file_of,
    labelled_clouds,
    model_of,
    model_path,
    named_clouds,
    names_of,
    path_of,
    point_labels_of,
    probabilities_of,
    scales_of,
    scheme_of,
    wrong_type,
)
from bevseg.config import GroundConfig, PredictConfig, RasterConfig, RunConfig, Settings
from bevseg.config.names import ALL, DEFAULT_MODEL, NO_CONFIDENCE, NO_MODEL, SLICES, TOP
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.runtime.atomic import ensure_different

if TYPE_CHECKING:
    from bevseg.ground.find_ground import Ground
    from bevseg.seg.checkpoint import Model


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

    return read_cloud(
        path_of(path, "path"), scheme=scheme_of(classes, "classes"), columns=columns_of(columns)
    )


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
        `.laz`, `.las`, `.ply`, `.pcd`, `.txt` or `.txt.gz`.
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
        raise wrong_type(
            "cloud", cloud, "read it with `bevseg.read`, or make one with `PointCloud.from_xyz(xyz)`"
        )
    target, scheme = path_of(path, "path"), scheme_of(classes, "classes")
    write_cloud(cloud, point_labels_of(labels), target, scheme=scheme, overwrite=overwrite)


def label(
    points: Points,
    output: AnyPath | None = None,
    *,
    model: AnyPath | Model = DEFAULT_MODEL,
    device: str = RunConfig.device,
    scales: float | Sequence[float] = PredictConfig.scales,
    turns: int = PredictConfig.turns,
    crf: bool = PredictConfig.crf,
    probabilities: str = TOP,
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
    probabilities
        What is written beside the class: `none`, the confidence (`top`), or that and the probability of each class
        (`all`), which are then in the result as well.
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
        the probability of the class times 255. `reasons` (N,) says why a class is in doubt: `core.reasons` names the
        codes. `probabilities` (5, N), uint8, are those of all classes by train id, or None. All in the order of the
        points.

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

    augmentation, of_all = (
        PredictConfig(scales_of(scales), turns, crf),
        probabilities_of(probabilities) == ALL,
    )
    resolve(RunConfig(device=device).device)
    target, scheme = (
        None if output is None else path_of(output, "output"),
        scheme_of(out_classes, "out_classes"),
    )
    if target is not None:
        check_output(target, scheme=scheme, overwrite=overwrite)
        source = file_of(points)
        if source is not None:
            ensure_different(source, target)
    trained = model_of(model)
    cloud = cloud_of(points, columns)
    made = pipeline.label(cloud, trained, device=device, tta=augmentation, probabilities=of_all)
    labels = dataclasses.replace(made.point_labels, has_confidence_field=probabilities != NO_CONFIDENCE)
    if target is not None:
        write_cloud(cloud, labels, target, scheme=scheme, overwrite=overwrite)
    return labels


def label_survey(
    clouds: Sequence[Points],
    *,
    model: AnyPath | Model = DEFAULT_MODEL,
    device: str = RunConfig.device,
    scales: float | Sequence[float] = PredictConfig.scales,
    turns: int = PredictConfig.turns,
    crf: bool = PredictConfig.crf,
    probabilities: str = TOP,
    columns: str | None = None,
) -> list[PointLabels]:
    """Label clouds that lie side by side, or over each other, as one survey.

    Each point is labelled from what is around it, whatever cloud that is in. So the labels do not depend on how the
    survey was cut into files. The points of all clouds are in memory together.

    Parameters
    ----------
    clouds
        Files, `PointCloud`s or (N, 3) arrays, of one reference system.
    model, device, scales, turns, crf, probabilities, columns
        As for `label`.

    Returns
    -------
    list
        The labels of each cloud, as from `label`.

    Raises
    ------
    InputError
        If the points or the model cannot be used, or the clouds have different reference systems.
    UsageError
        If an argument is not what is described here.
    """
    from bevseg import pipeline
    from bevseg.seg.device import resolve

    augmentation, of_all = (
        PredictConfig(scales_of(scales), turns, crf),
        probabilities_of(probabilities) == ALL,
    )
    resolve(RunConfig(device=device).device)
    trained = model_of(model)
    survey = [cloud_of(points, columns) for points in clouds]
    found = pipeline.label_survey(survey, trained, device=device, tta=augmentation, probabilities=of_all)
    return [
        dataclasses.replace(labels, has_confidence_field=probabilities != NO_CONFIDENCE) for labels in found
    ]


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
    return find(cloud_of(points, columns), cell, config)


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
    val_blocks: float | None = None,
    seed: int = RunConfig.seed,
    device: str = RunConfig.device,
    overwrite: bool = False,
    resume: bool = False,
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
        Model to start from: `default`, a file, or a model. The training is then short and uses every cloud. `none`:
        from nothing. None: the one that ships, if its rasters and networks are those of the settings; else none.
    config
        Settings: a name, a TOML file, or `Settings`, which are taken whole.
    loss, max_minutes
        Of the group `train`; they come before those of `config`.
    val
        Name or names of the clouds that are held out to know when to stop. None: a seeded choice in a training from
        nothing; in one from a model, none.
    val_blocks
        In place of whole clouds, hold out blocks with about this share of the labelled points, such as 0.2.
    seed, device
        Of the training. The same seed gives the same bytes on one machine's CPU.
    overwrite
        Whether the output may be replaced, and an interrupted training started anew.
    resume
        Whether an interrupted training goes on from the state that stands beside the output.

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
        If the output exists, if an interrupted training is neither resumed nor started anew, or if it had other
        clouds or settings. Nothing is computed then.
    """
    from bevseg.errors import UsageError
    from bevseg.seg.device import resolve
    from bevseg.stages.train import HISTORY, check_output, train_and_write
    from bevseg.training import prepare_example
    from bevseg.training import train as train_model
    from bevseg.training.fine_tuning import starting_point
    from bevseg.training.holdout import ensure_known
    from bevseg.training.requirements import check_training_settings, ensure_distinct, ensure_networks
    from bevseg.training.split import check_val

    run = RunConfig(seed=seed, device=device)
    resolve(run.device)
    target, scheme = None if output is None else path_of(output, "output"), scheme_of(classes, "classes")
    if target is None and resume:
        raise UsageError("There is nothing to go on with", where="resume", hint="name the output")
    state = None if target is None else check_output(target, overwrite=overwrite, resume=resume)
    start: str | Model | None = None
    if init is not None:
        start = NO_MODEL if init == NO_MODEL else model_of(init, "init")
    if not isinstance(config, Settings | None):
        config = str(path_of(config, "config"))
    settings, first = starting_point(config, start, loss=loss, max_minutes=max_minutes)
    check_training_settings(settings, has_init=first is not None)
    ensure_networks(settings, SLICES, first)
    named = named_clouds(clouds)
    names = [name for name, _ in named]
    ensure_distinct(names)
    held_out = names_of(val)
    check_val(held_out, val_blocks)
    if held_out is not None:
        ensure_known(names, held_out)
    for _, cloud in named:
        source = file_of(cloud)
        if target is not None and source is not None:
            ensure_different(source, target)
            ensure_different(source, target.with_name(HISTORY))
    examples = [prepare_example(cloud, settings) for cloud in labelled_clouds(named, scheme)]
    options: dict[str, Any] = {"val": held_out, "val_blocks": val_blocks, "init": first}
    options |= {"seed": run.seed, "device": run.device}
    if target is None:
        return train_model(examples, settings, **options)[0]
    again = "with resume=True it goes on from there"
    return train_and_write(examples, settings, target, state=state, again=again, **options)[0]


def load_model(path: AnyPath = DEFAULT_MODEL) -> Model:
    """Load a trained model; `default` is the one that ships.

    Raises
    ------
    ModelError
        If the file is missing or is not a model of bevseg.
    """
    from bevseg import pipeline

    return pipeline.load_model(model_path(path))
