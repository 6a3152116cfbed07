"""Classes of the points -> the original files with these classes: `bevseg export`."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from pathlib import Path

from bevseg.core.labels import load_scheme
from bevseg.errors import InputError
from bevseg.io import SAME
from bevseg.io.find import ensure_regular
from bevseg.io.formats import same_format
from bevseg.io.keep import check_keep, keep_codes
from bevseg.io.read import read_with_codes, without_far_points
from bevseg.io.write import cannot_keep, scheme_written, write_cloud
from bevseg.runtime.atomic import ensure_absent, ensure_different, ensure_not_all_exist
from bevseg.runtime.batch import BatchResult, CloudResult
from bevseg.workdir.facts import sha256, source_of
from bevseg.workdir.folder import Folder, folders
from bevseg.workdir.for_each import StageOptions


def export_work(
    work: Path,
    out: Path,
    *,
    formats: Sequence[str] = (SAME,),
    out_classes: str | None = None,
    keep: Sequence[int] = (),
    upgrade_las: bool = False,
    options: StageOptions,
) -> BatchResult:
    """Write the original files with the new labels.

    Parameters
    ----------
    work
        Work directory with `labels.npz` of every cloud.
    out
        Directory of the labelled clouds, `<stem>.<ending of the format>`.
    formats
        Of `bevseg.io.formats.written()`; `SAME`: that of the original.
    out_classes
        Class scheme of the output; None: that of the format.
    keep
        Class codes of the originals whose points keep them.
    upgrade_las
        Whether LAS point formats 0 to 5 become 6 to 10, which hold all class codes.
    options
        Overwrite, processes, errors, progress.
    """
    if out_classes:
        load_scheme(out_classes)
    stage = functools.partial(
        _export,
        out=out,
        formats=formats,
        out_classes=out_classes,
        keep=keep,
        upgrade_las=upgrade_las,
        overwrite=options.overwrite,
    )
    clouds = folders(work)
    if not options.overwrite:
        ensure_not_all_exist([target for folder in clouds for target in _first_target(folder, out, formats)])
    return options.for_each_cloud("export", stage, clouds)


def _first_target(folder: Folder, out: Path, formats: Sequence[str]) -> list[Path]:
    """Return the first output of a cloud; none if its records are damaged, which is told in its turn."""
    try:
        source = source_of(folder.read_facts(), folder.path / "cloud.json")
        return [_target(folder, source, out, formats[0])]
    except InputError:
        return []


def _target(folder: Folder, source: Path, out: Path, word: str) -> Path:
    ending = same_format(source) if word == SAME else word
    return out / f"{folder.stem}.{ending}"


def _export(
    folder: Folder,
    *,
    out: Path,
    formats: Sequence[str],
    out_classes: str | None,
    keep: Sequence[int],
    upgrade_las: bool,
    overwrite: bool,
) -> CloudResult:
    facts, point_labels = folder.read_facts(), folder.read_labels()
    source = source_of(facts, folder.path / "cloud.json")
    targets = list(dict.fromkeys(_target(folder, source, out, word) for word in formats))
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
    cloud, codes = read_with_codes(source, scheme=scheme, columns=facts["columns"], scan=facts["scan"])
    cloud = without_far_points(cloud, source)
    for target in targets:
        for sentence in cannot_keep(cloud, target):
            warnings.warn(f"{source}: {sentence}", stacklevel=2)
        written, labels = scheme_written(target, out_classes), point_labels
        if keep:
            labels, _ = keep_codes(point_labels, check_keep(codes, keep, written, source), keep, written)
        write_cloud(cloud, labels, target, scheme=written, overwrite=overwrite, upgrade=upgrade_las)
    return CloudResult(tuple(targets), len(cloud))
