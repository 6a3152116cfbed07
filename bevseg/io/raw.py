"""What every reader returns: the points of a file, and its class codes before a scheme gives them a meaning."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud

LONGEST_NAME = 23
"""Characters of the name of a scheme that a file keeps. A LAS dimension has no room for more."""


@dataclass(frozen=True)
class RawCloud:
    """The content of a file, as it was read.

    Attributes
    ----------
    cloud
        The points, without labels.
    codes
        (N,) class codes of the file, a masked array where some points have none; None if it has none.
    scheme
        Name of the scheme that bevseg wrote the codes in, cut at `LONGEST_NAME`. None for files of other origin.
    without_codes
        The points with the codes as a field like any other. It counts if a code is not one of the scheme: no name
        says that the codes are classes. None where the file says so.
    train_ids
        (N,) train ids. bevseg writes them where the codes of a point format cannot distinguish all classes.
    """

    cloud: PointCloud
    codes: NDArray[np.integer] | None = None
    scheme: str | None = None
    train_ids: NDArray[np.uint8] | None = None
    without_codes: PointCloud | None = None


def unclear_class(path: Path, value: str, scheme: str = "") -> str:
    """Return the warning about a fourth column that is not taken for the class."""
    what = f"no code of {scheme}" if scheme else "no class code"
    return (
        f"{path}: the fourth column holds {value}, which is {what}, and no name says what it is: it is kept, and the "
        "cloud counts as unlabelled; if it is the class, say --columns x,y,z,label, or name its scheme with --classes"
    )


def class_codes(labels: NDArray[np.generic], path: Path) -> NDArray[np.int64] | None:
    """Return the values of a label column as integers.

    Points whose label is NaN are masked: the result is a masked array then. Warn and return None if a value is no
    integer; return None without a word if all are NaN.
    """
    with np.errstate(invalid="ignore"):
        codes = labels.astype(np.int64)
        if (codes == labels).all():
            return codes
        codes[:] = 0
        np.copyto(codes, labels, where=np.isfinite(labels), casting="unsafe")
    unknown = np.isnan(labels)
    same = (codes == labels) | unknown
    if not same.all():
        warnings.warn(
            f"{path}: the label column holds {labels[np.argmin(same)]}, which is no class code: the cloud counts as "
            "unlabelled; name the right column with --columns",
            stacklevel=2,
        )
        return None
    if not unknown.any():
        return codes
    if unknown.all():
        return None
    codes[unknown] = codes[np.argmin(unknown)]  # a code that occurs: a scheme need not know another one
    return np.ma.masked_array(codes, unknown)
