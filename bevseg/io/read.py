"""File -> clean PointCloud."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.config.names import SCHEMES
from bevseg.core.far_points import find_far_points
from bevseg.core.labels import UNDEFINED, Scheme, load_scheme, occurring
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import BevsegError, CloudFormatError, LabelError, UsageError
from bevseg.io import Format, foreign, formats, packed
from bevseg.io.find import ensure_regular, stem
from bevseg.io.missing_heights import warn_of_missing_heights
from bevseg.io.raw import LONGEST_NAME, RawCloud, unclear_class


@dataclass(frozen=True)
class FileCodes:
    """The class codes of a file: (N,) values, and the scheme that gives them a meaning; None if it is unknown."""

    values: NDArray[np.integer]
    scheme: Scheme | None


def read_cloud(
    path: Path,
    *,
    scheme: Scheme | None = None,
    columns: str | None = None,
    scan: int | None = None,
    strict: bool = False,
) -> PointCloud:
    """Read a cloud of any format, gzipped, or alone in a zip archive.

    Parameters
    ----------
    path
        The file.
    scheme
        How class codes are understood; None for the default of the format.
    columns
        Meaning of the columns, such as `x,y,z,-,label`, of text and of arrays without names.
    scan
        Number of the scan, from 1, of a file with several (E57); None for all of them in one cloud.
    strict
        Whether a code without a meaning is an error (`train`, `evaluate`).

    Returns
    -------
    PointCloud
        Its labels are train ids; None if no point of the file has a class. Its `origin` is the file.

    Raises
    ------
    CloudNotFoundError, CloudFormatError, CrsError, LabelError, OutOfMemoryError, UsageError
        If the file, its coordinates, its labels or `columns` cannot be used.
    """
    raw, labels, _ = _read(path, scheme, columns, scan, strict=strict)
    cloud = without_far_points(raw.cloud, path)  # it knows its ends, a copy would not
    return dataclasses.replace(cloud, labels=labels, name=stem(path), origin=path.absolute())


def read_with_codes(
    path: Path,
    *,
    scheme: Scheme | None = None,
    columns: str | None = None,
    scan: int | None = None,
    strict: bool = False,
) -> tuple[PointCloud, FileCodes | None]:
    """Read a cloud, and its class codes as they stand in the file; None if it has none.

    The cloud is that of `read_cloud`, but that points far away from all others are not marked: in a survey, others
    may lie near them.
    """
    raw, labels, decoder = _read(path, scheme, columns, scan, strict=strict)
    cloud = dataclasses.replace(raw.cloud, labels=labels, name=stem(path), origin=path.absolute())
    return cloud, None if raw.codes is None else FileCodes(raw.codes, decoder)


def _read(
    path: Path, scheme: Scheme | None, columns: str | None, scan: int | None, *, strict: bool
) -> tuple[RawCloud, NDArray[np.uint8] | None, Scheme | None]:
    """Return what a file holds, the train ids of its points, and the scheme of its codes."""
    ensure_regular(path)
    if path.stat().st_size == 0:
        raise CloudFormatError(
            "The file is empty",
            where=path,
            why="it has 0 bytes",
            hint="download or copy it again, or remove it",
        )
    kind = None if formats.ending(path) else foreign.by_name(path)
    if kind is not None:
        raise foreign.not_read(path, kind)
    if packed.is_packed(path):
        with packed.unpacked(path) as inner, _named(inner, path):
            entry, raw = _read_raw(inner, columns, scan)
    else:
        entry, raw = _read_raw(path, columns, scan)
    warn_of_missing_heights(raw.cloud, path)
    raw = _without_unclear_codes(raw, entry, path, scheme)
    return raw, *labels_of(raw, entry, path, scheme, strict)


def without_far_points(cloud: PointCloud, path: Path) -> PointCloud:
    """Mark the points far away from all others, with a warning that says where they are."""
    far = find_far_points(cloud)
    if far is None:
        return cloud
    places = np.flatnonzero(far)
    x, y = (
        steps[places] * cloud.scale[axis] + cloud.offset[axis]
        for axis, steps in enumerate((cloud.x, cloud.y))
    )
    warnings.warn(
        f"{path}: {len(places):,} of {len(cloud):,} points are far away from all others and get no class: "
        f"x {x.min():.0f} to {x.max():.0f} m, y {y.min():.0f} to {y.max():.0f} m, "
        f"the first is point {places[0] + 1:,}",
        stacklevel=3,
    )
    return dataclasses.replace(cloud, far=far)


def _read_raw(path: Path, columns: str | None, scan: int | None) -> tuple[Format, RawCloud]:
    """Read a file that is not packed."""
    entry = formats.format_to_read(path)
    head = _head(path)
    kind = foreign.by_head(head) if entry.any_suffix else foreign.in_place(head)
    if kind is not None:
        raise foreign.not_read(path, kind)
    if scan is not None and not entry.takes_scan:
        raise UsageError(
            f"{entry.name} files have no scans to choose from",
            where=path,
            hint="leave the number of the scan out",
        )
    options: dict[str, object] = {"columns": columns} if entry.takes_columns else {}
    if entry.takes_scan:
        options["scan"] = scan
    raw: RawCloud = formats.load(entry.reader).read(path, **options)
    return entry, raw


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(foreign.HEAD)


@contextmanager
def _named(inner: Path, path: Path) -> Iterator[None]:
    """Name the packed file in errors and warnings about what was unpacked from it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except BevsegError as error:
            error.where = path if str(error.where) == str(inner) else error.where
            error.why = error.why and error.why.replace(str(inner), str(path))
            raise
    for warning in caught:
        warnings.warn(str(warning.message).replace(str(inner), str(path)), warning.category, stacklevel=3)


