"""A labelled cloud -> its objects, and the places where a person should look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bevseg.io.read_labelled import LabelledCloud
from bevseg.objects.find_objects import find_objects
from bevseg.objects.objects import Objects
from bevseg.review.places import Place, candidates, choose
from bevseg.review.run_outputs import RunCloud

MOST_POINTS = 20_000_000
"""Points of a cloud up to which it is read once more: its objects and places come from its points."""

SPARSEST = 5.0
"""Points per square metre from which on objects are looked for: in a sparser cloud they are lone points."""

MOST_PLACES = 12
"""Places that are listed."""


@dataclass(frozen=True)
class Findings:
    """What was found in a cloud.

    Attributes
    ----------
    objects
        Its objects; None: nobody looked for them.
    places
        Places where a person should look, the most valuable first; None, likewise.
    """

    objects: Objects | None = None
    places: Sequence[Place] | None = None


def find(cloud: RunCloud) -> Findings:
    """Return what is found in a labelled cloud; nothing if it is too large to be read for a report."""
    if int(cloud.facts["points"]) > MOST_POINTS:
        return Findings()
    labelled = cloud.read()
    is_dense = (cloud.facts.get("points_per_m2") or 0) >= SPARSEST
    return Findings(find_objects([labelled]) if is_dense else None, _places(labelled))


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
    found = candidates(x, y, labelled.classes[part], confidence, reasons)
    return choose(found, MOST_PLACES)
