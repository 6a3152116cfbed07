"""A mesh as PLY: triangles, and what each of them is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_VERTEX = np.dtype([("x", "<f8"), ("y", "<f8"), ("z", "<f8")])
_FACE = np.dtype([("count", "u1"), ("corners", "<i4", 3), ("class", "u1"), ("instance", "<i4")])


def write_mesh(
    corners: NDArray[np.float64], classes: NDArray[np.uint8], instances: NDArray[np.int32], path: Path
) -> None:
    """Write triangles, little-endian; every one has corners of its own.

    Parameters
    ----------
    corners
        (M, 3, 3) triangle, corner, coordinate, m.
    classes, instances
        (M,) train id, and number of the thing it belongs to: the properties `class` and `instance` of a face.
    path
        `.ply`.

    Raises
    ------
    OSError
        If the system refuses the write.
    """
    vertices = np.ascontiguousarray(corners, "<f8").reshape(-1, 3)
    faces = np.empty(len(corners), _FACE)
    faces["count"] = 3
    faces["corners"] = np.arange(len(vertices)).reshape(-1, 3)
    faces["class"], faces["instance"] = classes, instances
    header = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(vertices)}\n"
        + "".join(f"property double {axis}\n" for axis in _VERTEX.names or ())
        + f"element face {len(faces)}\n"
        "property list uchar int vertex_indices\nproperty uchar class\nproperty int instance\nend_header\n"
    )
    with path.open("wb") as file:
        file.write(header.encode())
        file.write(vertices.tobytes())
        file.write(faces.tobytes())
