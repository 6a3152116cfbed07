"""Seeds -> files of labelled street clouds, to learn from and to try things on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bevseg import atomic
from bevseg.config import RunConfig, SimulateConfig
from bevseg.errors import UsageError
from bevseg.io import truth
from bevseg.names import TRUTH_FORMATS
from bevseg.progress import Progress, silent
from bevseg.sim import survey
from bevseg.sim.simulate import EPSG, Survey


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
    unknown = [name for name in order.formats if name not in TRUTH_FORMATS]
    if unknown or not order.formats:
        raise UsageError(f"No format {unknown}", why=f"known here: {', '.join(TRUTH_FORMATS)}")
    jobs = [(seed, _path(order, seed)) for seed in range(order.seed, order.seed + order.clouds)]
    for _, path in jobs:
        atomic.refuse_existing(path, overwrite=order.overwrite)
    for seed, path in jobs:
        _make_one(seed, path, order, progress)
    return [path for _, path in jobs]


def _path(order: Order, seed: int) -> Path:
    suffix = order.formats[(seed - order.seed) % len(order.formats)]
    return order.output / f"street_{seed:02d}.{suffix}"


def _make_one(seed: int, path: Path, order: Order, progress: Progress) -> None:
    what = order.what
    made = survey(
        seed,
        what.points,
        preset=what.preset,
        length=what.length,
        resolution=what.resolution,
        progress=progress,
    )
    write(made, path, overwrite=order.overwrite)


def write(made: Survey, path: Path, *, overwrite: bool = False) -> None:
    """Write a simulated scan with all that was measured, in the format of the suffix.

    Raises
    ------
    OutputExistsError
        If the file is there and may not be replaced.
    OutputWriteError
        If the system refuses the write.
    """
    with atomic.replacing(path, overwrite=overwrite) as temporary:
        truth.write(
            made.cloud,
            temporary,
            epsg=EPSG,
            measured={
                "intensity": made.intensity,
                "gps_time": made.gps_time,
                "return_number": made.returns,
                "number_of_returns": made.of,
            },
            instances=made.things,
        )
