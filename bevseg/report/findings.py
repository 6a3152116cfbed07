"""A labelled cloud -> its objects, and the places where a person should look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Findings:
    """What was found in a cloud.

    Attributes
    ----------
    objects
        Its objects; None: nobody looked for them.
    counts
        Kind of object -> number; None, likewise.
    places
        Places where a person should look, the most doubtful first; None, likewise.
    """

    objects: Any = None
    counts: Mapping[str, int] | None = None
    places: Sequence[Any] | None = None
