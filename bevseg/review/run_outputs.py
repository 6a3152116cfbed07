"""The directory of the results of a run -> its labelled clouds, and what its report says about them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bevseg.config.files import read_json
from bevseg.core.labels import load_scheme
from bevseg.errors import BevsegError, CloudNotFoundError, InputError, OutputExistsError, UsageError
from bevseg.io.find import find_clouds
from bevseg.io.read import read_cloud
from bevseg.io.read_labelled import LabelledCloud, read_labelled
from bevseg.printable import utf8
from bevseg.review.edits import EDITS, EditList
from bevseg.workdir.facts import sha256

log = logging.getLogger(__name__)

REPORT = "report.json"
"""What a run says about its results."""

SCHEMA = 2
"""Version of the report. A newer one is refused, an older one is read."""

LARGEST = 1 << 28
"""Bytes of a report at most; one of 10,000 clouds has about 60 MB."""

REVIEW = ".bevseg-review"
"""Folder of files that are derived from the results: they can be made again."""

_HINT = "name the directory that `bevseg run` wrote its results to"


@dataclass(frozen=True)
class RunCloud:
    """A labelled cloud.

    Attributes
    ----------
    name
        Its name in the run: that of the file, with the folders below the directory of the inputs.
    path
        The labelled file.
    source
        The file that was labelled; None if no report says.
    facts
        What the report says about the cloud; empty without a report.
    """

    name: str
    path: Path
    source: Path | None = None
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def read(self) -> LabelledCloud:
        """Read the labelled cloud.

        Raises
        ------
        CloudNotFoundError, CloudFormatError, LabelError
            As `read_labelled`.
        """
        scheme = self.facts.get("written_in")
        return read_labelled(self.path, scheme=None if scheme is None else load_scheme(scheme))

    def read_truth(self) -> NDArray[np.uint8] | None:
        """Return the true classes of the points, (N,) train ids: those of the source, if the run scored them.

        None without true classes, and where the source is no longer the file that was labelled.
        """
        if self.source is None or not self.facts.get("scores") or not self.source.is_file():
            return None
        if sha256(self.source) != self.facts["sha256"]:
            return None
        read = self.facts.get("read") or {}
        classes = read.get("classes")
        cloud = read_cloud(
            self.source,
            scheme=None if classes is None else load_scheme(classes),
            columns=read.get("columns"),
            scan=read.get("scan"),
        )
        return cloud.labels

    @property
    def sha256(self) -> str:
        """SHA-256 of the labelled file as it is now; reads the whole file."""
        return sha256(self.path)


@dataclass(frozen=True)
class RunOutputs:
    """The results of a run.

    Attributes
    ----------
    folder
        Their directory; None for labelled clouds that are named one by one.
    clouds
        The labelled clouds, in the order of the report.
    table
        The report; empty without one.
    """

    folder: Path | None
    clouds: tuple[RunCloud, ...]
    table: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the report of a run.

        Raises
        ------
        InputError
            If there is no report, if it is damaged, or of a newer version.
        CloudNotFoundError
            If a labelled cloud is missing.
        """
        path = folder / REPORT
        if not path.is_file():
            raise InputError("Not the results of a run", where=folder, why=f"it has no {REPORT}", hint=_HINT)
        table = read_json(path, hint=_HINT, most_bytes=LARGEST)
        schema = table.get("schema", 1)
        if not isinstance(schema, int) or schema > SCHEMA:
            raise InputError(
                "The results are of a newer bevseg",
                where=path,
                why=f"they have schema {schema}, this version knows {SCHEMA}",
                hint="use that version",
            )
        try:
            clouds = tuple(_cloud(folder, name, facts) for name, facts in table["clouds"].items())
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                "Not a report of this version", where=path, why=f"{error!r} in its clouds", hint=_HINT
            ) from error
        for cloud in clouds:
            if not cloud.path.is_file():
                raise CloudNotFoundError(
                    "A labelled cloud is missing",
                    where=cloud.path,
                    why=f"{path} lists it",
                    hint="put it back, or repeat the run",
                )
        return cls(folder, clouds, table)

    @classmethod
    def of_clouds(cls, paths: Sequence[Path]) -> Self:
        """Return labelled clouds without a report: files, or directories of them.

        Raises
        ------
        InputError
            If there are none.
        """
        found = find_clouds(list(paths)).clouds
        return cls(None, tuple(RunCloud(file.stem, file.path) for file in found))

    @classmethod
    def of(cls, paths: Sequence[Path]) -> Self:
        """Return the results in a directory that a run wrote, or labelled clouds.

        Raises
        ------
        InputError, CloudNotFoundError
            As `open` and `of_clouds`.
        """
        if len(paths) != 1 or not (paths[0] / REPORT).is_file():
            return cls.of_clouds(paths)
        found = cls.open(paths[0])
        if not found.clouds:
            raise InputError("The run labelled no cloud", where=paths[0] / REPORT, hint="see its failures")
        return found

    def edits(self) -> EditList:
        """Read the edits of the labelled clouds.

        Raises
        ------
        UsageError
            If the clouds are not the results of a run: the list lies in its directory.
        InputError
            As `EditList.open`.
        """
        if self.folder is None:
            raise UsageError("Only the results of a run can be corrected", hint=_HINT)
        return EditList.open(self.folder, {cloud.name: cloud.sha256 for cloud in self.clouds})

    def warn_of_corrections(self) -> None:
        """Warn if there are corrections that are not in the labelled files."""
        points = self._corrected_outside()
        if points:
            log.warning(
                "%s: the labelled files lack what a person corrected or confirmed (points: %s): `bevseg apply` "
                "writes files that have it",
                self.folder,
                f"{points:,}",
            )

    def _corrected_outside(self) -> int:
        """Return the number of points of edits that are not in the labelled files; those learned from are in them."""
        if self.folder is None or not (self.folder / EDITS).exists():
            return 0
        learned = self.table.get("learned", {}).get("edits", 0)
        return sum(edit.count for edit in self.edits().in_force()[learned:])

    def cloud(self, name: str) -> RunCloud:
        """Return a cloud by its name; UsageError if there is none."""
        for cloud in self.clouds:
            if cloud.name == name:
                return cloud
        raise UsageError(
            f"No cloud {name!r}",
            where=self.folder,
            why=f"the clouds are {', '.join(each.name for each in self.clouds[:10])}",
        )


