"""File -> clean PointCloud."""

from __future__ import annotations

import dataclasses
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.config.names import SCHEMES
from bevseg.core.labels import Scheme, load_scheme, occurring
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import CloudFormatError, CloudNotFoundError, LabelError
from bevseg.io import formats
from bevseg.io.find import stem
from bevseg.io.raw import LONGEST_NAME, RawCloud


@dataclass(frozen=True)
class FileCodes:
    """The class codes of a file: (N,) values, and the scheme that gives them a meaning; None if it is unknown."""

    values: NDArray[np.integer]
    scheme: Scheme | None


def read_cloud(
    path: Path, *, scheme: Scheme | None = None, columns: str | None = None, strict: bool = False
) -> PointCloud:
    """Read a cloud of any format.

    Parameters
    ----------
    path
        The file.
    scheme
        How class codes are understood; None for the default of the format.
    columns
        Meaning of the columns of text, such as `x,y,z,-,label`.
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
    return read_with_codes(path, scheme=scheme, columns=columns, strict=strict)[0]


def read_with_codes(
    path: Path, *, scheme: Scheme | None = None, columns: str | None = None, strict: bool = False
) -> tuple[PointCloud, FileCodes | None]:
    """Read a cloud as `read_cloud` does, and its class codes as they stand in the file; None if it has none."""
    raw = _read_raw(path, columns)
    labels, decoder = _labels(raw, path, scheme, strict)
    cloud = dataclasses.replace(raw.cloud, labels=labels, name=stem(path), origin=path.absolute())
    return cloud, None if raw.codes is None else FileCodes(raw.codes, decoder)


def _read_raw(path: Path, columns: str | None) -> RawCloud:
    if not path.exists():
        raise CloudNotFoundError(
            "No such file", where=path, why="there is no file with this path", hint="check the path"
        )
    if not path.is_file():
        raise CloudFormatError(
            "Not a file",
            where=path,
            why="it is a directory",
            hint="name a point cloud, or a directory of them",
        )
    if path.stat().st_size == 0:
        raise CloudFormatError(
            "The file is empty",
            where=path,
            why="it has 0 bytes",
            hint="download or copy it again, or remove it",
        )
    entry = formats.format_to_read(path)
    read = formats.load(entry.reader).read
    raw: RawCloud = read(path, columns=columns) if entry.takes_columns else read(path)
    return raw


def _labels(
    raw: RawCloud, path: Path, scheme: Scheme | None, strict: bool
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
        decoder = _decoder(raw, path, scheme if strict else _fitting(raw, path, scheme))
    except LabelError as error:
        if strict:
            raise
        warnings.warn(f"{path}: {error.what}: the cloud counts as unlabelled; {error.hint}", stacklevel=4)
        return None, None
    labels = decoder.decode(raw.codes, where=str(path), strict=strict)
    return labels if labels.any() else None, decoder


def _fitting(raw: RawCloud, path: Path, scheme: Scheme | None) -> Scheme | None:
    """Return the scheme that the user names, or None where it is meant for other files: their own scheme fits.

    One name is given for all files of a command, and they may be of several kinds.
    """
    if scheme is None or raw.codes is None:
        return scheme
    own = raw.scheme or formats.format_to_read(path).scheme
    if own not in SCHEMES or own == scheme.name:
        return scheme
    if raw.scheme is not None and scheme.name in SCHEMES:
        warnings.warn(
            f"{path}: its classes are read in scheme {own!r}, which bevseg wrote them in, not in {scheme.name!r}",
            stacklevel=5,
        )
        return None
    codes = occurring(raw.codes)
    unknown, of_format = (codes - {entry.code for entry in one.entries} for one in (scheme, load_scheme(own)))
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


def _decoder(raw: RawCloud, path: Path, scheme: Scheme | None) -> Scheme:
    """Return the scheme of the codes. In files of bevseg every code has the meaning that it was written with.

    Raises
    ------
    LabelError
        If bevseg wrote them in a scheme that is not built in, and it is not given.
    """
    if scheme is None:
        name = raw.scheme or formats.format_to_read(path).scheme
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
