"""Labelled cloud -> the file the user asked for."""

from __future__ import annotations

import importlib
from pathlib import Path

from bevseg import io
from bevseg.core.labels import Scheme, load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import UsageError
from bevseg.runtime.atomic import replacing


def write_cloud(
    cloud: PointCloud,
    point_labels: PointLabels,
    path: Path,
    *,
    scheme: Scheme | None = None,
    overwrite: bool = False,
) -> None:
    """Write the cloud with its classes and their confidence; the suffix of `path` picks the format.

    Parameters
    ----------
    cloud
        As `ingest` gave it: it carries what its source holds beside the coordinates.
    labelling
        One class and confidence per point.
    path
        `.laz`, `.las`, `.ply`, `.txt` or `.txt.gz`.
    scheme
        Which codes are written; None for `asprs` in LAS and LAZ, `shrec20` elsewhere.
    overwrite
        Whether a file of that name may be replaced.

    Raises
    ------
    UsageError
        For another suffix.
    LabelError
        If the scheme has no code for a class, or one that the format cannot hold.
    OutputExistsError, OutputWriteError
        If the file is there, or the system refuses the write.
    """
    suffix = next((ending for ending in io.WRITERS if path.name.lower().endswith(ending)), None)
    if suffix is None:
        raise UsageError(
            f"No format is written as {path.suffix!r}",
            where=path,
            hint=f"choose from {', '.join(io.WRITERS)}",
        )
    if len(point_labels.classes) != len(cloud):
        raise ValueError(f"{len(point_labels.classes)} labels for {len(cloud)} points")
    scheme = scheme or load_scheme(io.SCHEME_BY_SUFFIX.get(suffix, io.SCHEME_OF_OTHERS))
    writer = importlib.import_module(io.WRITERS[suffix])
    with replacing(path, overwrite=overwrite) as temporary:
        writer.write(cloud, point_labels, temporary, scheme)
