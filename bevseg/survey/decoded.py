"""Clouds that this process has read and will write again: as long as there is room, they are decoded once."""

from __future__ import annotations

from pathlib import Path

from bevseg.core.pointcloud import PointCloud
from bevseg.io.read import FileCodes

_held: dict[Path, tuple[PointCloud, FileCodes | None]] = {}


def hold(points: Path, cloud: PointCloud, codes: FileCodes | None) -> None:
    """Hold a cloud and its codes until they are taken; `points` is the file of its points."""
    _held[points] = cloud, codes


def take(points: Path) -> tuple[PointCloud, FileCodes | None] | None:
    """Return a cloud that is held, and hold it no longer; None if it is not held."""
    return _held.pop(points, None)


def release() -> None:
    """Hold no cloud any longer."""
    _held.clear()
