"""What earlier runs left in a directory -> which clouds are done, and what has changed since for the others.

A run notes every cloud in `UNFINISHED`, a line of JSON each, before the cloud appears. When all are done, the report
takes the place of these lines. So a run that was ended from outside goes on where it stopped.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bevseg.config.files import parse_json, read_json
from bevseg.errors import InputError, OutputExistsError
from bevseg.io.find import CloudFile
from bevseg.review.run_outputs import LARGEST, REPORT, SCHEMA
from bevseg.runner.conditions import differences
from bevseg.runner.outputs import Outputs
from bevseg.runner.request import RunRequest
from bevseg.runtime.atomic import ensure_absent, wait_for_disk, write_error
from bevseg.runtime.batch import CloudResult, Failure
from bevseg.survey.reading import key_of
from bevseg.workdir.facts import sha256

UNFINISHED = "report.unfinished.jsonl"
"""The clouds of a run that goes on, in the SCHEMA of the report."""

LONGEST_NAME = 255
"""Bytes of a file name at most, on every common system: a longer one is no file that bevseg wrote."""

AGAIN = "give --overwrite, or another output"


@dataclass(frozen=True)
class Record:
    """A cloud of an earlier run: its name, the conditions of its labels, and what the report says about it."""

    stem: str
    conditions: Mapping[str, Any]
    facts: dict[str, Any]

    def output(self, out: Path) -> Path:
        """Return the labelled cloud, in the directory as it is called now."""
        return (out / self.stem).parent / Path(self.facts["outputs"]["cloud"]).name


@dataclass(frozen=True)
class Earlier:
    """What earlier runs left.

    Attributes
    ----------
    records
        Stem -> record.
    older
        Stem -> records before that one. A run that is ended between the note and the rename leaves an output that
        was to be replaced as one of these says.
    training
        The training, if there was one.
    has_report
        Whether there is a report.
    """

    records: dict[str, Record] = field(default_factory=dict)
    older: dict[str, list[Record]] = field(default_factory=dict)
    training: dict[str, Any] | None = None
    has_report: bool = False


@dataclass(frozen=True)
class Existing:
    """The clouds of a run whose outputs exist.

    Attributes
    ----------
    ours
        Stem -> record of an output that bevseg wrote under the same conditions. It is done if the survey is still
        the same, and may be replaced if not.
    changed
        Stem -> why its output may not be replaced.
    """

    ours: dict[str, Record] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)


def note(out: Path, stem: str, conditions: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Note that the outputs of a cloud are complete, just before they appear."""
    _append(out, {"schema": SCHEMA, "stem": stem, "conditions": conditions, "cloud": facts})


def note_training(out: Path, facts: Mapping[str, Any]) -> None:
    """Note that the model is complete."""
    _append(out, {"schema": SCHEMA, "training": facts})


def read_earlier(out: Path) -> Earlier:
    """Read what earlier runs noted and reported; the later word counts.

    Raises
    ------
    OutputExistsError
        If there is a report that is not one of bevseg, or one of a newer version.
    """
    path = out / REPORT
    records: dict[str, Record] = {}
    older: dict[str, list[Record]] = {}
    training = None
    if path.exists():
        ensure_absent(path, overwrite=path.is_file())
        try:
            table = read_json(path, hint=AGAIN, most_bytes=LARGEST)
            _ensure_known(table, path)
            records = {
                stem: _record(stem, table["conditions"], facts) for stem, facts in table["clouds"].items()
            }
            training = table["training"]
        except (InputError, KeyError, TypeError, AttributeError) as error:
            raise OutputExistsError(
                "The output exists", where=path, why="it is no report of this version", hint=AGAIN
            ) from error
    unfinished = out / UNFINISHED
    for line in unfinished.read_text("utf-8", "replace").splitlines() if unfinished.is_file() else []:
        try:
            table = parse_json(line, unfinished, hint=AGAIN)
            _ensure_known(table, unfinished)
            if "training" in table:
                training = table["training"]
            else:
                stem = str(table["stem"])
                record = _record(stem, table["conditions"], table["cloud"])
                if stem in records:
                    older.setdefault(stem, []).append(records[stem])
                records[stem] = record
        except (InputError, KeyError, TypeError, AttributeError):
            continue  # cut off: its cloud never appeared
    return Earlier(records, older, training if isinstance(training, dict) else None, path.exists())


def _ensure_known(table: Mapping[str, Any], path: Path) -> None:
    """Raise OutputExistsError if a newer version wrote a table."""
    schema = table.get("schema", 1)
    if not isinstance(schema, int) or schema > SCHEMA:
        raise OutputExistsError(
            "The results are of a newer bevseg",
            where=path,
            why=f"they have schema {schema}, this version knows {SCHEMA}",
            hint="use that version, or give another output, or --overwrite",
        )


