"""Sources and results, matched by stem -> proof that nothing but the declared fields differs: `bevseg verify`."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bevseg.errors import DifferenceError, InputError
from bevseg.io.compare.files import compare
from bevseg.io.find import find_clouds
from bevseg.runtime.batch import BatchResult, CloudResult, for_each_cloud
from bevseg.runtime.progress import Progress, silent

log = logging.getLogger(__name__)

DECLARED = "the class, and the fields whose names begin with bevseg_"
"""What a result may have that its source has not."""


@dataclass(frozen=True)
class Pair:
    """A result, and the source that it was made of."""

    stem: str
    path: Path
    source: Path


def verify(
    source: Path, result: Path, *, columns: str | None = None, progress: Progress = silent
) -> BatchResult:
    """Compare results with their sources.

    Parameters
    ----------
    source, result
        A cloud each, or directories of clouds, which are matched by stem.
    columns
        Columns of text sources.
    progress
        Progress callback, called after each pair.

    Returns
    -------
    BatchResult
        Its facts are stem -> `source`, `result`, `proven`, and the first `difference` or None.

    Raises
    ------
    InputError
        If no stem is in both, or the only pair cannot be read.
    """
    batch = for_each_cloud(
        "verify", functools.partial(_compared, columns=columns), _pairs(source, result), progress=progress
    )
    batch.facts = {stem: done.facts for stem, done in batch.done.items()}
    return batch


def summary(table: Mapping[str, Any]) -> str:
    """Say for each pair whether the result is proven to be its source."""
    return "\n".join(
        f"{facts['result']}: "
        + (f"is {facts['source']} but for {DECLARED}" if facts["proven"] else f"differs: {facts['text']}")
        for facts in table.values()
    )


def ensure_proven(table: Mapping[str, Any]) -> None:
    """Raise DifferenceError if a result differs from its source."""
    differing = [facts for facts in table.values() if not facts["proven"]]
    if differing:
        raise DifferenceError(
            "The result is not the source with new labels"
            if len(table) == 1
            else f"{len(differing)} of {len(table)} results are not their sources with new labels",
            where=differing[0]["result"],
            why=differing[0]["text"],
            hint="label the source again, or name the source that this result was made of",
        )


def _compared(pair: Pair, columns: str | None) -> CloudResult:
    found = compare(pair.source, pair.path, columns)
    facts = {
        "source": str(pair.source),
        "result": str(pair.path),
        "proven": found is None,
        "difference": None if found is None else asdict(found),
        "text": None if found is None else str(found),
    }
    return CloudResult((), 0, facts)


def _pairs(source: Path, result: Path) -> list[Pair]:
    sources, results = find_clouds([source]).clouds, find_clouds([result]).clouds
    if source.is_file() and result.is_file():
        return [Pair(results[0].stem, result, source)]
    by_stem = {file.stem: file.path for file in results}
    pairs = [Pair(file.stem, by_stem[file.stem], file.path) for file in sources if file.stem in by_stem]
    if not pairs:
        raise InputError(
            "No result has a source of the same name",
            where=f"{source} and {result}",
            hint="clouds are matched by file name, without the suffix",
        )
    lone = [file.path.name for file in sources if file.stem not in by_stem]
    if lone:
        log.warning("%d sources have no result: %s", len(lone), ", ".join(lone[:5]))
    return pairs
