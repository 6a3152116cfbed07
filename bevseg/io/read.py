"""File -> clean PointCloud."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg import io
from bevseg.config.names import SCHEMES
from bevseg.core.labels import CLASS_NAMES, Scheme, load_scheme
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import CloudFormatError, CloudNotFoundError, LabelError, UsageError
from bevseg.io.raw import LONGEST_NAME, RawCloud

_PAPERS = ("changelog", "copying", "licence", "license", "notes", "readme")
"""Stems of files that lie beside clouds, whatever their suffix."""


@dataclass(frozen=True)
class CloudFile:
    """A cloud to be read, and what it is called in a work directory and in results."""

    path: Path
    stem: str


@dataclass(frozen=True)
class Found:
    """What a search for clouds came to."""

    clouds: list[CloudFile]
    passed_over: list[Path]


def find_clouds(paths: Sequence[Path]) -> Found:
    """Find the clouds among files and directories, sorted by name within each.

    Files that are named are taken as they are. In a directory (not below it) a file is taken if its suffix is that
    of a cloud or its first lines are rows of numbers; the others, and what is called README, are passed over.

    Raises
    ------
    CloudNotFoundError
        If a path does not exist, or no cloud is found.
    UsageError
        If two clouds have the same stem.
    """
    clouds: list[Path] = []
    passed: list[Path] = []
    for path in paths:
        if path.is_dir():
            for entry in sorted(path.iterdir()):
                (clouds if _is_cloud(entry) else passed).append(entry)
        elif path.exists():
            clouds.append(path)
        else:
            raise CloudNotFoundError(
                "No such file or directory", where=path, why="the path leads nowhere", hint="check it"
            )
    if not clouds:
        raise CloudNotFoundError(
            "No point clouds found",
            where=", ".join(str(path) for path in paths),
            why=f"{len(passed)} other files there" if passed else "the directory is empty",
            hint="readable are .las .laz .ply .pcd and text (x y z [label]), also gzipped",
        )
    found = [CloudFile(path, stem(path)) for path in clouds]
    first: dict[str, Path] = {}
    for cloud in found:
        other = first.setdefault(cloud.stem, cloud.path)
        if other is not cloud.path:
            raise UsageError(
                f"Two clouds are called {cloud.stem!r}",
                where=f"{other} and {cloud.path}",
                why="results are named by the part of the file name before the first dot",
                hint="rename one, or run them apart",
            )
    return Found(found, passed)


def stem(path: Path) -> str:
    """Return the file name before its first dot."""
    return path.name.lstrip(".").split(".")[0] or path.name


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
        Whether the caller needs every code explained (`train`, `evaluate`).

    Returns
    -------
    PointCloud
        With train ids as labels, or None where the file has none that are defined.

    Raises
    ------
    CloudNotFoundError, CloudFormatError, CrsError, LabelError, OutOfMemoryError, UsageError
        As the file deserves.
    """
    raw = _read_raw(path, columns)
    labels = _labels(raw, path, scheme, strict)
    return dataclasses.replace(raw.cloud, labels=labels, name=stem(path))


def _read_raw(path: Path, columns: str | None) -> RawCloud:
    if not path.exists():
        raise CloudNotFoundError("No such file", where=path, why="the path leads nowhere", hint="check it")
    if not path.is_file():
        raise CloudFormatError(
            "Not a file",
            where=path,
            why="it is a directory",
            hint="name a point cloud, or a directory of them",
        )
    if path.stat().st_size == 0:
        raise CloudFormatError(
            "The file is empty", where=path, why="it has 0 bytes", hint="fetch it again, or leave it out"
        )
    module = io.READERS.get(path.suffix.lower(), io.TEXT_READER)
    reader = importlib.import_module(module)
    raw: RawCloud = reader.read(path, columns=columns) if module == io.TEXT_READER else reader.read(path)
    return raw


def _labels(raw: RawCloud, path: Path, scheme: Scheme | None, strict: bool) -> NDArray[np.uint8] | None:
    """Return the train ids, None if nothing is defined, or if nobody can say what the codes mean."""
    if raw.codes is None:
        return None
    if raw.train_ids is not None and (scheme is None or raw.scheme == scheme.name[:LONGEST_NAME]):
        return raw.train_ids.copy() if raw.train_ids.any() else None
    try:
        decoder = _decoder(raw, path, scheme)
    except LabelError as error:
        if strict:
            raise
        warnings.warn(f"{path}: {error.what}: the cloud counts as unlabelled; {error.hint}", stacklevel=3)
        return None
    labels = decoder.decode(raw.codes, where=str(path), strict=strict)
    return labels if labels.any() else None


def _decoder(raw: RawCloud, path: Path, scheme: Scheme | None) -> Scheme:
    """Return the scheme in which the codes stand; in files of ours every code means what it was written for.

    Raises
    ------
    LabelError
        If bevseg wrote them in a scheme that is not built in, and it is not given.
    """
    if scheme is None:
        name = raw.scheme or io.SCHEME_BY_SUFFIX.get(path.suffix.lower(), io.SCHEME_OF_OTHERS)
        if name not in SCHEMES:
            raise LabelError(
                f"The classes are written in scheme {name!r}, which is not built in",
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


def _is_cloud(path: Path) -> bool:
    """Whether a file of a directory is taken; a damaged one is, so that somebody is told."""
    name = path.name.lower()
    if not path.is_file() or name.startswith(".") or stem(path).lower() in _PAPERS:
        return False
    if name.removesuffix(".gz").endswith((*io.READERS, *io.TEXT_SUFFIXES)):
        return True
    from bevseg.io.text.reader import looks_like_points

    return looks_like_points(path)


def describe(cloud: PointCloud, path: Path) -> dict[str, Any]:
    """Return what `cloud.json` tells about a cloud and the file it came from."""
    bounds = cloud.bounds()
    finite = len(cloud) if cloud.finite is None else int(cloud.finite.sum())
    histogram = None
    if cloud.labels is not None:
        counts = np.bincount(cloud.labels, minlength=len(CLASS_NAMES))
        histogram = {name: int(count) for name, count in zip(CLASS_NAMES, counts, strict=True)}
    return {
        "source": str(path.resolve()),
        "sha256": sha256(path),
        "points": len(cloud),
        "non_finite": len(cloud) - finite,
        "duplicates": duplicates(cloud),
        "bounds_m": None if bounds is None else dict(zip("xyz", bounds, strict=True)),
        "scale_m": cloud.scale,
        "crs": cloud.crs.wkt if cloud.crs else None,
        "metres_per_unit": {
            "horizontal": cloud.crs.horizontal if cloud.crs else 1.0,
            "vertical": cloud.crs.vertical if cloud.crs else 1.0,
        },
        "classes": histogram,
    }


def sha256(path: Path) -> str:
    """Return the hash of a file, to tell later whether it is still the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def duplicates(cloud: PointCloud) -> int:
    """Return how many finite points lie exactly on an earlier one."""
    steps = [s if cloud.finite is None else s[cloud.finite] for s in (cloud.x, cloud.y, cloud.z)]
    if len(steps[0]) == 0:
        return 0
    order = np.lexsort(steps)
    same = np.ones(len(order) - 1, bool)
    for axis in steps:
        sorted_steps = axis[order]
        same &= sorted_steps[1:] == sorted_steps[:-1]
    return int(same.sum())
