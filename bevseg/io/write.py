"""Cloud and its new labels -> a file of any format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CLASS_NAMES, UNDEFINED, Scheme, load_scheme
from bevseg.core.pointcloud import NO_LABELS, PointCloud, PointLabels
from bevseg.errors import BevsegError, UsageError
from bevseg.io import Format, formats
from bevseg.runtime.atomic import ensure_absent, ensure_different, ensure_writable, replacing

if TYPE_CHECKING:
    from bevseg.io.las.las_file import LasFile


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


def cannot_keep(cloud: PointCloud | LasFile, path: Path) -> list[str]:
    """Return one sentence for each thing of the source that a file of this suffix cannot hold.

    Parameters
    ----------
    cloud
        What `write_cloud` or `relabel_file` is to write.
    path
        As for these.

    Raises
    ------
    UsageError
        If the suffix is not written, or cannot hold the source at all.
    """
    entry, _ = _format(path)
    if not isinstance(cloud, PointCloud):
        _relabelling(entry, path)
    sentences: Callable[[PointCloud | LasFile], list[str]] = getattr(
        formats.load(entry.writer or ""), "cannot_keep", lambda cloud: []
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
    """Write the cloud with its classes and what is known of them; the suffix of `path` picks the format.

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
    _ensure_one_each(point_labels, len(cloud), path)
    if cloud.origin is not None:
        ensure_different(cloud.origin, path)
    scheme = scheme or load_scheme(entry.scheme)
    options = {"upgrade": True} if upgrade and entry.takes_upgrade else {}
    with _written(path, overwrite=overwrite) as temporary:
        write(cloud, point_labels, temporary, scheme, **options)


def relabel_file(
    source: LasFile,
    labels: Callable[[int, NDArray[np.uint8]], PointLabels],
    path: Path,
    *,
    scheme: Scheme | None = None,
    overwrite: bool = False,
    upgrade: bool = False,
    like: PointLabels = NO_LABELS,
    size: int | None = None,
    threads: int | None = None,
) -> None:
    """Copy a LAS, LAZ or COPC file with new classes and their confidence, a batch of points at a time.

    `write_cloud` of the whole cloud gives the same bytes; here memory does not grow with the file.

    Parameters
    ----------
    source
        The open file.
    labels
        Called for each batch in turn with the place of its first point, and the class codes of its points in the
        source; returns their labels. `kept` there says which points get a code as it is: a code of the source to
        keep, or 0 for a point that takes no part.
    path
        Its name ends with .las, .laz or .copc.laz.
    scheme, overwrite, upgrade
        As for `write_cloud`.
    like
        Labels of no points, with those parts beside the class that the labels have.
    size
        Points of a batch; None for those that all cores compress at once.
    threads
        Chunks of LAZ that are decoded or encoded at once; None for as many as there are cores.

    Raises
    ------
    CloudFormatError
        If points of the source cannot be decoded.
    UsageError, LabelError, OutputExistsError, OutputWriteError
        As `write_cloud`; UsageError also for another format, and for COPC from a source without an octree.
    """
    entry, _ = _format(path)
    relabel = _relabelling(entry, path)
    ensure_different(source.path, path)

    def checked(first: int, codes: NDArray[np.uint8]) -> PointLabels:
        given = labels(first, codes)
        _ensure_one_each(given, len(codes), path)
        return given

    options = {"upgrade": True} if upgrade and entry.takes_upgrade else {}
    scheme = scheme or load_scheme(entry.scheme)
    with _written(path, overwrite=overwrite) as temporary:
        relabel(source, checked, temporary, scheme, like=like, size=size, threads=threads, **options)


def can_relabel(source: Path, path: Path) -> bool:
    """Return whether `relabel_file` writes a LAS, LAZ or COPC file to a path of this suffix."""
    entry, _ = _format(path)
    if entry.inside is not None:  # an octree is built of all points, or copied
        return formats.format_to_read(source) == entry
    return getattr(formats.load(entry.writer or ""), "relabel", None) is not None


def _relabelling(entry: Format, path: Path) -> Callable[..., None]:
    """Return what copies LAS with new labels in a format; UsageError if nothing does."""
    relabel: Callable[..., None] | None = getattr(formats.load(entry.writer or ""), "relabel", None)
    if relabel is None:
        raise UsageError(
            f"A copy of LAS with new labels cannot be {entry.name}",
            where=path,
            why="only the points of LAS, LAZ and COPC are copied batch by batch",
            hint="choose --format las or laz",
        )
    return relabel


def _ensure_one_each(point_labels: PointLabels, count: int, path: Path) -> None:
    of_points = {"labels": point_labels.classes, "confidences": point_labels.confidence}
    if point_labels.reasons is not None:
        of_points["reasons"] = point_labels.reasons
    if point_labels.probabilities is not None:
        of_points["probabilities of each class"] = point_labels.probabilities.T
    for name, values in of_points.items():
        if len(values) != count:
            raise UsageError(
                "Labels and points do not agree",
                where=path,
                why=f"{len(values)} {name} for {count} points",
                hint="give one class and one confidence per point, in the order of the cloud",
            )


@contextmanager
def _written(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary path that becomes `path`; errors about it name `path`, for the user knows only the output."""
    with replacing(path, overwrite=overwrite) as temporary:
        try:
            yield temporary
        except BevsegError as error:
            if str(error.where) == str(temporary):
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
