"""Read a cloud, and write what was read: what is absurd about either."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bevseg.core.pointcloud import PointCloud, PointLabels

FARTHEST = 1e9
"""Coordinates beyond this, m, are absurd: a reader refuses them."""

PACKED = (".gz", ".laz", ".zip", ".npz", ".e57")
"""Files that may have more points than bytes."""

OTHERS = ("laz", "las", "ply", "pcd", "txt", "copc.laz")
"""Formats of which one is written beside that of the input."""


def absurdity(cloud: PointCloud, path: Path) -> str:
    """Return what is absurd about a cloud; an empty text if nothing is."""
    if len(cloud) > 4 * path.stat().st_size and path.suffix not in PACKED:
        return "more points than bytes"
    bounds = cloud.bounds()
    if bounds is not None and not np.isfinite(bounds).all():
        return "bounds that are not finite"
    if bounds is not None and np.abs(bounds).max() > FARTHEST:
        return "coordinates beyond the earth"
    if min(cloud.scale) <= 0 or max(cloud.scale) > 1e6:
        return "steps of an absurd size"
    return ""


def read_cloud(path: Path) -> str:
    """Read a cloud as every command does."""
    from bevseg.io.read import read_cloud as read

    return absurdity(read(path), path)


def read_and_describe(path: Path) -> str:
    """Read a cloud as `bevseg inspect` does."""
    from bevseg.io.describe import describe
    from bevseg.io.read import read_cloud as read

    cloud = read(path)
    describe(path, cloud)
    return absurdity(cloud, path)


def read_and_write(path: Path) -> str:
    """Read a cloud, write it in its own format and in another, and read both."""
    from bevseg.io.formats import same_format

    return _read_and_write(path, (same_format(path), OTHERS[path.stat().st_size % len(OTHERS)]))


def read_and_write_all(path: Path) -> str:
    """Read a cloud, and write it in every format."""
    return _read_and_write(path, OTHERS)


def _read_and_write(path: Path, words: Sequence[str]) -> str:
    from bevseg.io.read import read_cloud as read

    cloud = read(path)
    for word in dict.fromkeys(words):
        wrong = _written(cloud, path.with_name(f"written-{path.name.split('.')[0]}.{word}"))
        if wrong:
            return f"{word}: {wrong}"
    return ""


def _written(cloud: PointCloud, target: Path) -> str:
    """Write a cloud with random labels; return what is wrong with what is read back."""
    from bevseg.errors import BevsegError
    from bevseg.io.read import read_cloud as read
    from bevseg.io.write import cannot_keep, write_cloud

    labels = (np.arange(len(cloud)) % 6).astype(np.uint8)
    if cloud.used is not None:
        labels[~cloud.used] = 0
    try:
        cannot_keep(cloud, target)
        write_cloud(cloud, PointLabels(labels, labels * 40), target, overwrite=True)
        try:
            back = read(target)
        except BevsegError as error:
            if _too_wide(cloud):
                return ""
            return f"written, and then refused: {error.what}"
    finally:
        target.unlink(missing_ok=True)
    if len(back) != len(cloud):
        return "other points than were written"
    if back.labels is None and labels.any() and target.suffix != ".pts":  # which names no columns
        return "no labels"
    if back.labels is not None and not np.array_equal(back.labels, labels):
        return "other labels than were written"
    return absurdity(back, Path("/dev/null")) if len(back) == 0 else ""


def _too_wide(cloud: PointCloud) -> bool:
    """Return whether LAS holds an extent that other formats, with steps of 1 mm counted from the least, do not."""
    ends = [(int(steps.min(initial=0)), int(steps.max(initial=0))) for steps in (cloud.x, cloud.y, cloud.z)]
    widest = max(
        (high - low) * max(1.0, scale / 0.001) for (low, high), scale in zip(ends, cloud.scale, strict=True)
    )
    return widest > np.iinfo(np.int32).max
