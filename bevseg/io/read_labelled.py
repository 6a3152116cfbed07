"""Labelled file -> points with their classes, and what bevseg wrote beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import LabelError
from bevseg.io.fields import CONFIDENCE, REASON, written_by_bevseg
from bevseg.io.read import FileCodes, read_with_codes


@dataclass(frozen=True)
class LabelledCloud:
    """A labelled cloud.

    Attributes
    ----------
    cloud
        The points; their labels are `classes`.
    classes
        (N,) uint8 train ids, 0 where a point has no class.
    confidence
        (N,) uint8, probability of the class times 255; None if the file has none.
    reasons
        (N,) uint8, why a class is in doubt (`core.reasons`); None if the file does not say.
    codes
        The class codes of the file.
    """

    cloud: PointCloud
    classes: NDArray[np.uint8]
    confidence: NDArray[np.uint8] | None
    reasons: NDArray[np.uint8] | None
    codes: FileCodes

    def __len__(self) -> int:
        return len(self.cloud)


def read_labelled(
    path: Path, *, scheme: Scheme | None = None, columns: str | None = None, scan: int | None = None
) -> LabelledCloud:
    """Read a labelled cloud of any format: of bevseg, or of other software.

    Parameters
    ----------
    path, columns, scan
        As for `read_cloud`.
    scheme
        How class codes are understood; None: as bevseg wrote them, or the default of the format.

    Raises
    ------
    LabelError
        If no point has a class.
    CloudNotFoundError, CloudFormatError, CrsError, OutOfMemoryError, UsageError
        As `read_cloud`.
    """
    cloud, codes = read_with_codes(path, scheme=scheme, columns=columns, scan=scan)
    if cloud.labels is None or codes is None:
        raise LabelError(
            "The cloud has no labels",
            where=path,
            why="none of its points has a class",
            hint="label it first: bevseg run; or name the scheme of its codes with --classes",
        )
    confidence, reasons = (written_by_bevseg(cloud.source, name) for name in (CONFIDENCE, REASON))
    return LabelledCloud(cloud, cloud.labels, confidence, reasons, codes)
