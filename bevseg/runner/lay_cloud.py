"""Cloud file -> its points in the scratch folder of a run, after the checks of what the run will write."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from bevseg.core.pointcloud import PointCloud
from bevseg.errors import InputError
from bevseg.io.find import CloudFile
from bevseg.io.keep import check_keep
from bevseg.io.las.las_file import LasFile
from bevseg.io.read import FileCodes
from bevseg.io.read_batches import is_read_in_batches, points_in
from bevseg.io.write import can_relabel, cannot_keep, scheme_written
from bevseg.runner.noted_warnings import noted_warnings
from bevseg.runner.outputs import Outputs
from bevseg.runner.request import TASK
from bevseg.runner.work import Work
from bevseg.runtime import memory
from bevseg.runtime.progress import Step, emit
from bevseg.survey import decoded
from bevseg.survey.lay_down import lay_down
from bevseg.survey.point_file import PointFile
from bevseg.survey.reading import key_of
from bevseg.workdir.facts import sha256

BYTES_DECODED = 90
"""Memory for a point of LAS that is read as a whole and held until it is written again."""

BYTES_OF_PROBABILITIES = 10
"""The same for the probabilities of all classes: 5 bytes of labels, and as many in what is written."""

MANY_BLOCKS = 1000
"""Blocks from which on the points of a cloud must not be too far apart: 10 km2, minutes of work."""

LONELY_BLOCKS = 100
"""Blocks from which on there must be two points in each, on average: one in 5,000 m2 is no scan."""


def lay_cloud(file: CloudFile, work: Work) -> Path:
    """Lay down the points of a cloud of a run, unless they lie there already.

    Parameters
    ----------
    file
        The cloud.
    work
        What the tasks of the run share.

    Returns
    -------
    Path
        The file of the points.
    """
    emit(Step(file.path.name, 0, 1, note="read", part_of=TASK))
    content = sha256(file.path)
    key = work.reading.key(file, content)
    path = work.scratch.points(key_of(key, *_checked(file, work)))
    if PointFile.open(path) is None:
        _lay(file, work, path, {"key": key, "sha256": content})
    _ensure_dense(file.path, path, work.reading.layout.side)
    emit(Step(file.path.name, 1, 1, part_of=TASK))
    return path


def _checked(file: CloudFile, work: Work) -> tuple[Any, ...]:
    """Return what the checks and their warnings depend on beside the content: with others they are made again."""
    request = work.request
    target = Outputs.of(file, request).cloud
    return str(file.path.absolute()), target.name, request.keep, request.out_classes


def _lay(file: CloudFile, work: Work, path: Path, facts: dict[str, str]) -> None:
    request, held = work.request, work.held
    target = Outputs.of(file, request).cloud
    if is_read_in_batches(file.path):  # the header says how many points there are
        work.scratch.ensure_room(points_in(file.path), probabilities=request.of_all)

    def check(cloud: PointCloud | LasFile, codes: FileCodes | None) -> None:
        if isinstance(cloud, LasFile) or not in_batches:
            for sentence in cannot_keep(cloud, target):
                warnings.warn(f"{file.path}: {sentence}", stacklevel=2)
        if request.keep and isinstance(cloud, PointCloud):
            check_keep(codes, request.keep, scheme_written(target, request.out_classes), file.path)

    bytes_per_point = BYTES_DECODED + (BYTES_OF_PROBABILITIES if request.of_all else 0)
    in_batches = (
        request.work is None
        and is_read_in_batches(file.path)
        and can_relabel(file.path, target)
        and points_in(file.path) * bytes_per_point > held - memory.used()
    )
    with noted_warnings() as texts:
        found = lay_down(
            file, work.reading, path, facts={**facts, "warnings": texts}, whole=not in_batches, check=check
        )
    if found is not None and memory.used() < held:
        decoded.hold(path, *found)


def _ensure_dense(cloud: Path, points: Path, side: float) -> None:
    """Raise InputError for a cloud of very many blocks with hardly a point in each: its unit must be another one."""
    file = PointFile.open(points)
    assert file is not None, "the cloud is laid down"
    blocks = len(np.unique(file.table[:, 1:3], axis=0))
    stored = file.facts["stored"]
    is_sparse = blocks >= MANY_BLOCKS and stored * memory.SPARSEST <= blocks * side**2
    if not is_sparse and not (blocks >= LONELY_BLOCKS and stored < 2 * blocks):
        return
    points.unlink()
    (west, east), (south, north), _ = file.facts["bounds"]
    raise InputError(
        "The points of this cloud are too far apart",
        where=cloud,
        why=f"{stored:,} points lie over {east - west:,.0f} x {north - south:,.0f} m: a point every "
        f"{blocks * side**2 / stored:,.0f} m2",
        hint="check the units: if the coordinates are millimetres (or centimetres), divide them by 1,000 (or 100), "
        "for example with CloudCompare (Edit > Multiply/Scale)",
    )