def compare(
    request: RunRequest, clouds: Sequence[CloudFile], earlier: Earlier, now: Mapping[str, Any]
) -> Existing:
    """Sort the clouds whose outputs exist: written by bevseg under the same conditions, or not.

    Raises
    ------
    OutputExistsError
        If nothing else is left to do than what may not be replaced, or if the report is about other conditions.
    """
    existing = Existing()
    for file in clouds:
        target = Outputs.of(file, request).cloud
        if not target.exists():
            continue
        record = _record_of(target, file.stem, earlier)
        why = (
            "no report says how it was made"
            if record is None
            else _difference(request, file, target, record, now)
        )
        if record is not None and why is None:
            existing.ours[file.stem] = record
        else:
            existing.changed[file.stem] = str(why)
    nothing_left = len(existing.changed) + len(existing.ours) == len(clouds)
    if existing.changed and (nothing_left or earlier.has_report):
        raise _exists(existing.changed, {file.stem: Outputs.of(file, request).cloud for file in clouds})
    foreign = {
        stem: changed[0]
        for stem, record in earlier.records.items()
        if record.output(request.out).exists() and (changed := differences(record.conditions, now))
    }
    if foreign:
        raise _exists(foreign, {stem: earlier.records[stem].output(request.out) for stem in foreign})
    return existing


def not_replaced(
    request: RunRequest, clouds: Sequence[CloudFile], changed: Mapping[str, str]
) -> list[Failure]:
    """Return a failure for each cloud whose output may not be replaced."""
    return [
        Failure(
            file.stem,
            file.path,
            _exists({file.stem: changed[file.stem]}, {file.stem: Outputs.of(file, request).cloud}),
        )
        for file in clouds
        if file.stem in changed
    ]


def unchanged(clouds: Sequence[CloudFile], records: Mapping[str, Record]) -> tuple[list[CloudFile], bool]:
    """Return the clouds whose files are those of their records, and whether they are whole surveys.

    The labels of a cloud depend on all clouds of its survey. If some are missing now, or others have come, they may
    be other labels.
    """
    same = [
        file
        for file in clouds
        if (record := records.get(file.stem)) is not None and sha256(file.path) == record.facts["sha256"]
    ]
    surveys: dict[str | None, dict[str, str]] = {}
    for file in same:
        facts = records[file.stem].facts
        surveys.setdefault(facts.get("survey"), {})[file.stem] = facts["sha256"]
    return same, all(key == survey_key(members) for key, members in surveys.items())


def survey_key(members: Mapping[str, str]) -> str:
    """Return what stands for the clouds of a survey, given the name of each and the SHA-256 of its file."""
    return key_of("survey", sorted(members.items()))


def _exists(reasons: Mapping[str, str], targets: Mapping[str, Path]) -> OutputExistsError:
    stem, why = next(iter(reasons.items()))
    more = f"; {len(reasons) - 1} other clouds likewise" if len(reasons) > 1 else ""
    return OutputExistsError("The output exists", where=targets[stem], why=why + more, hint=AGAIN)


def others(earlier: Earlier, out: Path, stems: Sequence[str]) -> dict[str, CloudResult]:
    """Return the clouds of earlier runs that this run does not name, and whose files are still there."""
    named = frozenset(stems)
    return {
        stem: CloudResult((), record.facts["points"], record.facts)
        for stem, record in earlier.records.items()
        if stem not in named and record.output(out).exists()
    }


def _record_of(target: Path, stem: str, earlier: Earlier) -> Record | None:
    """Return the record of an output that exists: the last one, unless an older one speaks of this very file."""
    last, older = earlier.records.get(stem), earlier.older.get(stem)
    if last is None or older is None:
        return last
    content = sha256(target)
    return next((each for each in (last, *older) if each.facts["output_sha256"] == content), last)


def _difference(
    request: RunRequest, file: CloudFile, target: Path, record: Record, now: Mapping[str, Any]
) -> str | None:
    """Say why an output that exists is not what this run would write; None if it is."""
    changed = differences(record.conditions, now)
    if changed:
        return changed[0]
    if record.output(request.out).name != target.name:
        return "the report names another file for this cloud"
    if request.work is not None and not (request.work / file.stem / "labels.npz").is_file():
        return f"its files are not in {request.work}"
    if sha256(target) != record.facts["output_sha256"]:
        return "it has changed since bevseg wrote it"
    return None


def _record(stem: str, conditions: Mapping[str, Any], facts: dict[str, Any]) -> Record:
    """Return a record, or raise KeyError or TypeError if it lacks what is read of it."""
    for key in ("source", "sha256", "output_sha256", "points", "seconds", "outputs"):
        facts[key]
    if not isinstance(facts["outputs"]["cloud"], str) or not isinstance(facts["points"], int):
        raise TypeError("not what bevseg writes")
    names = (*Path(stem).parts, Path(facts["outputs"]["cloud"]).name)
    if any(len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME for name in names):
        raise TypeError("no name of a file")
    conditions.get("model")
    return Record(stem, conditions, facts)


def _append(out: Path, table: Mapping[str, Any]) -> None:
    """Append a line in one write, so that lines of several processes do not mix.

    The line is on the disk before the cloud that it speaks of appears, also if the power fails.
    """
    path = out / UNFINISHED
    line = (
        b"\n" + json.dumps(table, allow_nan=False).encode()
    )  # a line that was cut off does not spoil the next
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            if os.write(handle, line) < len(line):  # how a disk that becomes full answers first
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            wait_for_disk(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise write_error(path, error) from error
