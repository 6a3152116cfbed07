"""Cloud files -> the clouds of a work directory: `bevseg ingest`."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from bevseg.core.labels import load_scheme
from bevseg.io.find import CloudFile, find_clouds, log_skipped
from bevseg.io.read import read_cloud
from bevseg.runtime.atomic import ensure_not_all_exist
from bevseg.runtime.batch import BatchResult, CloudResult
from bevseg.workdir.facts import cloud_facts
from bevseg.workdir.folder import Folder
from bevseg.workdir.for_each import StageOptions


def ingest_clouds(
    paths: Sequence[Path],
    work: Path,
    *,
    classes: str | None = None,
    columns: str | None = None,
    options: StageOptions,
) -> BatchResult:
    """Read clouds into a work directory: `cloud.las` and `cloud.json`.

    Parameters
    ----------
    paths
        Files, or directories of files.
    work
        Work directory. It is created if it does not exist.
    classes
        Class scheme of the labels; None: that of the format.
    columns
        Columns of text clouds, such as `x,y,z,-,label`.
    options
        Overwrite, processes, errors, progress.

    Returns
    -------
    BatchResult
        Its fact `passed_over` lists the files of directories that are not clouds.
    """
    if classes:
        load_scheme(classes)
    found = find_clouds(list(paths))
    log_skipped(found)
    if not options.overwrite:
        ensure_not_all_exist([work / file.stem / "cloud.las" for file in found.clouds])
    stage = functools.partial(
        _ingest, work=work, classes=classes, columns=columns, overwrite=options.overwrite
    )
    result = options.for_each_cloud("ingest", stage, found.clouds)
    result.facts["passed_over"] = found.skipped
    return result


def _ingest(
    file: CloudFile, *, work: Path, classes: str | None, columns: str | None, overwrite: bool
) -> CloudResult:
    folder = Folder(work / file.stem)
    folder.ensure_absent("ingest", overwrite=overwrite)
    cloud = read_cloud(file.path, scheme=load_scheme(classes) if classes else None, columns=columns)
    folder.invalidate_from("ingest")
    facts = cloud_facts(cloud, file.path) | {"scheme": classes, "columns": columns, "scan": file.scan}
    return CloudResult(folder.write_cloud(cloud, facts), len(cloud))
