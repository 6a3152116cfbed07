"""Sources and results, files or directories -> which result was made of which source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bevseg.config.files import read_json
from bevseg.errors import InputError
from bevseg.io import formats
from bevseg.io.find import CloudFile, find_clouds

_REPORT, _LARGEST = "report.json", 1 << 28
"""What `run` writes beside its results, and its bytes at most."""
_SCAN = re.compile(r"(.+)_scan(\d+)")
"""How `run` names the scans of a file that become clouds of their own."""


@dataclass(frozen=True)
class Pair:
    """A result, and the files that it may have been made of.

    Attributes
    ----------
    stem
        Name of the pair: the stem of the result, or its file name where two results have one stem.
    path
        The result.
    sources
        One file; none or several if it is not known. The number of a scan if the result is one of several scans.
    """

    stem: str
    path: Path
    sources: tuple[CloudFile, ...]

    @property
    def source(self) -> CloudFile:
        """The source.

        Raises
        ------
        InputError
            If there is none, or more than one file may be it.
        """
        if not self.sources:
            raise InputError(
                "The result has no source",
                where=self.path,
                why="no cloud among the sources has its name",
                hint="name the directory that holds the source",
            )
        if len(self.sources) > 1:
            raise InputError(
                "The result may be of several sources",
                where=self.path,
                why=", ".join(file.path.name for file in self.sources) + " have its name",
                hint="name the source and the result as files",
            )
        return self.sources[0]


def pairs(source: Path, result: Path) -> tuple[list[Pair], list[Path]]:
    """Find the source of each result.

    The report of a run beside the results names their sources. Without it, or for results that it does not name, the
    name without the suffix decides.

    Parameters
    ----------
    source, result
        A cloud each, or directories of clouds.

    Returns
    -------
    tuple
        The pairs, and the sources that belong to none.

    Raises
    ------
    InputError
        If no result has a source.
    """
    sources, results = (find_clouds([path], distinct=False).clouds for path in (source, result))
    if source.is_file() and result.is_file():
        return [Pair(results[0].stem, result, _candidates(results[0], sources, {source.name}))], []
    reported = _reported(result if result.is_dir() else result.parent)
    stems = [file.stem for file in results]
    found = [
        Pair(
            file.stem if stems.count(file.stem) == 1 else file.path.name,
            file.path,
            _candidates(file, sources, {reported.get(file.path.name, "")}),
        )
        for file in results
    ]
    if not any(pair.sources for pair in found):
        raise InputError(
            "No result has a source of the same name",
            where=f"{source} and {result}",
            hint="clouds are matched by the report of the run, or by file name without the suffix",
        )
    used = {file.path for pair in found for file in pair.sources}
    return found, [file.path for file in sources if file.path not in used]


def _candidates(result: CloudFile, sources: Sequence[CloudFile], names: set[str]) -> tuple[CloudFile, ...]:
    """Return the sources with one of these file names, else those of the result's stem, its scans included."""
    scan = _SCAN.fullmatch(result.stem)
    of_scan = {
        file.path: int(scan[2]) for file in sources if scan and file.stem == scan[1] and _has_scans(file)
    }
    found = [file for file in sources if file.path.name in names]
    found = found or [file for file in sources if file.stem == result.stem]
    found = found or [file for file in sources if file.path in of_scan]
    return tuple(CloudFile(file.path, file.stem, of_scan.get(file.path)) for file in found)


def _has_scans(file: CloudFile) -> bool:
    return formats.format_to_read(file.path).takes_scan


def _reported(folder: Path) -> dict[str, str]:
    """Return the file name of each result in a report -> that of its source; empty without a report of bevseg."""
    try:
        clouds: dict[str, Any] = read_json(folder / _REPORT, hint="run again", most_bytes=_LARGEST)["clouds"]
        return {Path(facts["outputs"]["cloud"]).name: Path(facts["source"]).name for facts in clouds.values()}
    except (InputError, KeyError, TypeError, AttributeError):
        return {}
