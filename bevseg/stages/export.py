"""Classes of the points -> the original files with these classes: `bevseg export`."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from bevseg.core.labels import load_scheme
from bevseg.errors import InputError
from bevseg.io import WRITTEN
from bevseg.io.find import ensure_regular
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from bevseg.runtime.atomic import ensure_absent, ensure_different, ensure_not_all_exist
from bevseg.runtime.batch import BatchResult, CloudResult
from bevseg.workdir.facts import sha256, source_of
from bevseg.workdir.folder import Folder, folders
from bevseg.workdir.for_each import StageOptions


def export_work(
    work: Path,
    out: Path,
    *,
    formats: Sequence[str] = WRITTEN[:1],
    out_classes: str | None = None,
    options: StageOptions,
) -> BatchResult:
    """Write the original files with the new labels.

    Parameters
    ----------
    work
        Work directory with `labels.npz` of every cloud.
    out
        Directory of the labelled clouds, `<stem>.<format>`.
    formats
        Of `bevseg.io.formats.written()`.
    out_classes
        Class scheme of the output; None: that of the format.
    options
        Overwrite, processes, errors, progress.
    """
    if out_classes:
        load_scheme(out_classes)
    stage = functools.partial(
        _export, out=out, formats=formats, out_classes=out_classes, overwrite=options.overwrite
    )
    clouds = folders(work)
    if not options.overwrite:
        ensure_not_all_exist([out / f"{folder.stem}.{formats[0]}" for folder in clouds])
    return options.for_each_cloud("export", stage, clouds)


def _export(
    folder: Folder, *, out: Path, formats: Sequence[str], out_classes: str | None, overwrite: bool
) -> CloudResult:
    facts, point_labels = folder.read_facts(), folder.read_labels()
    source = source_of(facts, folder.path / "cloud.json")
    targets = [out / f"{folder.stem}.{name}" for name in formats]
    for target in targets:
        ensure_absent(target, overwrite=overwrite)
        ensure_different(source, target)
    if source.exists():
        ensure_regular(source)  # a pipe or a device would be read without end
    if not source.exists() or sha256(source) != facts["sha256"]:
        raise InputError(
            "The original of this cloud is missing" if not source.exists() else "The original has changed",
            where=source,
            why="its SHA-256 differs from cloud.json" if source.exists() else "no such file",
            hint="restore the file, or run ingest again",
        )
    scheme = load_scheme(facts["scheme"]) if facts["scheme"] else None
    cloud = read_cloud(source, scheme=scheme, columns=facts["columns"])
    for target in targets:
        write_cloud(
            cloud,
            point_labels,
            target,
            scheme=load_scheme(out_classes) if out_classes else None,
            overwrite=overwrite,
        )
    return CloudResult(tuple(targets), len(cloud))
