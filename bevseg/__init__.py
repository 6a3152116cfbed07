"""bevseg: street-scene laser scans in, the same scans with every point labelled out.

    import bevseg

    bevseg.label("scan.laz", "labelled.laz")        # a file in, the same file with labels out
    classes, confidence = bevseg.label(xyz)         # (N, 3) metres in, arrays out

The names below are imported when they are first used. Nothing imports torch until a network is needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bevseg.api import find_ground, label, label_survey, load_model, read, train, write
    from bevseg.config import Settings
    from bevseg.core.labels import CLASS_NAMES
    from bevseg.core.pointcloud import PointCloud, PointLabels
    from bevseg.core.raster import Raster
    from bevseg.errors import BevsegError
    from bevseg.ground.find_ground import Ground
    from bevseg.seg.checkpoint import Model

    __version__: str

_HOME = {
    "read": "bevseg.api",
    "write": "bevseg.api",
    "label": "bevseg.api",
    "label_survey": "bevseg.api",
    "find_ground": "bevseg.api",
    "train": "bevseg.api",
    "load_model": "bevseg.api",
    "PointCloud": "bevseg.core.pointcloud",
    "PointLabels": "bevseg.core.pointcloud",
    "Raster": "bevseg.core.raster",
    "Ground": "bevseg.ground.find_ground",
    "Model": "bevseg.seg.checkpoint",
    "Settings": "bevseg.config",
    "BevsegError": "bevseg.errors",
    "CLASS_NAMES": "bevseg.core.labels",
}
"""Public name -> the module it lives in."""

__all__ = [
    "CLASS_NAMES",
    "BevsegError",
    "Ground",
    "Model",
    "PointCloud",
    "PointLabels",
    "Raster",
    "Settings",
    "find_ground",
    "label",
    "label_survey",
    "load_model",
    "read",
    "train",
    "write",
]


def __getattr__(name: str) -> Any:
    """Import a public name, or read the version, at the first access."""
    if name == "__version__":
        return _version()
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME, "__version__"])


def _version() -> str:
    # `importlib.metadata` costs half as much as click: it is imported only here.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("bevseg")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0+unknown"
