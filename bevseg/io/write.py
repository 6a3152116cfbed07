"""Cloud and its new labels -> a file of any format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bevseg.core.labels import CLASS_NAMES, UNDEFINED, Scheme, load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import BevsegError, UsageError
from bevseg.io import Format, formats
from bevseg.runtime.atomic import ensure_absent, ensure_different, ensure_writable, replacing


def check_output(path: Path, *, scheme: Scheme | None = None, overwrite: bool = False) -> None:
    """Check before any work that a cloud with all five classes can be written.

    Parameters
    ----------
    path, scheme, overwrite
        As for `write_cloud`.

    Raises
    ------
    UsageError
        For a suffix that is not written.
    LabelError
        If the scheme lacks a code for one of the five classes.
    OutputExistsError, OutputWriteError
        If the file exists, or its folder cannot be written to.
    """
    entry, _ = _format(path)
    ensure_absent(path, overwrite=overwrite)
    ensure_writable(path.parent)
    known = np.arange(UNDEFINED + 1, len(CLASS_NAMES), dtype=np.uint8)
    (scheme or load_scheme(entry.scheme)).encode(known, where=str(path))


def scheme_written(path: Path, out_classes: str | None = None) -> Scheme:
    """Return the scheme of the codes in an output: the one that the user names, or that of the format.

    Raises
    ------
    UsageError
        For a suffix that is not written.
    """
    return load_scheme(out_classes or _format(path)[0].scheme)


def cannot_keep(cloud: PointCloud, path: Path) -> list[str]:
    """Return one sentence for each thing of the source that a file of this suffix cannot hold."""
    entry, _ = _format(path)
    assert entry.writer is not None
    sentences: Callable[[PointCloud], list[str]] = getattr(
        formats.load(entry.writer), "cannot_keep", lambda cloud: []
    )
    return sentences(cloud)


def write_cloud(
    cloud: PointCloud,
    point_labels: PointLabels,
    path: Path,
    *,
    scheme: Scheme | None = None,
    overwrite: bool = False,
    upgrade: bool = False,
) -> None:
    """Write the cloud with its classes and their confidence; the suffix of `path` picks the format.

    Parameters
    ----------
    cloud
        As `read_cloud` returned it, with everything that its source holds beside the coordinates.
    point_labels
        One class and confidence per point.
    path
        Its name ends with a dot and one of `formats.written()`.
    scheme
        Which codes are written; None for the scheme of the format.
    overwrite
        Whether a file of that name may be replaced.
    upgrade
        Whether LAS point formats 0 to 5 become those of LAS 1.4, which hold all codes. Other formats have no use for
        it.

    Raises
    ------
    UsageError
        For another suffix, for labels that are more or fewer than the points, or if `path` is the file that the cloud
        was read from.
    LabelError
        If the scheme has no code for a class, or one that the format cannot hold.
    OutputExistsError, OutputWriteError
        If the file exists, or the system refuses the write.
    """
    entry, write = _format(path)
    for name, values in (("labels", point_labels.classes), ("confidences", point_labels.confidence)):
        if len(values) != len(cloud):
            raise UsageError(
                "Labels and points do not agree",
                where=path,
                why=f"{len(values)} {name} for {len(cloud)} points",
                hint="give one class and one confidence per point, in the order of the cloud",
            )
    if cloud.origin is not None:
        ensure_different(cloud.origin, path)
    scheme = scheme or load_scheme(entry.scheme)
    options = {"upgrade": True} if upgrade and entry.takes_upgrade else {}
    with replacing(path, overwrite=overwrite) as temporary:
        try:
            write(cloud, point_labels, temporary, scheme, **options)
        except BevsegError as error:
            if str(error.where) == str(temporary):  # the user knows only the output
                error.where = path
            raise


def _format(path: Path) -> tuple[Format, Callable[..., None]]:
    """Return the format of an output and what writes it; UsageError if there is none."""
    entry = formats.format_to_write(path)
    write = (
        None if entry is None or entry.writer is None else getattr(formats.load(entry.writer), "write", None)
    )
    if entry is None or write is None:
        raise UsageError(
            f"Clouds cannot be written as {path.suffix!r}",
            where=path,
            hint=f"choose from {', '.join(f'.{word}' for word in formats.written())}",
        )
    return entry, write
