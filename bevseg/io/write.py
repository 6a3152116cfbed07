"""Cloud and its new labels -> a file of any format."""

from __future__ import annotations

from pathlib import Path

from bevseg.core.labels import Scheme, load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import UsageError
from bevseg.io import formats
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
        As `read_cloud` returned it, with everything that its source holds beside the coordinates.
    point_labels
        One class and confidence per point.
    path
        Its name ends with a dot and one of `formats.written()`.
    scheme
        Which codes are written; None for the scheme of the format.
    overwrite
        Whether a file of that name may be replaced.

    Raises
    ------
    UsageError
        For another suffix.
    LabelError
        If the scheme has no code for a class, or one that the format cannot hold.
    OutputExistsError, OutputWriteError
        If the file exists, or the system refuses the write.
    """
    entry = formats.format_to_write(path)
    write = (
        None if entry is None or entry.writer is None else getattr(formats.load(entry.writer), "write", None)
    )
    if entry is None or write is None:
        raise UsageError(
            f"Clouds cannot be written as {path.suffix!r}",
            where=path,
            hint=f"choose from {', '.join(f'.{word}' for word in formats.written())}",
        )
    if len(point_labels.classes) != len(cloud):
        raise ValueError(f"{len(point_labels.classes)} labels for {len(cloud)} points")
    scheme = scheme or load_scheme(entry.scheme)
    with replacing(path, overwrite=overwrite) as temporary:
        write(cloud, point_labels, temporary, scheme)
