"""Seeds -> files of labelled street clouds, to train on and to test with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bevseg.config import RasterConfig, RunConfig, SimulateConfig
from bevseg.errors import UsageError
from bevseg.io import SIMULATED, geotiff, simulated
from bevseg.io.ply.mesh import write_mesh
from bevseg.runtime import atomic
from bevseg.runtime.progress import Progress, silent
from bevseg.sim.exact_ground import exact_ground
from bevseg.sim.materials import LABELS
from bevseg.sim.simulate import EPSG, SimulatedScan, simulate_scan


@dataclass(frozen=True)
class SimulationRequest:
    """Which clouds to simulate, and what to write of each."""

    output: Path
    """Directory of the clouds, `street_<seed>.<format>`."""
    seed: int = RunConfig.seed
    """Seed of the first cloud; each further cloud has the next seed."""
    clouds: int = 1
    """Number of clouds."""
    formats: Sequence[str] = ("laz",)
    """Formats; the clouds take turns."""
    config: SimulateConfig = field(default_factory=SimulateConfig)
    """Settings of each cloud."""
    overwrite: bool = False
    """Whether existing files are replaced."""
    truth: bool = False
    """Whether the exact ground is written too, as `street_<seed>_ground.tif`."""
    mesh: bool = False
    """Whether the triangles are written too, as `mesh/street_<seed>.ply`. In the folder of the clouds, the file would
    pass for a cloud."""


def simulate_clouds(request: SimulationRequest, progress: Progress = silent) -> list[Path]:
    """Simulate the clouds of a request and write each to its file.

    Returns
    -------
    list of Path
        The files, in the order of their seeds.

    Raises
    ------
    UsageError
        If a format is unknown or missing, or if there is nothing to simulate.
    OutputExistsError
        If a file exists and `overwrite` is not set; before any work.
    DependencyError
        If Open3D cannot be loaded.
    """
    unknown = [name for name in request.formats if name not in SIMULATED]
    if unknown or not request.formats:
        raise UsageError(f"No format {unknown}", why=f"known formats: {', '.join(SIMULATED)}")
    jobs = [(seed, _paths(request, seed)) for seed in range(request.seed, request.seed + request.clouds)]
    for _, paths in jobs:
        for path in paths.values():
            atomic.ensure_absent(path, overwrite=request.overwrite)
    for folder in {path.parent for _, paths in jobs for path in paths.values()}:
        atomic.ensure_writable(folder)
    for seed, paths in jobs:
        _simulate_one(seed, paths, request, progress)
    return [paths["cloud"] for _, paths in jobs]


def _paths(request: SimulationRequest, seed: int) -> dict[str, Path]:
    """Return the files of a seed: `cloud` and, on request, `truth` and `mesh`."""
    suffix = request.formats[(seed - request.seed) % len(request.formats)]
    stem = f"street_{seed:02d}"
    paths = {"cloud": request.output / f"{stem}.{suffix}"}
    if request.truth:
        paths["truth"] = request.output / f"{stem}_ground.tif"
    if request.mesh:
        paths["mesh"] = request.output / "mesh" / f"{stem}.ply"
    return paths


def _simulate_one(seed: int, paths: dict[str, Path], request: SimulationRequest, progress: Progress) -> None:
    config = request.config
    made = simulate_scan(
        seed,
        config.points,
        preset=config.preset,
        length=config.length,
        resolution=config.resolution,
        progress=progress,
    )
    if "truth" in paths:
        geotiff.write(
            exact_ground(made, RasterConfig.cell),
            paths["truth"],
            units={"height": "m"},
            tags={"SEEN": "1 where a point of ground was measured in the cell, else 0"},
        )
    if "mesh" in paths:
        mesh = made.street.mesh
        with atomic.replacing(paths["mesh"], overwrite=request.overwrite) as temporary:
            write_mesh(
                mesh.corners + np.array(made.cloud.offset), LABELS[mesh.materials], mesh.instances, temporary
            )
    write_scan(made, paths["cloud"], overwrite=request.overwrite)


def write_scan(made: SimulatedScan, path: Path, *, overwrite: bool = False) -> None:
    """Write a simulated scan with all its measurements, in the format of the suffix.

    Raises
    ------
    OutputExistsError
        If the file exists and `overwrite` is not set.
    OutputWriteError
        If the system refuses the write.
    """
    with atomic.replacing(path, overwrite=overwrite) as temporary:
        simulated.write(
            made.cloud,
            temporary,
            epsg=EPSG,
            measured={
                "intensity": made.intensity,
                "gps_time": made.gps_time,
                "return_number": made.return_number,
                "number_of_returns": made.number_of_returns,
            },
            instances=made.instances,
        )
