"""Sources and results -> proof that nothing but the declared fields differs: `bevseg verify`."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bevseg.errors import DifferenceError
from bevseg.io.compare.files import compare
from bevseg.io.compare.pairs import Pair, pairs
from bevseg.runtime.batch import BatchResult, CloudResult, for_each_cloud
from bevseg.runtime.progress import Progress, silent

log = logging.getLogger(__name__)

DECLARED = "the class, and the fields whose names begin with bevseg_"
"""What a result may have that its source has not."""


def verify(
    source: Path,
    result: Path,
    *,
    columns: str | None = None,
    keep: Sequence[int] = (),
    progress: Progress = silent,
) -> BatchResult:
    """Compare results with their sources.

    Parameters
    ----------
    source, result
        A cloud each, or directories of clouds; see `pairs`.
    columns
        Columns of text sources.
    keep
        Codes of the sources that their points must have in the results as well.
    progress
        Progress callback, called after each pair.

    Returns
    -------
    BatchResult
        Its facts are stem -> `source`, `result`, `proven`, and the first `difference` or None.

    Raises
    ------
    InputError
        If no result has a source, or the only pair cannot be read. Among several pairs, such ones are the failures.
    """
    found, lone = pairs(source, result)
    if lone:
        log.warning("%d sources have no result: %s", len(lone), ", ".join(path.name for path in lone[:5]))
    batch = for_each_cloud(
        "verify", functools.partial(_compared, columns=columns, keep=keep), found, progress=progress
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


def _compared(pair: Pair, columns: str | None, keep: Sequence[int]) -> CloudResult:
    source = pair.source
    found = compare(source.path, pair.path, columns, source.scan, keep)
    facts = {
        "source": str(source.path),
        "result": str(pair.path),
        "proven": found is None,
        "difference": None if found is None else asdict(found),
        "text": None if found is None else str(found),
    }
    return CloudResult((), 0, facts)
