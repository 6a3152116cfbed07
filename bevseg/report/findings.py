"""A labelled cloud -> its objects, and the places where a person should look."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bevseg.io.read_labelled import LabelledCloud
from bevseg.review.places import Place, places
from bevseg.review.run_outputs import RunCloud


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


MOST_POINTS = 20_000_000
"""Points of a cloud up to which it is read once more: its objects and places come from its points."""

SPARSEST = 5.0
"""Points per square metre from which on objects are looked for: in a sparser cloud they are lone points."""

MOST_PLACES = 12
"""Places that are listed."""


def find(cloud: RunCloud) -> Findings:
    """Return what is found in a labelled cloud; nothing if it is too large to be read for a report."""
    if int(cloud.facts["points"]) > MOST_POINTS:
        return Findings()
    labelled = cloud.read()
    if (cloud.facts.get("points_per_m2") or 0) < SPARSEST:
        return Findings(places=_places(labelled))
    if importlib.util.find_spec("bevseg.objects") is None:
        return Findings(places=_places(labelled))
    from bevseg.objects.find_objects import find_objects

    objects = find_objects([labelled])
    return Findings(objects, objects.counts(), _places(labelled))


def _places(labelled: LabelledCloud) -> list[Place]:
    """Return the places of a cloud where a look pays most."""
    cloud = labelled.cloud
    part = np.arange(len(cloud)) if cloud.used is None else np.flatnonzero(cloud.used)
    x, y = (
        getattr(cloud, axis)[part] * cloud.scale[number] + cloud.offset[number]
        for number, axis in enumerate("xy")
    )
    confidence, reasons = (
        None if values is None else values[part] for values in (labelled.confidence, labelled.reasons)
    )
    return places(x, y, labelled.classes[part], confidence, reasons, most=MOST_PLACES)
