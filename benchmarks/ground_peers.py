"""Other ground filters, as far as they are installed: CSF, PDAL, and a plain progressive opening.

Each has two settings, one for every airborne cloud and one for every street; none is tuned to a cloud.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ground_scores import Filter, Mask, version
from numpy.typing import NDArray
from scipy import ndimage

from bevseg.core.pointcloud import PointCloud

Parameters = Mapping[str, float]
XYZ = NDArray[np.float64]

CSF_PACKAGE = "cloth-simulation-filter"

CSF: dict[str, dict[str, Parameters]] = {
    "CSF": {
        "airborne": {"cloth_resolution": 1.0, "rigidness": 3, "class_threshold": 0.5, "bSloopSmooth": True},
        "street": {"cloth_resolution": 0.5, "rigidness": 3, "class_threshold": 0.15, "bSloopSmooth": True},
    },
    "CSF tuned": {
        "airborne": {"cloth_resolution": 1.0, "rigidness": 1, "class_threshold": 0.5, "bSloopSmooth": True},
        "street": {"cloth_resolution": 0.5, "rigidness": 1, "class_threshold": 0.15, "bSloopSmooth": True},
    },
}
"""cloth-simulation-filter. First its defaults, and those with a cloth and a threshold for streets. Then what scored
best of a dozen settings on the very clouds of the benchmark, ISPRS and Oakland: more than a user gets unseen."""

PDAL: dict[str, dict[str, Parameters]] = {
    "smrf": {"airborne": {}, "street": {"cell": 0.5, "threshold": 0.2}},
    "pmf": {"airborne": {}, "street": {"cell_size": 0.5, "initial_distance": 0.1, "max_distance": 0.5}},
    "csf": {"airborne": {}, "street": {"resolution": 0.5, "threshold": 0.2, "smooth": False}},
}
"""Options of `filters.smrf`, `filters.pmf`, `filters.csf`; airborne: PDAL's defaults."""

OPENING: dict[str, Parameters] = {
    "airborne": {"cell": 1.0, "window": 18.0, "slope": 0.15, "threshold": 0.5},
    "street": {"cell": 0.25, "window": 18.0, "slope": 0.15, "threshold": 0.2},
}
"""Cell and largest radius of the opening, m; steepest ground, m per m; height off the ground cell, m."""


class Peers(NamedTuple):
    """Filters that can be measured here.

    Attributes
    ----------
    filters
        By name.
    about
        Version and parameters of each.
    skipped
        Name -> why it cannot be measured.
    """

    filters: dict[str, Filter]
    about: dict[str, str]
    skipped: dict[str, str]


def find(preset: str) -> Peers:
    """Return the peers with their setting for `airborne` clouds or the `street`."""
    peers = Peers({}, {}, {})
    installed = version(CSF_PACKAGE)
    for name, presets in CSF.items():
        if installed is None:
            peers.skipped[name] = f"{CSF_PACKAGE} is not installed (pip install 'bevseg[bench]')"
        else:
            peers.filters[name] = _csf_filter(presets[preset])
            peers.about[name] = f"{installed}, {_said(presets[preset])}"
    pdal = shutil.which("pdal")
    for name, presets in PDAL.items():
        if pdal is None:
            peers.skipped[f"PDAL {name}"] = "there is no command `pdal` on the PATH"
        else:
            peers.filters[f"PDAL {name}"] = _pdal_filter(pdal, name, presets[preset])
            peers.about[f"PDAL {name}"] = f"{_pdal_version(pdal)}, {_said(presets[preset])}"
    peers.filters["plain opening"] = lambda cloud: opening(cloud.xyz, **OPENING[preset])
    peers.about["plain opening"] = _said(OPENING[preset])
    return peers


def _csf_filter(parameters: Parameters) -> Filter:
    return lambda cloud: csf(cloud.xyz, parameters)


