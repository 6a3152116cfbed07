"""The files of all stages of a cloud, in a folder of the work directory, as the commands of the stages write them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from bevseg import pipeline
from bevseg.core.pointcloud import PointCloud
from bevseg.ground.find_ground import find_ground
from bevseg.io.find import CloudFile
from bevseg.io.read import without_far_points
from bevseg.runner.request import RunRequest
from bevseg.workdir.facts import cloud_facts
from bevseg.workdir.folder import Folder


def keep_work(
    file: CloudFile,
    cloud: PointCloud,
    request: RunRequest,
    model: Path,
    undo: ExitStack,
    *,
    is_unlike: bool,
) -> list[Path]:
    """Write the outputs of all stages of a cloud that is labelled by itself, and return the files.

    Parameters
    ----------
    file, cloud
        The cloud.
    request
        The whole run; it has a work directory.
    model
        File of the model.
    undo
        What the caller closes if the cloud fails later: the files are no longer valid then.
    is_unlike
        Whether the cloud is unlike those of the training, as the run has found.
    """
    assert request.work is not None
    folder = Folder(request.work / file.stem)
    folder.ensure_absent("ingest", overwrite=request.overwrite)
    undo.callback(folder.invalidate_from, "ingest")
    folder.invalidate_from("ingest")
    cloud, networks = without_far_points(cloud, file.path), pipeline.load_model(model)
    settings = networks.settings
    ground = find_ground(cloud, settings.raster.cell, settings.ground)
    found = pipeline.label_above(
        cloud,
        ground,
        networks,
        device=request.run_config.device,
        tta=request.tta,
        probabilities=request.of_all,
        is_unlike=is_unlike,
    )
    options = {"scheme": request.classes, "columns": request.columns, "scan": file.scan}
    return [
        *folder.write_cloud(cloud, cloud_facts(cloud, file.path) | options),
        *folder.write_ground(cloud, found.ground, settings.ground),
        *folder.write_bands(found.bands, pipeline.truth(cloud, found.dem, settings.slices)),
        *folder.write_classes(found.classes),
        *folder.write_labels(found.point_labels),
    ]
