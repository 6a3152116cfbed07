"""The classes of the points of a cloud: `labels.npz`, written and read."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CLASS_NAMES, PROBABILITY_BANDS
from bevseg.core.pointcloud import PointLabels
from bevseg.errors import InputError
from bevseg.runtime.atomic import replacing

ARRAYS = ("classes", "confidence")
"""Train ids and confidence, both (N,) uint8."""

REASONS = "reasons"
"""Codes of `core.reasons`, (N,) uint8; files of older versions have none."""


def write(point_labels: PointLabels, path: Path) -> None:
    """Write the labels: arrays `classes` (train ids), `confidence` and `reasons`, (N,) uint8, not compressed.

    Where there are probabilities of all classes, an array `probability_...` of each follows.
    """
    arrays: dict[str, Any] = {"classes": point_labels.classes, "confidence": point_labels.confidence}
    if point_labels.reasons is not None:
        arrays[REASONS] = point_labels.reasons
    if point_labels.probabilities is not None:
        arrays |= zip(PROBABILITY_BANDS, point_labels.probabilities, strict=True)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def read(path: Path) -> PointLabels:
    """Read the labels. Not more memory is taken than the file has bytes.

    Raises
    ------
    InputError
        If the file is not what `write` writes.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            classes, confidence = (_array(archive, name) for name in ARRAYS)
            names = archive.namelist()
            reasons = _array(archive, REASONS) if f"{REASONS}.npy" in names else None
            has_probabilities = f"{PROBABILITY_BANDS[0]}.npy" in names
            shares = [_array(archive, band) for band in PROBABILITY_BANDS] if has_probabilities else []
    except (ValueError, KeyError, OSError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        raise _refusal(path, " ".join(str(error).split())[:300]) from error
    if any(len(each) != len(classes) for each in shares):
        raise _refusal(path, f"{len(classes)} classes, other numbers of probabilities")
    labels = PointLabels(
        classes, confidence, reasons=reasons, probabilities=np.stack(shares) if shares else None
    )
    if len(labels.classes) != len(labels.confidence):
        raise _refusal(path, f"{len(labels.classes)} classes, {len(labels.confidence)} confidences")
    if reasons is not None and len(reasons) != len(classes):
        raise _refusal(path, f"{len(classes)} classes, {len(reasons)} reasons")
    most = int(labels.classes.max(initial=0))
    if most >= len(CLASS_NAMES):
        raise _refusal(path, f"it holds class {most}; train ids are 0 to {len(CLASS_NAMES) - 1}")
    return labels


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[np.uint8]:
    """Return an array of the archive; ValueError unless it is (N,) uint8 and its bytes are all there."""
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise ValueError(f"{name} is compressed")
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f"{name} is of version {version} of the format")
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype != np.uint8 or len(shape) != 1:
            raise ValueError(f"{name} is an array {shape} of {dtype}, expected (points,) of uint8")
        return _bytes(file, shape[0], name)


def _bytes(file: IO[bytes], count: int, name: str) -> NDArray[np.uint8]:
    content = file.read()
    if len(content) != count:
        raise ValueError(f"{name} has {len(content):,} bytes, its header says {count:,}")
    return np.frombuffer(content, np.uint8).copy()


def _refusal(path: Path, why: str) -> InputError:
    return InputError("The labels cannot be read", where=path, why=why, hint="run backproject again")
