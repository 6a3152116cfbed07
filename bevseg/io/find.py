"""Files and directories -> the clouds among them, and the name of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bevseg.errors import CloudNotFoundError, UsageError
from bevseg.io import formats

_DOCUMENTS = ("changelog", "copying", "licence", "license", "notes", "readme")
"""Stems of files that are never clouds, whatever their suffix."""


@dataclass(frozen=True)
class CloudFile:
    """A cloud to be read, and its name in a work directory and in results."""

    path: Path
    stem: str


@dataclass(frozen=True)
class Found:
    """The result of a search: clouds, and entries of directories that are not clouds."""

    clouds: list[CloudFile]
    skipped: list[Path]


def find_clouds(paths: Sequence[Path]) -> Found:
    """Find the clouds among files and directories, sorted by name within each.

    A file that is named is a cloud. A file of a directory (not below it) is a cloud if it has the suffix of one, or
    if its first lines are rows of numbers. The others, hidden files and documents such as README are skipped, and so
    are rasters and trajectories whose suffix is one of text.

    Raises
    ------
    CloudNotFoundError
        If a path does not exist, or no cloud is found.
    UsageError
        If two clouds have the same stem.
    """
    clouds: list[Path] = []
    skipped: list[Path] = []
    for path in paths:
        if path.is_dir():
            for entry in sorted(path.iterdir()):
                (clouds if _is_cloud(entry) else skipped).append(entry)
        elif path.exists():
            clouds.append(path)
        else:
            raise CloudNotFoundError(
                "No such file or directory",
                where=path,
                why="there is no file with this path",
                hint="check the path",
            )
    if not clouds:
        raise CloudNotFoundError(
            "No point clouds found",
            where=", ".join(str(path) for path in paths),
            why=f"the directory has {len(skipped)} other files" if skipped else "the directory is empty",
            hint=f"bevseg reads {formats.readable()} (x y z [label]), also gzipped",
        )
    found = [CloudFile(path, stem(path)) for path in clouds]
    first: dict[str, Path] = {}
    for cloud in found:
        other = first.setdefault(cloud.stem, cloud.path)
        if other is not cloud.path:
            raise UsageError(
                f"Two clouds have the name {cloud.stem!r}",
                where=f"{other} and {cloud.path}",
                why="an output has the name of its cloud, up to the first dot",
                hint="rename one, or process them separately",
            )
    return Found(found, skipped)


def stem(path: Path) -> str:
    """Return the file name before its first dot."""
    return path.name.lstrip(".").split(".")[0] or path.name


def _is_cloud(path: Path) -> bool:
    """Whether a file of a directory is a cloud. A damaged one is: the user gets an error, not silence."""
    name = path.name.lower()
    if not path.is_file() or name.startswith(".") or stem(path).lower() in _DOCUMENTS:
        return False
    entry = formats.format_to_read(path)
    if not name.removesuffix(".gz").endswith(formats.suffixes()):
        return bool(formats.load(entry.reader).looks_like_points(path))
    return not (entry.any_suffix and formats.load(entry.reader).is_foreign(path))
