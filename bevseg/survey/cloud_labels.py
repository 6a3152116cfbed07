"""Labels of blocks on disk -> the labels of the points of a cloud, batch by batch, in their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bevseg.core.blocks import Block
from bevseg.core.height_counts import BINS
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.raster import Raster
from bevseg.survey import ground_file, labels_file
from bevseg.survey.labels_file import BlockPicture
from bevseg.survey.point_file import PointFile, read_segment, rows_of
from bevseg.survey.scratch import Scratch
from bevseg.survey.survey import Survey

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class Found:
    """What is known of some points of a cloud, in their order.

    Attributes
    ----------
    classes, confidence, reasons
        (N,) uint8; 0 for points that take no part.
    probabilities
        (5, N) uint8, likewise; None: nobody asked.
    best
        (N,) uint8, what perfect networks would give; None if no cloud near them has labels.
    used
        (N,) True for the points that take part.
    """

    classes: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    reasons: NDArray[np.uint8]
    probabilities: NDArray[np.uint8] | None
    best: NDArray[np.uint8] | None
    used: NDArray[np.bool_]


class CloudLabels:
    """The labels of a cloud of a survey, once its blocks are labelled.

    Parameters
    ----------
    survey
        The survey.
    number
        Number of the cloud in it.
    scratch
        The scratch folder.
    probabilities
        Whether the probabilities of all classes are read as well; they were asked for.
    """

    def __init__(self, survey: Survey, number: int, scratch: Scratch, *, probabilities: bool = False) -> None:
        self._survey, self._scratch, self._probabilities = survey, scratch, probabilities
        self._number = number
        self._rows = survey.table[survey.table[:, 2] == number]
        self._file = survey.files[number]

    def of(self, start: int, stop: int) -> Found:
        """Return the labels of points `start` to `stop` of the cloud."""
        found, used = np.zeros((4, stop - start), np.uint8), np.zeros((1, stop - start), np.bool_)
        shares = np.zeros((len(CLASS_NAMES) - 1, stop - start), np.uint8) if self._probabilities else None
        scored = False
        rows = self._rows[rows_of(self._rows[:, 3], start, stop)]
        for col, row, cloud, first, begin, size, place in rows.tolist():
            path = self._scratch.labels(self._survey.label_keys[Block(col, row)])
            labels = labels_file.read_labels(path, place, size)
            indices = read_segment(self._file, cloud, begin, size, None).indices.astype(np.int64)
            _put(labels, indices + (first - start), found)
            _put(np.ones((1, size), np.bool_), indices + (first - start), used)
            if shares is not None:
                _put(labels_file.read_probabilities(path, place, size), indices + (first - start), shares)
            scored |= len(labels) == 4
        return Found(found[0], found[1], found[2], shares, found[3] if scored else None, used[0])

    def blocks(self) -> Counter[Block]:
        """Return the number of points of the cloud in each of its blocks."""
        counts = Counter[Block]()
        for col, row, _, _, _, size, _ in self._rows.tolist():
            counts[Block(col, row)] += size
        return counts

    def shown(self, bounds: Sequence[Sequence[float]] | None) -> list[list[float]] | None:
        """Return the bounds of the cloud (x, y and z, m) without what is beyond its blocks: points far away."""
        blocks = np.array(list(self.blocks()))
        if bounds is None or len(blocks) == 0:
            return None
        side = self._survey.layout.side
        ends = zip(blocks.min(0) * side, (blocks.max(0) + 1) * side, bounds[:2], strict=True)
        return [*([max(own[0], low), min(own[1], high)] for low, high, own in ends), list(bounds[2])]

    def method(self) -> tuple[str, str]:
        """Return the ground method of the block with most points, and why; and how many blocks have another one."""
        counts = self.blocks()
        if not counts:
            return "", "no point takes part"
        facts = {block: self._ground_facts(block) for block in counts}
        largest = facts[max(counts, key=lambda block: (counts[block], block))]
        others = sum(1 for each in facts.values() if each["method"] != largest["method"])
        more = f"; {others} of {len(facts)} blocks have the other method" if others else ""
        return largest["method"], largest["why"] + more

    def views(self) -> Iterator[tuple[Raster, BlockPicture]]:
        """Yield the DEM of each block of the cloud, and what is seen of it."""
        for block in self.blocks():
            ground = self._scratch.ground(self._survey.ground_key(block))
            picture = labels_file.read_picture(self._scratch.labels(self._survey.label_keys[block]))
            yield ground_file.read_ground(ground, [block])[block].dem, picture

    def heights(self) -> NDArray[np.int64]:
        """Return the points of the cloud by class and height above ground: (classes, bins), `core.height_counts`."""
        counts = np.zeros((len(CLASS_NAMES), BINS), np.int64)
        for block in self.blocks():
            rows = self._survey.rows[block]
            here = np.unique(self._survey.table[rows.start : rows.stop, 2])
            place = int(np.searchsorted(here, self._number))
            counts += labels_file.read_heights(self._scratch.labels(self._survey.label_keys[block]), place)
        return counts

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each stage, as far as they were spent on the points of the cloud."""
        found: dict[str, float] = {}
        for block, count in self.blocks().items():
            rows = self._survey.rows[block]
            share = count / int(self._survey.table[rows.start : rows.stop, 5].sum())
            labels = labels_file.read_facts(self._scratch.labels(self._survey.label_keys[block]))
            for stage, spent in {"ground": self._ground_facts(block)["seconds"], **labels["seconds"]}.items():
                found[stage] = found.get(stage, 0.0) + spent * share
        return found

    def devices(self) -> list[str]:
        """Return the devices that labelled blocks of the cloud."""
        paths = (self._scratch.labels(self._survey.label_keys[block]) for block in self.blocks())
        return sorted({labels_file.read_facts(path)["device"] for path in paths})

    def _ground_facts(self, block: Block) -> dict[str, Any]:
        return ground_file.read_facts(self._scratch.ground(self._survey.ground_key(block)), block)


def true_labels(file: PointFile, start: int, stop: int) -> NDArray[np.uint8]:
    """Return the train ids of points `start` to `stop` of a cloud; 0 for points without coordinates."""
    labels = np.zeros((1, stop - start), np.uint8)
    for first, _, _, begin, size in file.table[rows_of(file.table[:, 0], start, stop)].tolist():
        segment = read_segment(file.path, 0, begin, size, file.facts["stored"])
        if segment.labels is not None:
            _put(segment.labels[None], segment.indices.astype(np.int64) + (first - start), labels)
    return labels[0]


def _put(values: NDArray[T], places: NDArray[np.int64], into: NDArray[T]) -> None:
    """Write the columns of values whose places exist."""
    if len(places) and (places[0] < 0 or places[-1] >= into.shape[1]):
        inside = (places >= 0) & (places < into.shape[1])
        values, places = values[:, inside], places[inside]
    into[: len(values), places] = values
