"""Labelled file, edited in other software -> the points whose class was changed there, and edits of them."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import UNDEFINED, Scheme, load_scheme
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import InputError, LabelError, UsageError
from bevseg.io.fields import written_by_bevseg
from bevseg.io.find import stem
from bevseg.io.las.codes import FIVE_BITS, TRAIN_ID
from bevseg.io.read import read_with_codes
from bevseg.io.read_labelled import LabelledCloud, read_labelled
from bevseg.review.edits import Edit, EditList
from bevseg.review.run_outputs import RunCloud, RunOutputs

log = logging.getLogger(__name__)

_MOST_UNKNOWN = 0.1
"""Share of the points of an edited file that may have no counterpart in the labelled one."""

_ROUNDING = 1e-6
"""Metres that two stores of one coordinate may differ beside their steps: the products of steps and scales."""

_AT_A_TIME = 1 << 20


def corrections_of(
    labelled: Path, edited: Path, *, scheme: Scheme | None = None
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return the points whose class was changed in a copy of a labelled file.

    The copy may be of another format, with other steps and units, without fields, in another order, and may lack
    points. Points are matched by their place in the file if all coordinates agree to half a step of the coarser file,
    else by their coordinates. Of points in one place, those with the same code match first, then all in their order.

    Parameters
    ----------
    labelled
        The file that bevseg wrote.
    edited
        The copy, as QGIS or CloudCompare saved it.
    scheme
        How the class codes of both are understood; None: as bevseg wrote them.

    Returns
    -------
    tuple
        (N,) int64 indices of points of the labelled file, ascending, and (N,) uint8 train ids that they have in the
        copy. Points with a code that the scheme does not know are left out, with a warning.

    Raises
    ------
    InputError
        If more than a tenth of the points of the copy are not in the labelled file.
    LabelError
        If a file has no class codes, or if codes above 31 were cut off in the copy.
    CloudNotFoundError, CloudFormatError, CrsError, OutOfMemoryError
        If a file cannot be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # about codes without a class, and the place of the points
        one = read_labelled(labelled, scheme=scheme)
        other, codes = read_with_codes(edited, scheme=one.codes.scheme)
    if codes is None:
        raise LabelError(
            "The edited file has no classes",
            where=edited,
            why="it has no field of class codes",
            hint="save it with its field Classification, as LAZ",
        )
    before, after = (np.ma.getdata(values).astype(np.int64) for values in (one.codes.values, codes.values))
    places = _places(one.cloud, other, before, after, edited)
    chosen = np.flatnonzero((places >= 0) & ~np.ma.getmaskarray(codes.values))
    at = places[chosen]
    _ensure_not_cut(before[at], after[chosen], edited)
    classes = _new_classes(one, at, before[at], after[chosen], edited)
    ids, ids_before = (written_by_bevseg(cloud.source, TRAIN_ID) for cloud in (other, one.cloud))
    if ids is not None and ids_before is not None:  # where the codes of a point format cannot say all classes
        said = ids[chosen] != ids_before[at]
        classes[said] = ids[chosen][said]
    is_correction = classes != one.classes[at]
    at, classes = at[is_correction], classes[is_correction]
    order = np.argsort(at)
    return at[order], classes[order]


def add_corrections(
    outputs: RunOutputs, edits: EditList, edited: Path, *, scheme: Scheme | None = None
) -> list[Edit]:
    """Add the corrections in an edited file to the edits of a run, one edit for each class.

    Parameters
    ----------
    outputs
        The results of the run.
    edits
        Their edits.
    edited
        Copy of a labelled cloud; its name begins with that of the cloud, or there is one cloud alone.
    scheme
        How class codes are understood; None: as the run wrote them.

    Returns
    -------
    list
        The new edits; none if no class differs.

    Raises
    ------
    UsageError
        If the name does not say of which cloud it is.
    InputError, LabelError
        As `corrections_of`.
    """
    cloud = cloud_of(outputs, edited)
    if scheme is None and cloud.facts.get("written_in"):
        scheme = load_scheme(cloud.facts["written_in"])
    indices, classes = corrections_of(cloud.path, edited, scheme=scheme)
    return [
        edits.add({cloud.name: indices[classes == label]}, label, f"file {edited.name}")
        for label in np.unique(classes).tolist()
    ]


def cloud_of(outputs: RunOutputs, edited: Path) -> RunCloud:
    """Return the cloud that a file is an edited copy of: the longest name that the name of the file begins with.

    Raises
    ------
    UsageError
        If no cloud, or more than one, has such a name, and there are several clouds.
    """
    if len(outputs.clouds) == 1:
        return outputs.clouds[0]
    name = stem(edited)
    named = [cloud for cloud in outputs.clouds if name.startswith(Path(cloud.name).name)]
    longest = max((len(Path(cloud.name).name) for cloud in named), default=0)
    found = [cloud for cloud in named if len(Path(cloud.name).name) == longest]
    if len(found) != 1:
        names = ", ".join(cloud.name for cloud in (found or outputs.clouds)[:10])
        raise UsageError(
            "It is not known of which cloud the edited file is a copy",
            where=edited,
            why=f"its name begins with that of {'several clouds' if found else 'no cloud'}: {names}",
            hint="rename it: it must begin with the name of the labelled cloud",
        )
    return found[0]


def _new_classes(
    labelled: LabelledCloud,
    at: NDArray[np.int64],
    before: NDArray[np.int64],
    after: NDArray[np.int64],
    edited: Path,
) -> NDArray[np.uint8]:
    """Return the classes of points in the edited file: those of bevseg where the code is the same as before."""
    scheme = labelled.codes.scheme
    assert scheme is not None, "a labelled cloud has a scheme"
    classes = labelled.classes[at].copy()
    changed = after != before
    table = {entry.code: UNDEFINED if entry.ignored else entry.train for entry in scheme.entries}
    unknown = 0
    for code in np.unique(after[changed]).tolist():
        of_code = changed & (after == code)
        if code in table:
            classes[of_code] = table[code]
        else:
            unknown += int(np.count_nonzero(of_code))
    if unknown:
        log.warning(
            "%s: %d points have a code that is not in scheme %r: left out", edited, unknown, scheme.name
        )
    return classes


def _ensure_not_cut(before: NDArray[np.int64], after: NDArray[np.int64], edited: Path) -> None:
    """Raise LabelError if the edited file was saved in a point format that has no room for the codes."""
    high = before > FIVE_BITS
    cut = after[high] == before[high] & FIVE_BITS
    if np.count_nonzero(cut) > len(cut) / 2:
        raise LabelError(
            f"Codes above {FIVE_BITS} were cut off",
            where=edited,
            why=f"{np.count_nonzero(cut):,} of {len(cut):,} points with such a code have lost its high bits",
            hint="save it as LAS 1.4 with point format 6 or higher",
        )


def _places(
    labelled: PointCloud,
    edited: PointCloud,
    before: NDArray[np.int64],
    after: NDArray[np.int64],
    path: Path,
) -> NDArray[np.int64]:
    """Return the place of each edited point in the labelled cloud; -1 where it has none.

    Raises
    ------
    InputError
        If more than `_MOST_UNKNOWN` of the points have none.
    """
    axes = [_Axis(labelled, edited, axis) for axis in range(3)]
    if len(labelled) == len(edited) and all(axis.is_same() for axis in axes):
        return np.arange(len(edited))
    old, new = zip(*(axis.steps() for axis in axes), strict=True)
    places = _match([*old, before], [*new, after])
    rest, free = np.flatnonzero(places < 0), np.ones(len(labelled), bool)
    free[places[places >= 0]] = False
    left = np.flatnonzero(free)
    among = _match([axis[left] for axis in old], [axis[rest] for axis in new])
    places[rest[among >= 0]] = left[among[among >= 0]]
    unknown = int(np.count_nonzero(places < 0))
    if unknown > _MOST_UNKNOWN * len(places):
        raise InputError(
            "The edited file is not a copy of the labelled cloud",
            where=path,
            why=f"{unknown:,} of its {len(places):,} points are not in {labelled.origin or labelled.name}",
            hint="name the right file; if the software moved the points (a global shift), restore their coordinates",
        )
    missing = len(labelled) - (len(places) - unknown)
    if unknown or missing:
        log.warning(
            "%s: %d points of the labelled cloud are missing, %d are new: left out", path, missing, unknown
        )
    return places


class _Axis:
    """One coordinate of both clouds, in metres.

    A file that lost its reference system has the units of the labelled one.
    """

    def __init__(self, labelled: PointCloud, edited: PointCloud, axis: int) -> None:
        crs = labelled.crs if edited.crs is None else None
        unit = 1.0 if crs is None else (crs.horizontal, crs.horizontal, crs.vertical)[axis]
        self._old = (getattr(labelled, "xyz"[axis]), labelled.scale[axis], labelled.offset[axis])
        self._new = (getattr(edited, "xyz"[axis]), edited.scale[axis] * unit, edited.offset[axis] * unit)
        self._coarse = max(self._old, self._new, key=lambda of_file: of_file[1])

    def is_same(self) -> bool:
        """Whether all points have the same coordinate, to half a step of the coarser file, in the same order."""
        (old, old_scale, old_offset), (new, new_scale, new_offset) = self._old, self._new
        tolerance = self._coarse[1] / 2 + _ROUNDING
        for start in range(0, len(old), _AT_A_TIME):
            part = slice(start, start + _AT_A_TIME)
            moved = old[part] * old_scale - new[part] * new_scale + (old_offset - new_offset)
            if (np.abs(moved) > tolerance).any():
                return False
        return True

    def steps(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the coordinates of the labelled points and of the edited ones, in steps of the coarser file."""
        _, step, origin = self._coarse
        (old, old_scale, old_offset), (new, new_scale, new_offset) = self._old, self._new
        return (
            np.rint((old * old_scale + (old_offset - origin)) / step).astype(np.int64),
            np.rint((new * new_scale + (new_offset - origin)) / step).astype(np.int64),
        )


def _match(old: Sequence[NDArray[np.int64]], new: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return for each row of the columns `new` the place of an equal row in `old`; -1 if there is none.

    No place is given twice: of equal rows, the first belongs to the first, the second to the second, and so on.
    """
    columns = [np.concatenate(pair) for pair in zip(old, new, strict=True)]
    count = len(old[0])
    order = np.lexsort(columns)  # stable: among equal rows those of `old` come before the others
    is_first = np.ones(len(order), bool)
    is_first[1:] = np.logical_or.reduce([column[order][1:] != column[order][:-1] for column in columns])
    group, starts = np.cumsum(is_first) - 1, np.flatnonzero(is_first)
    is_new = order >= count
    olds = np.bincount(group[~is_new], minlength=len(starts))
    of_new = group[is_new]
    rank = np.flatnonzero(is_new) - starts[of_new] - olds[of_new]
    found = rank < olds[of_new]
    places = np.full(len(new[0]), -1, np.int64)
    places[order[is_new][found] - count] = order[(starts[of_new] + rank)[found]]
    return places
