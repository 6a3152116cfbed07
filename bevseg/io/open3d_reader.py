"""PLY with lists and compressed PCD -> points, through Open3D."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.io.format_errors import damaged
from bevseg.runtime import open3d

_NAMES = {"positions": ("x", "y", "z"), "normals": ("nx", "ny", "nz"), "colors": ("red", "green", "blue")}
"""Properties that Open3D puts into one attribute."""


def read_vertices(path: Path) -> NDArray[np.void]:
    """Read the points of a file, one field per property that Open3D keeps.

    Open3D says little about a damaged file, and invents points for those that are missing. The caller checks
    first that they are there.

    Raises
    ------
    CloudFormatError
        If Open3D finds no points.
    DependencyError
        If Open3D cannot be loaded.
    """
    library = open3d.load()
    with library.utility.VerbosityContextManager(library.utility.VerbosityLevel.Error):
        cloud = library.t.io.read_point_cloud(str(path))
    columns: dict[str, NDArray[np.generic]] = {}
    for key in cloud.point:
        values = cloud.point[key].numpy()
        values = values.reshape(len(values), -1)
        many = [f"{key}_{i}" for i in range(values.shape[1])] if values.shape[1] > 1 else [key]
        columns |= dict(zip(_NAMES.get(key, many), values.T, strict=True))
    if not columns:
        raise damaged(path, path.suffix[1:].upper(), "Open3D finds no points in it")
    points = np.empty(len(columns["x"]), [(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        points[name] = values
    return points
