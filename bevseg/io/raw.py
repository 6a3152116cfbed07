"""What every reader gives: the points of a file and the class codes as they stand there, not yet understood."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud

LONGEST_NAME = 23
"""Characters of the name of a scheme that are noted in a file; a LAS dimension has no room for more."""


@dataclass(frozen=True)
class Scan:
    """The content of a file.

    Attributes
    ----------
    cloud
        The points, without labels.
    codes
        (N,) class codes of the file; None if it has none.
    scheme
        Name, up to `LONGEST_NAME`, of the scheme that bevseg wrote the codes in; None for files of other origin.
    train_ids
        (N,) train ids, where bevseg wrote them beside codes that cannot tell all classes apart.
    """

    cloud: PointCloud
    codes: NDArray[np.integer] | None = None
    scheme: str | None = None
    train_ids: NDArray[np.uint8] | None = None


def whole(labels: NDArray[np.generic], path: Path) -> NDArray[np.int64] | None:
    """Return class codes as whole numbers; None, with a warning, if they are something else."""
    codes = np.zeros(len(labels), np.int64)
    finite = np.isfinite(labels)
    np.copyto(codes, labels, where=finite, casting="unsafe")
    same = codes == labels
    if same.all():
        return codes
    warnings.warn(
        f"{path}: the label column holds {labels[np.argmin(same)]}, which is no class code: the cloud counts as "
        "unlabelled; name the right column with --columns",
        stacklevel=2,
    )
    return None