def ensure_not_corrected(folder: Path) -> None:
    """Raise OutputExistsError if labelled files of a directory were corrected: other labels would end the edits.

    The edits that a model has learned from do not count: they come from elsewhere.
    """
    path = folder / EDITS
    if not path.exists():
        return
    try:
        points = RunOutputs.open(folder)._corrected_outside()
        why = f"the edits (points: {points:,}) are about the labels that stand there"
    except BevsegError as error:
        points, why = 1, f"it has edits that cannot be read: {error.what}"
    if points:
        raise OutputExistsError(
            "The results were corrected by a person",
            where=path,
            why=why,
            hint=f"name another output, or move {path.name} away",
        )


def _cloud(folder: Path, name: str, facts: Mapping[str, Any]) -> RunCloud:
    """Return a cloud of a report; the directory may have been moved since."""
    if ".." in Path(name).parts or Path(name).is_absolute():
        raise TypeError(f"{name!r} is no name of a cloud")
    if not isinstance(facts["points"], int):
        raise TypeError(f"{facts['points']!r} is no number of points")
    outputs = (folder / name).parent / Path(facts["outputs"]["cloud"]).name
    path, ending = _as_called(outputs), outputs.name.removeprefix(Path(name).name)
    if path != outputs:
        name = str(Path(name).with_name(path.name.removesuffix(ending)))
    return RunCloud(name, path, _as_called(Path(facts["source"])), facts)


def _as_called(path: Path) -> Path:
    r"""Return the file as the system calls it: a report has `\xdf` for a byte of a name that is not UTF-8."""
    if path.exists() or not path.parent.is_dir():
        return path
    return next((found for found in path.parent.iterdir() if utf8(found.name) == path.name), path)