def _without_unclear_codes(raw: RawCloud, entry: Format, path: Path, scheme: Scheme | None) -> RawCloud:
    """Leave out codes that no name calls classes, if one of them is not in the scheme."""
    if raw.without_codes is None or raw.codes is None:
        return raw
    scheme = scheme or load_scheme(entry.scheme)
    unknown = occurring(np.ma.getdata(raw.codes)) - {line.code for line in scheme.entries}
    if not unknown:
        return raw
    warnings.warn(unclear_class(path, str(min(unknown)), scheme.name), stacklevel=3)
    return RawCloud(raw.without_codes)


def labels_of(
    raw: RawCloud, entry: Format, path: Path, scheme: Scheme | None, strict: bool
) -> tuple[NDArray[np.uint8] | None, Scheme | None]:
    """Return the train ids and the scheme of the codes.

    The ids are None if no point has a class, or if the scheme is unknown, which is then None as well.
    """
    if raw.codes is None:
        return None, None
    if raw.train_ids is not None and (scheme is None or raw.scheme == scheme.name[:LONGEST_NAME]):
        known = scheme or (load_scheme(raw.scheme) if raw.scheme in SCHEMES else None)
        return raw.train_ids.copy() if raw.train_ids.any() else None, known
    try:
        decoder = _decoder(raw, entry, path, scheme if strict else _fitting(raw, entry, path, scheme))
    except LabelError as error:
        if strict:
            raise
        warnings.warn(f"{path}: {error.what}: the cloud counts as unlabelled; {error.hint}", stacklevel=4)
        return None, None
    labels = decoder.decode(np.ma.getdata(raw.codes), where=str(path), strict=strict)
    if np.ma.isMaskedArray(raw.codes):
        labels[np.ma.getmaskarray(raw.codes)] = UNDEFINED
    return labels if labels.any() else None, decoder


def _fitting(raw: RawCloud, entry: Format, path: Path, scheme: Scheme | None) -> Scheme | None:
    """Return the scheme that the user names, or None where it is meant for other files: their own scheme fits.

    One name is given for all files of a command, and they may be of several kinds.
    """
    if scheme is None or raw.codes is None:
        return scheme
    own = raw.scheme or entry.scheme
    if own not in SCHEMES or own == scheme.name:
        return scheme
    if raw.scheme is not None and scheme.name in SCHEMES:
        warnings.warn(
            f"{path}: its classes are read in scheme {own!r}, which bevseg wrote them in, not in {scheme.name!r}",
            stacklevel=5,
        )
        return None
    codes = occurring(raw.codes)
    unknown, of_format = (codes - {line.code for line in one.entries} for one in (scheme, load_scheme(own)))
    # A scheme of the user may leave codes out, which then have no class. The schemes of bevseg are complete.
    if len(of_format) < len(unknown) and (scheme.name in SCHEMES or unknown == codes):
        listed = ", ".join(str(code) for code in sorted(unknown)[:10])
        warnings.warn(
            f"{path}: codes {listed} are not in scheme {scheme.name!r}: its classes are read in scheme {own!r}, "
            "that of the format",
            stacklevel=5,
        )
        return None
    return scheme


def _decoder(raw: RawCloud, entry: Format, path: Path, scheme: Scheme | None) -> Scheme:
    """Return the scheme of the codes. In files of bevseg every code has the meaning that it was written with.

    Raises
    ------
    LabelError
        If bevseg wrote them in a scheme that is not built in, and it is not given.
    """
    if scheme is None:
        name = raw.scheme or entry.scheme
        if name not in SCHEMES:
            raise LabelError(
                f"The class scheme {name!r} of the cloud is not built in",
                where=path,
                why=f"the built-in ones are {', '.join(SCHEMES)}",
                hint="name its TOML file with --classes",
            )
        scheme = load_scheme(name)
    if raw.scheme != scheme.name[:LONGEST_NAME]:
        return scheme
    written = scheme.written().values()
    entries = (
        dataclasses.replace(entry, ignored=False) if entry in written else entry for entry in scheme.entries
    )
    return dataclasses.replace(scheme, entries=tuple(entries))
