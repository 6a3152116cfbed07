"""Cloud file -> labelled cloud file and a picture: what a run does with each of its clouds, in any process."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from bevseg import pipeline
from bevseg.core.labels import CLASS_NAMES, load_scheme
from bevseg.core.pointcloud import PointCloud
from bevseg.io.find import CloudFile
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from bevseg.runner import preview
from bevseg.runner.request import RunRequest
from bevseg.runtime.atomic import ensure_absent, replacing
from bevseg.runtime.batch import CloudResult
from bevseg.runtime.progress import Stopwatch
from bevseg.seg.checkpoint import Model
from bevseg.workdir.facts import cloud_facts
from bevseg.workdir.folder import Folder


def label_cloud(file: CloudFile, request: RunRequest, model_path: Path) -> CloudResult:
    """Label one cloud of a run. All of its outputs are written, or none.

    Parameters
    ----------
    file
        The cloud.
    request
        The whole run.
    model_path
        The model to label with, given or just trained. Every process loads it once.

    Returns
    -------
    CloudResult
        The facts are `source`, `seconds` by stage, `classes` (points by class) and, for a labelled cloud, `matrix`
        and `oracle`.
    """
    laz, png = (request.out / f"{file.stem}{suffix}" for suffix in (".laz", ".png"))
    folder = Folder(request.work / file.stem) if request.work else None
    for path in (laz, png):
        ensure_absent(path, overwrite=request.overwrite)
    if folder is not None:
        folder.ensure_absent("ingest", overwrite=request.overwrite)
    watch, written = Stopwatch(), [laz, png]
    with watch("read"):
        cloud = read_cloud(file.path, scheme=load_scheme(request.classes) if request.classes else None)
    model = pipeline.load_model(model_path)
    outputs = pipeline.label(cloud, model, device=request.run_config.device, tta=request.tta, watch=watch)
    with ExitStack() as undo:
        if folder is not None:
            undo.callback(folder.invalidate_from, "ingest")
            facts = cloud_facts(cloud, file.path) | {"scheme": request.classes, "columns": None}
            with watch("keep"):
                written += _keep(folder, cloud, facts, outputs, model)
        with replacing(png) as temporary:
            with watch("picture"):
                preview.draw(cloud, outputs.dem, outputs.bands, outputs.point_labels, temporary)
            with watch("write"):
                scheme = load_scheme(request.out_classes) if request.out_classes else None
                write_cloud(cloud, outputs.point_labels, laz, scheme=scheme, overwrite=request.overwrite)
        undo.pop_all()
    facts = {"source": str(file.path), "seconds": watch.seconds} | _label_facts(cloud, outputs, model)
    return CloudResult(tuple(written), len(cloud), facts)


def _keep(
    folder: Folder, cloud: PointCloud, facts: dict[str, Any], outputs: pipeline.StageOutputs, model: Model
) -> list[Path]:
    """Write the outputs of all stages into the folder of the cloud; `facts` go into `cloud.json`."""
    folder.invalidate_from("ingest")
    settings = model.settings
    return [
        *folder.write_cloud(cloud, facts),
        *folder.write_ground(cloud, outputs.ground, settings.ground),
        *folder.write_bands(outputs.bands, pipeline.truth(cloud, outputs.dem, settings.slices)),
        *folder.write_classes(outputs.classes),
        *folder.write_labels(outputs.point_labels),
    ]


def _label_facts(cloud: PointCloud, outputs: pipeline.StageOutputs, model: Model) -> dict[str, Any]:
    """Return what the report says about the labels."""
    counts = np.bincount(outputs.point_labels.classes, minlength=len(CLASS_NAMES))
    facts: dict[str, Any] = {"classes": dict(zip(CLASS_NAMES, counts.tolist(), strict=True))}
    if pipeline.is_labelled(cloud):
        best = pipeline.oracle(cloud, outputs.dem, model.settings.slices)
        facts["matrix"] = pipeline.matrix(cloud, outputs.point_labels)
        facts["oracle"] = pipeline.matrix(cloud, best)
    return facts
