"""Labelled file and what a person says of its points -> the same file with these classes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import UNDEFINED, Scheme
from bevseg.core.pointcloud import NO_LABELS, KeptCodes, PointLabels
from bevseg.core.reasons import NONE
from bevseg.errors import LabelError
from bevseg.io.fields import BESIDE_CLASS, CONFIDENCE, PROBABILITIES, REASON, written_by_bevseg
from bevseg.io.keep import SURE
from bevseg.io.las.codes import name_of_ours
from bevseg.io.las.decode import COORDINATES, EXTRA_BYTES
from bevseg.io.las.las_file import LasFile, open_file
from bevseg.io.read import FileCodes, read_with_codes
from bevseg.io.read_batches import is_read_in_batches, read_batches
from bevseg.io.write import relabel_file, write_cloud

BATCH = 1_000_000
"""Points of LAS and LAZ that are copied at a time: whole chunks of LAZ. Of COPC some nodes are."""

Say = Callable[[NDArray[np.uint8]], tuple[NDArray[np.uint8], NDArray[np.bool_]]]
"""From the (N,) classes of a cloud to (N,) classes as they should be, and a mask of the points that a person spoke
about."""


@dataclass(frozen=True)
class Corrected:
    """What a correction did: (N,) classes before and after it, and which points a person spoke about."""

    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    mask: NDArray[np.bool_]


def correct_file(
    source: Path, say: Say, target: Path, *, scheme: Scheme | None = None, overwrite: bool = False
) -> Corrected:
    """Copy a labelled file; points that a person spoke about get the class that was said.

    These points get confidence `SURE` (0 without a class), no reason to doubt, and no probability of another class.
    Their code stays if it has that class already. All other points keep their bytes, and the file keeps its format.

    Parameters
    ----------
    source
        The labelled file, of any format that bevseg writes.
    say
        Called once, with the classes of all points.
    target
        The copy: another file with the suffix of the source.
    scheme
        How class codes are understood; None: as bevseg wrote them, or the default of the format.
    overwrite
        Whether the copy may replace a file.

    Raises
    ------
    LabelError
        If the file has no class codes, if their scheme is unknown, or if it has no code for a class that is said.
    CloudNotFoundError, CloudFormatError, CrsError, OutOfMemoryError
        If the file cannot be read.
    UsageError, OutputExistsError, OutputWriteError
        As `write_cloud`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the run that wrote the file has given them
        if is_read_in_batches(source):
            return _by_batches(source, say, target, scheme, overwrite)
        return _as_a_whole(source, say, target, scheme, overwrite)


def _as_a_whole(source: Path, say: Say, target: Path, scheme: Scheme | None, overwrite: bool) -> Corrected:
    cloud, codes = read_with_codes(source, scheme=scheme)
    known = _known(codes, source)
    found = _said(say, cloud.labels, len(cloud), cloud.finite)
    beside = {name: written_by_bevseg(cloud.source, name) for name in BESIDE_CLASS}
    labels = _labels(np.asarray(known.values), {n: v for n, v in beside.items() if v is not None}, found)
    write_cloud(cloud, labels, target, scheme=known.scheme, overwrite=overwrite)
    return found


def _by_batches(source: Path, say: Say, target: Path, scheme: Scheme | None, overwrite: bool) -> Corrected:
    cloud, codes = read_batches(source, lambda first, batch: None, scheme=scheme, size=BATCH)
    known = _known(codes, source)
    found = _said(say, cloud.labels, len(cloud), None)
    with open_file(source) as las, open_file(source) as again:
        read_next = _beside(again)

        def labels(first: int, codes: NDArray[np.uint8]) -> PointLabels:
            part = slice(first, first + len(codes))
            of_part = Corrected(found.before[part], found.after[part], found.mask[part])
            return _labels(codes, read_next(len(codes)), of_part)

        none = NO_LABELS.classes
        like = _labels(none, dict.fromkeys(_names(again), none), Corrected(none, none, none.astype(bool)))
        relabel_file(las, labels, target, scheme=known.scheme, overwrite=overwrite, like=like, size=BATCH)
    return found


def _names(las: LasFile) -> dict[str, str]:
    """Return the fields beside the class that a file has -> what they are called in it."""
    found = {name: name_of_ours(las.extras, name) for name in BESIDE_CLASS}
    return {name: called for name, called in found.items() if called is not None}


def _beside(las: LasFile) -> Callable[[int], dict[str, NDArray[np.uint8]]]:
    """Return what gives the values beside the class of the next points of a file, from the first point on."""
    names, read = _names(las), las.reader(COORDINATES | EXTRA_BYTES)

    def read_next(count: int) -> dict[str, NDArray[np.uint8]]:
        points = np.empty(count, las.record)
        read(points)
        return {name: points[called] for name, called in names.items()}

    return read_next


def _known(codes: FileCodes | None, path: Path) -> FileCodes:
    """Return the codes of a file; LabelError if there are none, or if nobody knows what they mean."""
    if codes is None:
        raise LabelError(
            "The cloud has no labels",
            where=path,
            why="it has no field of classes",
            hint="label it first: bevseg run",
        )
    if codes.scheme is None:
        raise LabelError(
            "The class codes of the cloud have no meaning",
            where=path,
            why="they were written in a class scheme that is not built in",
            hint="name its TOML file with --classes",
        )
    return codes


def _said(
    say: Say, classes: NDArray[np.uint8] | None, count: int, finite: NDArray[np.bool_] | None
) -> Corrected:
    before = np.zeros(count, np.uint8) if classes is None else classes
    after, mask = say(before)
    if finite is not None:  # a point without coordinates has no class
        after, mask = np.where(finite, after, before), mask & finite
    return Corrected(before, after, mask)


def _labels(
    codes: NDArray[np.integer], beside: dict[str, NDArray[np.uint8]], found: Corrected
) -> PointLabels:
    """Return the labels to write; `beside` holds what the file has beside the class."""
    mask, is_class = found.mask, found.mask & (found.after != UNDEFINED)
    confidence = beside.get(CONFIDENCE)
    confidence = np.zeros(len(mask), np.uint8) if confidence is None else confidence.copy()
    confidence[mask] = np.where(is_class[mask], np.uint8(SURE), np.uint8(0))
    labels = PointLabels(
        found.after,
        confidence,
        KeptCodes(codes, found.after == found.before),
        has_confidence_field=CONFIDENCE in beside,
    )
    if REASON in beside:
        labels = replace(labels, reasons=np.where(mask, np.uint8(NONE), beside[REASON]))
    if all(name in beside for name in PROBABILITIES):
        shares = np.stack([beside[name] for name in PROBABILITIES])
        shares[:, mask] = 0
        shares[found.after[is_class] - 1, is_class] = SURE
        labels = replace(labels, probabilities=shares)
    return labels
