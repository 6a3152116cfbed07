"""Cloud of a run -> the files that the run writes for it, and the checks of their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bevseg.errors import UsageError
from bevseg.io import SAME, formats, qgis
from bevseg.io.find import CloudFile
from bevseg.report.maps_file import maps_path
from bevseg.runner.request import RunRequest
from bevseg.runtime.atomic import ensure_different


@dataclass(frozen=True)
class Outputs:
    """The labelled cloud, a picture of it, a style for QGIS, and maps for the report; None where there are none.

    QGIS opens clouds of LAS alone, so others have no style. A run that writes a single file writes that alone.
    """

    cloud: Path
    picture: Path | None = None
    style: Path | None = None
    maps: Path | None = None

    @classmethod
    def of(cls, file: CloudFile, request: RunRequest) -> Outputs:
        """Return the outputs of a cloud."""
        if is_one_file(request.out):
            return cls(request.out)
        ending = formats.same_format(file.path) if request.format == SAME else request.format
        cloud, picture = (request.out / f"{file.stem}.{end}" for end in (ending, "png"))
        in_qgis = ending.endswith(("las", "laz"))
        draws = request.pictures is not False
        return cls(
            cloud,
            picture if draws else None,
            qgis.path_beside(cloud) if in_qgis else None,
            maps_path(request.out, file.stem) if draws or request.maps else None,
        )

    def shown(self) -> tuple[Path, ...]:
        """Return the files that a user looks for."""
        return tuple(path for path in (self.cloud, self.picture, self.style) if path is not None)

    def beside(self) -> tuple[Path, ...]:
        """Return the files beside the cloud."""
        return tuple(path for path in (self.picture, self.style, self.maps) if path is not None)

    def paths(self) -> tuple[Path, ...]:
        """Return all files."""
        return (self.cloud, *self.beside())


def is_one_file(out: Path) -> bool:
    """Whether an output names a labelled cloud, by its suffix, and not a directory."""
    return not out.is_dir() and formats.format_to_write(out) is not None


def check_names(request: RunRequest, clouds: Sequence[CloudFile], others: Sequence[Path]) -> None:
    """Check before any work that every output has a name of its own.

    Parameters
    ----------
    request
        The request of the run.
    clouds
        Its clouds.
    others
        Outputs that belong to no cloud.

    Raises
    ------
    UsageError
        If one file is to hold several results, if two outputs have one name, or if one would replace an input.
    """
    if is_one_file(request.out):
        _check_one_file(request, clouds)
    writers = dict.fromkeys(others, "the run itself")
    for file in clouds:
        outputs = Outputs.of(file, request)
        ensure_different(file.path, outputs.cloud)
        for path in outputs.paths():
            first = writers.setdefault(path, str(file.path))
            if first != str(file.path):
                raise UsageError(
                    "Two outputs would have one name",
                    where=path,
                    why=f"{first} and {file.path} write it",
                    hint="rename the cloud, or choose another --format",
                )


def _check_one_file(request: RunRequest, clouds: Sequence[CloudFile]) -> None:
    if len(clouds) > 1 or request.train_on is not None:
        raise UsageError(
            "One file cannot hold all results",
            where=f"-o {request.out}",
            why=f"there are {len(clouds)} clouds" if len(clouds) > 1 else "a training writes a model as well",
            hint="name a directory, such as -o labelled/",
        )
    if request.format != SAME and not request.out.name.lower().endswith(f".{request.format}"):
        raise UsageError(
            "Two formats for one file",
            where=f"-o {request.out}, --format {request.format}",
            why="the suffix of the file picks its format",
            hint="leave out --format, or name a directory with -o",
        )
