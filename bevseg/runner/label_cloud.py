"""Cloud file -> labelled cloud file and a picture: what a run does with each of its clouds, in any process."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bevseg import pipeline
from bevseg.core.labels import Scheme, load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import BevsegError
from bevseg.io import qgis
from bevseg.io.find import CloudFile
from bevseg.io.keep import check_keep, keep_codes
from bevseg.io.read import FileCodes, read_with_codes
from bevseg.io.write import cannot_keep, scheme_written, write_cloud
from bevseg.runner import finished, preview
from bevseg.runner.facts import ground_facts, label_facts, place_facts
from bevseg.runner.outputs import Outputs
from bevseg.runner.request import TASK, RunRequest
from bevseg.runtime.atomic import ensure_absent, replacing, write_text
from bevseg.runtime.batch import CloudResult
from bevseg.runtime.lock import Lock
from bevseg.runtime.progress import Step, Stopwatch, emit
from bevseg.seg.checkpoint import Model
from bevseg.workdir.facts import cloud_facts, sha256
from bevseg.workdir.folder import Folder

STAGES = ("read", "ground", "rasterize", "predict", "backproject", "keep", "picture", "write")
"""What the work on a cloud consists of, in order; `keep` and `picture` only on request."""


def label_cloud(
    file: CloudFile,
    request: RunRequest,
    model_path: Path,
    conditions: dict[str, Any],
    lock: Lock | None = None,
) -> CloudResult:
    """Label one cloud of a run. All of its outputs are written, or none.

    Parameters
    ----------
    file
        The cloud.
    request
        The whole run.
    model_path
        The model to label with, given or just trained. Every process loads it once.
    conditions
        What the result depends on beside the cloud, as `conditions_of` gives it.
    lock
        Lock of the directory of the results, held for as long as the run takes; None for a single file.

    Returns
    -------
    CloudResult
        The facts are what the report says about the cloud.
    """
    outputs = Outputs.of(file, request)
    folder = Folder(request.work / file.stem) if request.work else None
    for path in outputs.paths():
        ensure_absent(path, overwrite=request.overwrite)
    if folder is not None:
        folder.ensure_absent("ingest", overwrite=request.overwrite)
    with _told_progress(file.path.name) as watch, _noted_warnings() as texts:
        with watch("read"):
            cloud, codes = _read(file, request, outputs.cloud)
            source_hash = sha256(file.path)
        model = pipeline.load_model(model_path)
        found = pipeline.label(cloud, model, device=request.run_config.device, tta=request.tta, watch=watch)
        labels, kept = found.point_labels, None
        scheme = scheme_written(outputs.cloud, request.out_classes)
        if request.keep and codes is not None:
            labels, kept = keep_codes(labels, codes, request.keep, scheme)
        facts = {
            "source": str(file.path),
            "sha256": source_hash,
            "points": len(cloud),
            "labelled": datetime.now(UTC).isoformat(timespec="seconds"),
            "outputs": {
                "cloud": str(outputs.cloud),
                "picture": None if outputs.picture is None else str(outputs.picture),
                "style": None if outputs.style is None else str(outputs.style),
            },
            **place_facts(cloud),
            "ground": ground_facts(found.ground),
            **label_facts(cloud, labels, found, model),
            "kept": kept,
        }
        with ExitStack() as undo:
            written: list[Path] = []
            if folder is not None:
                undo.callback(folder.invalidate_from, "ingest")
                with watch("keep"):
                    written = _keep(folder, cloud, _ingested(cloud, file, request), found, model)
            with ExitStack() as results:
                target = results.enter_context(replacing(outputs.cloud, overwrite=request.overwrite))
                if outputs.picture is not None:
                    picture = results.enter_context(replacing(outputs.picture))
                    with watch("picture"):
                        preview.draw(cloud, found.dem, found.bands, labels, picture)
                with watch("write"):
                    _write(cloud, labels, target, outputs.cloud, scheme, request)
                if outputs.style is not None:
                    write_text(qgis.cloud(scheme), results.enter_context(replacing(outputs.style)))
                facts |= {
                    "output_sha256": sha256(target),
                    "warnings": texts,
                    "seconds": _rounded(watch.seconds),
                }
                if lock is not None:
                    lock.ensure_held()
                    finished.note(request.out, file.stem, conditions, facts)
            undo.pop_all()
    return CloudResult((*outputs.paths(), *written), len(cloud), facts)


@contextmanager
def _told_progress(name: str) -> Iterator[Stopwatch]:
    """Yield a stopwatch that reports when a stage of the cloud of this name begins."""

    def tell(stage: str) -> None:
        emit(Step(name, STAGES.index(stage), len(STAGES), note=stage, part_of=TASK))

    try:
        yield Stopwatch(started=tell)
    finally:
        emit(Step(name, len(STAGES), len(STAGES), part_of=TASK))


def _rounded(seconds: dict[str, float]) -> dict[str, float]:
    return {stage: round(spent, 4) for stage, spent in seconds.items()}


def _read(file: CloudFile, request: RunRequest, target: Path) -> tuple[PointCloud, FileCodes | None]:
    """Read a cloud, and say before the work what its output cannot hold."""
    scheme = load_scheme(request.classes) if request.classes else None
    cloud, codes = read_with_codes(file.path, scheme=scheme, columns=request.columns, scan=file.scan)
    for sentence in cannot_keep(cloud, target):
        warnings.warn(f"{file.path}: {sentence}", stacklevel=2)
    if request.keep:
        check_keep(codes, request.keep, scheme_written(target, request.out_classes), file.path)
    return cloud, codes


def _write(
    cloud: PointCloud,
    labels: PointLabels,
    temporary: Path,
    target: Path,
    scheme: Scheme,
    request: RunRequest,
) -> None:
    try:
        write_cloud(cloud, labels, temporary, scheme=scheme, overwrite=True, upgrade=request.upgrade_las)
    except BevsegError as error:
        if str(error.where) == str(temporary):  # the user knows only the output
            error.where = target
        raise


def _ingested(cloud: PointCloud, file: CloudFile, request: RunRequest) -> dict[str, Any]:
    options = {"scheme": request.classes, "columns": request.columns, "scan": file.scan}
    return cloud_facts(cloud, file.path) | options


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


@contextmanager
def _noted_warnings() -> Iterator[list[str]]:
    """Yield the texts of the warnings for the user that come in the block; they go on to where they went before."""
    texts: list[str] = []
    with warnings.catch_warnings():
        show = warnings.showwarning

        def note(message: Any, category: type[Warning], *rest: Any, **more: Any) -> None:
            if category is UserWarning:
                texts.append(str(message))
            show(message, category, *rest, **more)

        warnings.showwarning = note
        warnings.simplefilter("always", UserWarning)
        yield texts
