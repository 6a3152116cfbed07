"""Files and directories -> the clouds among them, and the name of each."""

from __future__ import annotations

import dataclasses
import logging
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bevseg.errors import CloudFormatError, CloudNotFoundError, InputError, UsageError
from bevseg.io import foreign, formats, packed

log = logging.getLogger(__name__)

_DOCUMENTS = ("changelog", "copying", "licence", "license", "notes", "readme")
"""Stems of files that are never clouds, whatever their suffix."""

LONGEST_STEM = 251
"""Bytes of a stem: file systems take names of 255, and `.laz` or `.png` is added."""

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True)
class CloudFile:
    """A cloud to be read, and its name in a work directory and in results.

    Attributes
    ----------
    path
        The file.
    stem
        The name.
    scan
        Number of the scan, from 1, where the scans of a file are clouds of their own; None for a whole file.
    """

    path: Path
    stem: str
    scan: int | None = None


@dataclass(frozen=True)
class Found:
    """The result of a search.

    Attributes
    ----------
    clouds
        The clouds, in order.
    skipped
        Entries of directories that are passed over -> why, in words.
    """

    clouds: list[CloudFile]
    skipped: dict[Path, str] = field(default_factory=dict)


def find_clouds(
    paths: Sequence[Path],
    *,
    apart: bool = False,
    distinct: bool = True,
    recursive: bool = False,
    leave_out: Sequence[Path] = (),
) -> Found:
    """Find the clouds among files and directories, sorted by name within each.

    A file that is named is a cloud. A file of a directory is a cloud if it has the suffix of one, or if its first
    lines are rows of numbers. The others, hidden files and documents such as README are skipped, and so
    are rasters and trajectories whose suffix is one of text, and what cannot be opened. Pipes, sockets and devices
    are never opened.

    Parameters
    ----------
    paths
        Files, or directories of files.
    apart
        Whether each scan of a file with several is a cloud of its own, `<stem>_scan1`, `<stem>_scan2`.
    distinct
        Whether no two clouds may have the same stem.
    recursive
        Whether directories are searched below as well. The stem of a cloud there begins with its folders: `a/b/scan`.
    leave_out
        Directories below that are not searched, such as that of the results.

    Raises
    ------
    CloudNotFoundError
        If a path does not exist, or no cloud is found.
    CloudFormatError
        If a path that is named is neither a regular file nor a directory.
    InputError
        If a directory cannot be read.
    UsageError
        If two clouds have the same stem, and `distinct`.
    """
    clouds: list[tuple[Path, Path]] = []  # a cloud, and the folder that its stem begins in
    skipped: dict[Path, str] = {}
    left_out = frozenset(folder.resolve() for folder in leave_out)
    for path in paths:
        if kind_of(path) == _KINDS[stat.S_IFDIR]:
            for entry in _below(path, left_out) if recursive else _entries(path):
                why = _why_skipped(entry)
                if why is None:
                    clouds.append((entry, path))
                else:
                    skipped[entry] = why
        else:
            ensure_regular(path)
            clouds.append((path, path.parent))
    if not clouds:
        raise CloudNotFoundError(
            "No point clouds found",
            where=", ".join(str(path) for path in paths),
            why=f"the directory has {len(skipped)} other files" if skipped else "the directory is empty",
            hint=f"bevseg reads {formats.readable()} (x y z [label]), also gzipped",
        )
    found = [
        dataclasses.replace(cloud, stem=(path.relative_to(folder).parent / cloud.stem).as_posix())
        for path, folder in clouds
        for cloud in (_scans(path) if apart else [CloudFile(path, stem(path))])
    ]
    if distinct:
        _ensure_distinct(found)
    return Found(found, skipped)


def log_skipped(found: Found) -> None:
    """Log which entries of directories are passed over, and why."""
    for path, why in found.skipped.items():
        log.info("skipped: %s: %s", path, why)


def stem(path: Path) -> str:
    """Return the name of a cloud: its file name without the suffix of its format, and of what packs it.

    All other dots stay: `tile_1.5_2.0.laz` is `tile_1.5_2.0`, `a.ply.gz` is `a`. A suffix that is of no format goes
    if it begins with a letter; `.5` is part of a name.
    """
    name = path.name.lstrip(".")
    known = formats.ending(Path(name))
    if known:
        name = name[: -len(known)]
    else:
        name = formats.without_packing(name)
        head, _, tail = name.rpartition(".")
        name = head if head and tail[:1].isalpha() else name
    name = os.fsdecode(os.fsencode(name)[:LONGEST_STEM])
    return name or path.name


