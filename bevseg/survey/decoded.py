"""Clouds that this process has read and will write again: as long as there is room, they are decoded once."""

from __future__ import annotations

from bevseg.core.pointcloud import PointCloud
from bevseg.io.read import FileCodes

_held: dict[str, tuple[PointCloud, FileCodes | None]] = {}


def hold(key: str, cloud: PointCloud, codes: FileCodes | None) -> None:
    """Hold a cloud and its codes until they are taken."""
    _held[key] = cloud, codes


def take(key: str) -> tuple[PointCloud, FileCodes | None] | None:
    """Return a cloud that is held, and hold it no longer; None if it is not held."""
    return _held.pop(key, None)


def release() -> None:
    """Hold no cloud any longer."""
    _held.clear()