def csf(xyz: XYZ, parameters: Parameters) -> Mask:
    """Return the ground by cloth simulation (Zhang et al. 2016), (N,), of finite points (N, 3) in m."""
    import CSF as CLOTH

    cloth = CLOTH.CSF()
    for name, value in parameters.items():
        setattr(cloth.params, name, value)
    ground, others = CLOTH.VecInt(), CLOTH.VecInt()
    with _silence():
        cloth.setPointCloud(xyz)
        cloth.do_filtering(ground, others, False)
    found = np.zeros(len(xyz), bool)
    found[np.asarray(ground)] = True
    return found


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Send what compiled code prints to nowhere."""
    sys.stdout.flush()
    kept = os.dup(1)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def opening(xyz: XYZ, cell: float, window: float, slope: float, threshold: float) -> Mask:
    """Return the points near what a progressive opening of the lowest heights leaves (Zhang et al. 2003), (N,).

    Parameters
    ----------
    xyz
        (N, 3) finite, m.
    cell, window
        Cell and largest radius of the opening, m.
    slope
        Steepest ground, m per m.
    threshold
        Height off the nearest ground cell, m.
    """
    col, row = np.floor((xyz[:, :2] - xyz[:, :2].min(axis=0)) / cell).astype(np.int64).T
    lowest = np.full((row.max() + 1, col.max() + 1), np.inf)
    np.minimum.at(lowest, (row, col), xyz[:, 2])
    surface = _nearest(lowest, np.isinf(lowest))
    is_object, start = np.isinf(lowest), surface
    radius = 1
    while radius * cell <= window:
        opened = ndimage.grey_opening(start, size=2 * radius + 1)
        is_object |= start - opened > slope * radius * cell
        start, radius = opened, radius * 2
    level = _nearest(surface, is_object)
    near: Mask = np.abs(xyz[:, 2] - level[row, col]) <= threshold
    return near


def _nearest(heights: XYZ, is_gap: Mask) -> XYZ:
    """Return the heights with each gap filled from the nearest cell that is none."""
    if not is_gap.any() or is_gap.all():
        return heights
    nearest = ndimage.distance_transform_edt(is_gap, return_distances=False, return_indices=True)
    filled: XYZ = heights[tuple(nearest)]
    return filled


def _pdal_filter(pdal: str, name: str, parameters: Parameters) -> Filter:
    """Return a filter that writes the points to a LAS file, runs PDAL on it and reads the classes."""
    import laspy

    def run(cloud: PointCloud) -> Mask:
        header = laspy.LasHeader(version="1.4", point_format=6)
        header.scales, header.offsets = np.asarray(cloud.scale), np.asarray(cloud.offset)
        las = laspy.LasData(header)
        las.x, las.y, las.z = cloud.xyz.T
        las.return_number = las.number_of_returns = np.ones(len(cloud), np.uint8)
        las.gps_time = np.arange(len(cloud), dtype=float)  # PDAL may hand the points back in another order
        with tempfile.TemporaryDirectory() as folder:
            source, result, steps = (Path(folder) / part for part in ("in.las", "out.las", "steps.json"))
            las.write(source)
            stages = [str(source), {"type": f"filters.{name}", **parameters}]
            stages.append({"type": "writers.las", "filename": str(result), "forward": "all"})
            steps.write_text(json.dumps(stages))
            subprocess.run([pdal, "pipeline", str(steps)], check=True)
            out = laspy.read(result)
        found = np.zeros(len(cloud), bool)
        found[np.asarray(out.gps_time).astype(np.int64)] = np.asarray(out.classification) == 2
        return found

    return run


def _pdal_version(pdal: str) -> str:
    answer = subprocess.run([pdal, "--version"], capture_output=True, text=True, check=True).stdout
    return next((line for line in answer.splitlines() if "pdal" in line.lower()), "PDAL").strip()


def _said(parameters: Parameters) -> str:
    return ", ".join(f"{name} {value}" for name, value in parameters.items()) or "its defaults"
