"""How labels stand in a LAS file: class codes, extra dimensions, and the records that say what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CLASS_NAMES, Scheme
from bevseg.core.pointcloud import PointLabels
from bevseg.io.fields import BESIDE_CLASS, CONFIDENCE, PROBABILITIES, REASON, beside_class
from bevseg.io.las.codes import (
    CONFIDENCE_SCALE,
    TRAIN_ID,
    code_table,
    description,
    ensure_fit,
    highest_code,
    name_of_ours,
    with_lookup,
)
from bevseg.io.las.dimensions import Dimension
from bevseg.io.las.extra_bytes import described
from bevseg.io.las.header import Header

_UNCLASSIFIED = 1


@dataclass(frozen=True)
class LabelFields:
    """The fields of one file for labels.

    Attributes
    ----------
    scheme
        Which codes are written.
    limit
        Highest code of the point format. Classes with a higher one get code 1.
    has_train_ids
        Whether train ids are written beside the codes.
    beside
        Names of the fields beside the class that are written in any case.
    path
        The file, for messages.
    """

    scheme: Scheme
    limit: int
    has_train_ids: bool
    beside: frozenset[str]
    path: Path

    @classmethod
    def of(
        cls,
        header: Header,
        point_format: int,
        length: int,
        scheme: Scheme,
        path: Path,
        given: PointLabels,
    ) -> LabelFields:
        """Return the fields for points of `length` bytes that the header describes, and labels like those given."""
        limit = highest_code(point_format)
        too_high = any(entry.code > limit for entry in scheme.written().values())
        old = described(header, point_format, length)
        ours = {name for name in (*BESIDE_CLASS, TRAIN_ID) if name_of_ours(old, name) is not None}
        beside = frozenset(beside_class(given, ours))
        return cls(scheme, limit, too_high or TRAIN_ID in ours, beside, path)

    def dimensions(self, labels: PointLabels) -> dict[str, Dimension]:
        """Return the extra dimensions."""
        given, found = beside_class(labels, self.beside), dict[str, Dimension]()
        if CONFIDENCE in given:
            found[CONFIDENCE] = Dimension(given[CONFIDENCE], description(self.scheme), CONFIDENCE_SCALE)
        if REASON in given:
            text = "why the class is in doubt" if found else description(self.scheme, is_confidence=False)
            found[REASON] = Dimension(given[REASON], text)
        for name, of_class in zip(PROBABILITIES, CLASS_NAMES[1:], strict=True):
            if name in given:
                found[name] = Dimension(given[name], f"probability of {of_class}", CONFIDENCE_SCALE)
        if self.has_train_ids:
            found[TRAIN_ID] = Dimension(labels.classes, "train id of bevseg")
        return found

    def codes(self, labels: PointLabels) -> NDArray[np.uint8]:
        """Return the class codes.

        Raises
        ------
        LabelError
            If the scheme has no code for a class, or one above 255, or if a code to keep is above the limit.
        """
        kept = labels.kept
        decided = labels.classes if kept is None else labels.classes[~kept.mask]
        table = code_table(self.scheme, decided, self.path)
        table[table > self.limit] = _UNCLASSIFIED
        codes = table.astype(np.uint8)[labels.classes]
        if kept is not None:
            ensure_fit(kept.codes[kept.mask], self.limit, self.path)
            codes[kept.mask] = kept.codes[kept.mask]
        return codes

    def named_in(self, header: Header) -> Header:
        """Return the header with the names of the codes."""
        return with_lookup(header, self.scheme, self.limit)