def kind_of(path: Path) -> str:
    """Return what a path is: an empty string for a regular file, else `a directory`, `a pipe (FIFO)` and so on.

    Raises
    ------
    CloudNotFoundError
        If there is nothing: no such file, a dangling link, a loop of links.
    InputError
        If a permission is missing.
    """
    try:
        mode = path.stat().st_mode
    except PermissionError as error:
        raise InputError(
            "No permission", where=path, why=error.strerror, hint="check the permissions of its directory"
        ) from error
    except OSError as error:
        link = os.path.islink(path)  # noqa: PTH114  a name that is too long has no answer in Path
        raise CloudNotFoundError(
            "No such file or directory",
            where=path,
            why=f"it is a link that leads nowhere: {error.strerror}" if link else error.strerror,
            hint="correct the link" if link else "check the path",
        ) from error
    return "" if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no regular file")


def ensure_regular(path: Path) -> None:
    """Raise an error if a path is no regular file; nothing is opened, so a pipe cannot hang the program.

    Raises
    ------
    CloudFormatError
        For a directory, a pipe, a socket, a device.
    CloudNotFoundError, InputError
        See `kind_of`.
    """
    kind = kind_of(path)
    if kind:
        raise CloudFormatError(
            "Not a file",
            where=path,
            why=f"it is {kind}",
            hint="name a point cloud, or a directory of them",
        )


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise InputError(
            "The directory cannot be read", where=folder, why=error.strerror, hint="check its permissions"
        ) from error


def _below(folder: Path, left_out: frozenset[Path]) -> list[Path]:
    """Return the files in a folder and in those below it; links to folders are not followed, they may lead in rings.

    Folders with a hidden name are left out, and those that are named, without links.
    """
    found: list[Path] = []
    for entry in _entries(folder):
        if entry.is_dir() and not entry.is_symlink():
            if not entry.name.startswith(".") and entry.resolve() not in left_out:
                found += _below(entry, left_out)
        else:
            found.append(entry)
    return found


def _why_skipped(path: Path) -> str | None:
    """Return why an entry of a directory is passed over; None for a cloud.

    A damaged cloud is one: the user gets an error, not silence.
    """
    name = path.name.lower()
    if name.startswith("."):
        return "a hidden file"
    try:
        kind = kind_of(path)
        if kind:
            return kind
        with path.open("rb") as file:
            head = file.read(foreign.HEAD)
    except InputError as error:
        return str(error.why)
    except OSError as error:
        return error.strerror or str(error)
    if stem(path).lower() in _DOCUMENTS:
        return "a document"
    return _why_no_cloud(path, head)


def _why_no_cloud(path: Path, head: bytes) -> str | None:
    """Return why a file that can be read is no cloud."""
    entry = formats.format_to_read(path)
    if path.name.lower().endswith(".zip"):
        return "a zip archive; name it to read the cloud in it"
    by_name = bool(formats.ending(path))
    if by_name and not entry.by_content:
        is_foreign = entry.any_suffix and formats.load(entry.reader).is_foreign(path)
        return "not a list of points" if is_foreign else None
    kind = (None if by_name else foreign.by_name(path)) or (foreign.by_head(head) if head else None)
    if kind is not None:
        return kind.what
    if entry.starts and head.startswith(entry.starts) and not entry.by_content:
        return None
    if packed.is_packed(path) and not entry.any_suffix:
        return None
    return None if formats.load(entry.reader).looks_like_points(path) else "not a cloud"


def _scans(path: Path) -> list[CloudFile]:
    """Return each scan of a file as a cloud."""
    entry = formats.format_to_read(path)
    name = stem(path)
    if not entry.takes_scan:
        return [CloudFile(path, name)]
    count = len(formats.load(entry.reader).scans(path))
    if count == 1:
        return [CloudFile(path, name, 1)]
    digits = len(str(count))
    return [CloudFile(path, f"{name}_scan{i:0{digits}d}", i) for i in range(1, count + 1)]


def _ensure_distinct(clouds: Sequence[CloudFile]) -> None:
    first: dict[str, Path] = {}
    for cloud in clouds:
        other = first.setdefault(cloud.stem, cloud.path)
        if other is not cloud.path:
            raise UsageError(
                f"Two clouds have the name {cloud.stem!r}",
                where=f"{other} and {cloud.path}",
                why="an output has the name of its cloud, without the suffix of the format",
                hint="rename one, or process them separately",
            )
