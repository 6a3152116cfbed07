"""Labels of the blocks of a cloud -> the labelled cloud, a picture and a style: how a run ends for each cloud."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CLASS_NAMES, Scheme
from bevseg.core.pointcloud import NO_LABELS, KeptCodes, PointCloud, PointLabels
from bevseg.errors import BevsegError, InputError
from bevseg.io import qgis
from bevseg.io.find import CloudFile
from bevseg.io.las.las_file import open_file
from bevseg.io.read import FileCodes, read_with_codes
from bevseg.io.read_batches import is_read_in_batches
from bevseg.io.write import can_relabel, relabel_file, scheme_written, write_cloud
from bevseg.report.maps_file import write_maps
from bevseg.runner import finished, preview
from bevseg.runner.labels_written import LabelsWritten
from bevseg.runner.maps import maps_of
from bevseg.runner.noted_warnings import noted_warnings
from bevseg.runner.outputs import Outputs
from bevseg.runner.request import TASK, RunRequest, absolute_scheme
from bevseg.runner.work import CloudTask, Work
from bevseg.runtime.atomic import ensure_absent, replacing, write_text
from bevseg.runtime.batch import CloudResult
from bevseg.runtime.progress import Step, Stopwatch, emit
from bevseg.survey import decoded
from bevseg.survey.cloud_labels import CloudLabels, true_labels
from bevseg.survey.lay_down import BATCH
from bevseg.survey.point_file import PointFile
from bevseg.survey.survey import read_once
from bevseg.workdir.facts import sha256

Give = Callable[[int, int, FileCodes | None], PointLabels]
"""First point, behind the last point, codes of these points in the input -> labels to write."""


def write_labelled(task: CloudTask, work: Work) -> CloudResult:
    """Write one cloud of a run. All of its outputs appear, or none.

    Parameters
    ----------
    task
        The cloud; its blocks are labelled.
    work
        What the tasks of the run share.

    Returns
    -------
    CloudResult
        The facts are what the report says about the cloud.
    """
    file, request = task.file, work.request
    outputs, survey = Outputs.of(file, request), read_once(task.survey)
    points = PointFile.open(survey.files[task.number])
    assert points is not None, "the cloud is laid down"
    _ensure_unchanged(file, points)
    for path in outputs.shown():  # maps are derived, and made again
        ensure_absent(path, overwrite=request.overwrite or task.replace)
    labels = CloudLabels(survey, task.number, work.scratch, probabilities=request.of_all)
    scheme = scheme_written(outputs.cloud, request.out_classes)
    is_unlike = bool(task.facts.get("unlike"))
    written = LabelsWritten(
        request.keep,
        scheme,
        file.stem,
        has_confidence_field=request.has_confidence_field,
        is_unlike=is_unlike,
    )

    def give(start: int, stop: int, codes: FileCodes | None) -> PointLabels:
        truth = true_labels(points, start, stop) if points.facts["labelled"] else None
        return written.of(labels.of(start, stop), codes, truth)

    emit(Step(file.path.name, 0, 1, note="write", part_of=TASK))
    watch = Stopwatch({"read": points.facts["seconds"]} | labels.seconds())
    with noted_warnings() as texts, ExitStack() as undo:
        kept_files: list[Path] = []
        with ExitStack() as results:
            target = results.enter_context(replacing(outputs.cloud))
            with watch("write"):
                cloud = _write(task, work, points, give, target, outputs.cloud, scheme)
            if request.work is not None:
                from bevseg.runner.keep_work import keep_work  # only here: it imports rasterio

                assert cloud is not None, "with a work directory clouds are read as a whole"
                with watch("keep"):
                    kept_files = keep_work(file, cloud, request, work.model, undo, is_unlike=is_unlike)
            del cloud  # as large as the file
            facts = {**task.facts, **_place(points), **written.facts()}
            if outputs.maps is not None:
                with watch("picture"):
                    maps, highest = maps_of(
                        labels, labels.shown(points.facts["bounds"]), survey.layout.cell, is_unlike=is_unlike
                    )
                    write_maps(maps, results.enter_context(replacing(outputs.maps)))
                    if outputs.picture is not None:
                        picture = results.enter_context(replacing(outputs.picture))
                        preview.draw(file.stem, facts["classes"], maps, highest, picture)
            if outputs.style is not None:
                write_text(qgis.cloud(scheme), results.enter_context(replacing(outputs.style)))
            method, why = labels.method()
            facts |= {
                "source": str(file.path.absolute()),
                "sha256": points.facts["sha256"],
                "labelled": datetime.now(UTC).isoformat(timespec="seconds"),
                "outputs": {
                    "cloud": str(outputs.cloud),
                    "picture": None if outputs.picture is None else str(outputs.picture),
                    "style": None if outputs.style is None else str(outputs.style),
                    "maps": None if outputs.maps is None else str(outputs.maps),
                },
                "read": {
                    "classes": absolute_scheme(request.classes),
                    "columns": request.columns,
                    "scan": file.scan,
                },
                "written_in": absolute_scheme(request.out_classes),
                "ground": {"method": method, "why": why},
                "devices": labels.devices(),
                "output_sha256": sha256(target),
                "warnings": [*points.facts["warnings"], *task.warnings, *texts],
                "seconds": {stage: round(spent, 4) for stage, spent in watch.seconds.items()},
            }
            if work.lock is not None:
                work.lock.ensure_held()
                finished.note(request.out, file.stem, work.conditions, facts)
        undo.pop_all()
    emit(Step(file.path.name, 1, 1, part_of=TASK))
    return CloudResult((*outputs.shown(), *kept_files), facts["points"], facts)


def _ensure_unchanged(file: CloudFile, points: PointFile) -> None:
    if sha256(file.path) != points.facts["sha256"]:
        raise InputError(
            "The cloud has changed while the run was at work",
            where=file.path,
            why="its SHA-256 differs from that of the points that were labelled",
            hint="repeat the command",
        )


def _place(points: PointFile) -> dict[str, Any]:
    """Return reference system, bounds, covered area (m²) and points per m² of it."""
    facts = points.facts
    crs, bounds = facts["crs"], facts["bounds"]
    finite = facts["points"] - facts["not_finite"]
    return {
        "points": facts["points"],
        "crs": crs["wkt"] or None if crs else None,
        "metres_per_unit": [crs["horizontal"], crs["vertical"]] if crs else [1.0, 1.0],
        "bounds_m": None if bounds is None else dict(zip("xyz", bounds, strict=True)),
        "not_finite": facts["not_finite"],
        "area_m2": facts["area"],
        "points_per_m2": round(finite / facts["area"], 2) if facts["area"] else None,
    }


def _write(
    task: CloudTask, work: Work, points: PointFile, give: Give, temporary: Path, target: Path, scheme: Scheme
) -> PointCloud | None:
    """Write the cloud; return it if it was decoded as a whole."""
    path, request = task.file.path, work.request
    like = _like(request)
    held = decoded.take(points.path)
    try:
        if held is None and request.work is None and is_read_in_batches(path) and can_relabel(path, target):
            _relabel(path, points, give, like, temporary, scheme, upgrade=request.upgrade_las)
            return None
        cloud, codes = held or _read_again(task.file, work)
        labels = _joined(len(cloud), codes, give, like)
        write_cloud(cloud, labels, temporary, scheme=scheme, overwrite=True, upgrade=request.upgrade_las)
    except BevsegError as error:
        if str(error.where) == str(temporary):  # the user knows only the output
            error.where = target
        raise
    return cloud


def _read_again(file: CloudFile, work: Work) -> tuple[PointCloud, FileCodes | None]:
    """Read a cloud as a whole; the first pass has given its warnings."""
    reading = work.reading
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return read_with_codes(file.path, scheme=reading.scheme, columns=reading.columns, scan=file.scan)


def _relabel(
    path: Path,
    points: PointFile,
    give: Give,
    like: PointLabels,
    temporary: Path,
    scheme: Scheme,
    *,
    upgrade: bool,
) -> None:
    """Copy the cloud with its labels, batch by batch."""
    known = points.facts["scheme"]
    decoder = None if known is None else Scheme.of_table(known)

    def labels(first: int, codes: NDArray[np.uint8]) -> PointLabels:
        return give(first, first + len(codes), FileCodes(codes, decoder))

    with open_file(path) as las:
        relabel_file(
            las,
            labels,
            temporary,
            scheme=scheme,
            overwrite=True,
            upgrade=upgrade,
            like=like,
            size=BATCH,
        )


def _like(request: RunRequest) -> PointLabels:
    """Return labels of no points, with all parts that those of a run have."""
    nothing = np.empty((len(CLASS_NAMES) - 1, 0), np.uint8)
    return replace(
        NO_LABELS,
        reasons=NO_LABELS.classes,
        probabilities=nothing if request.of_all else None,
        has_confidence_field=request.has_confidence_field,
    )


def _joined(count: int, codes: FileCodes | None, give: Give, like: PointLabels) -> PointLabels:
    """Return the labels of all points of a cloud."""
    rows = [np.zeros(count, np.uint8) for _ in range(3)]
    shares = None if like.probabilities is None else np.zeros((len(like.probabilities), count), np.uint8)
    kept: KeptCodes | None = None
    for start in range(0, count, BATCH):
        part = slice(start, min(start + BATCH, count))
        own = None if codes is None else FileCodes(codes.values[part], codes.scheme)
        labels = give(part.start, part.stop, own)
        assert labels.reasons is not None  # the blocks of a survey hold them
        for row, values in zip(rows, (*labels, labels.reasons), strict=True):
            row[part] = values
        if shares is not None and labels.probabilities is not None:
            shares[:, part] = labels.probabilities
        if labels.kept is not None:
            if kept is None:
                wide = np.uint8 if codes is None else codes.values.dtype
                kept = KeptCodes(np.zeros(count, wide), np.zeros(count, bool))
            kept.codes[part], kept.mask[part] = labels.kept.codes, labels.kept.mask
    classes, confidence, reasons = rows
    return replace(
        like, classes=classes, confidence=confidence, kept=kept, reasons=reasons, probabilities=shares
    )
