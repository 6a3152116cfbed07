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
class Order:
    """Which clouds to make."""

    output: Path
    """Directory of the clouds, `street_<seed>.<format>`."""
    seed: int = RunConfig.seed
    """Of the first cloud; each further one has the next."""
    clouds: int = 1
    """How many."""
    formats: Sequence[str] = ("laz",)
    """Of the clouds in turn."""
    what: SimulateConfig = field(default_factory=SimulateConfig)
    """Size of each."""
    overwrite: bool = False
    """Whether files that exist are replaced."""
    truth: bool = False
    """Whether the exact ground is written as well, `street_<seed>_ground.tif`."""
    mesh: bool = False
    """Whether the triangles are written as well, `mesh/street_<seed>.ply`. Among the clouds it would be one more."""


def make(order: Order, progress: Progress = silent) -> list[Path]:
    """Simulate the clouds of an order and write each to its file.

    Returns
    -------
    list of Path
        The files, in the order of their seeds.

    Raises
    ------
    UsageError
        For an unknown format, or when there is nothing to simulate.
    OutputExistsError
        If a file is there and may not be replaced; before any work.
    DependencyError
        If Open3D cannot be loaded.
    """
    unknown = [name for name in order.formats if name not in SIMULATED]
    if unknown or not order.formats:
        raise UsageError(f"No format {unknown}", why=f"known here: {', '.join(SIMULATED)}")
    jobs = [(seed, _paths(order, seed)) for seed in range(order.seed, order.seed + order.clouds)]
    for _, paths in jobs:
        for path in paths.values():
            atomic.ensure_absent(path, overwrite=order.overwrite)
    for folder in {path.parent for _, paths in jobs for path in paths.values()}:
        atomic.ensure_writable(folder)
    for seed, paths in jobs:
        _make_one(seed, paths, order, progress)
    return [paths["cloud"] for _, paths in jobs]


def _paths(order: Order, seed: int) -> dict[str, Path]:
    """Return what is written of a seed: `cloud` and, where they are asked for, `truth` and `mesh`."""
    suffix = order.formats[(seed - order.seed) % len(order.formats)]
    stem = f"street_{seed:02d}"
    paths = {"cloud": order.output / f"{stem}.{suffix}"}
    if order.truth:
        paths["truth"] = order.output / f"{stem}_ground.tif"
    if order.mesh:
        paths["mesh"] = order.output / "mesh" / f"{stem}.ply"
    return paths


def _make_one(seed: int, paths: dict[str, Path], order: Order, progress: Progress) -> None:
    what = order.what
    made = simulate_scan(
        seed,
        what.points,
        preset=what.preset,
        length=what.length,
        resolution=what.resolution,
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
        with atomic.replacing(paths["mesh"], overwrite=order.overwrite) as temporary:
            write_mesh(
                mesh.corners + np.array(made.cloud.offset), LABELS[mesh.materials], mesh.instances, temporary
            )
    write(made, paths["cloud"], overwrite=order.overwrite)


def write(made: SimulatedScan, path: Path, *, overwrite: bool = False) -> None:
    """Write a simulated scan with all that was measured, in the format of the suffix.

    Raises
    ------
    OutputExistsError
        If the file is there and may not be replaced.
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
