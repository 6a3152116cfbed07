"""A scene, a sensor and its passes -> rays, batch by batch, and their returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.instrument.drive import Pass
from bevseg.sim.instrument.returns import Index, Returns, measured
from bevseg.sim.instrument.sensors import Pattern, Sensor
from bevseg.sim.scene import Floats, Scene

_BATCH = 400_000
"""Rays of a batch. A ray and what is computed from it take about 250 bytes."""


def scan(
    scene: Scene,
    sensor: Sensor,
    passes: Sequence[Pass],
    rng: np.random.Generator,
    *,
    every: int = 1,
    progress: Callable[[float, float, int], None] = lambda done, total, points: None,
) -> Iterator[Returns]:
    """Yield the returns of all passes in batches, in the order of measurement.

    Parameters
    ----------
    scene, sensor, passes
        What is scanned, with what, and from where.
    rng
        Draws noise and drop-outs.
    every
        Only every `every`-th sweep is measured.
    progress
        Called after each batch with sweeps done, sweeps in all and points so far.
    """
    pattern = sensor.pattern()
    step = max(1, _BATCH // (pattern.heads * pattern.rays))
    total = sum(one.sweeps for one in passes)
    done = points = 0
    for one in passes:
        for start in range(0, one.sweeps, step * every):
            sweeps = np.arange(start, min(start + step * every, one.sweeps), every)
            rays, time = _rays(pattern, one, sweeps)
            returns = measured(scene, sensor.optics, pattern, rays, one.start + time / sensor.rate, rng)
            number = (returns.time - one.start) * sensor.rate
            returns.xyz[:] += one.error(number).astype(np.float32)
            points += len(returns)
            progress(min(done + sweeps[-1] + 1, total), total, points)
            yield returns
        done += one.sweeps


def _rays(pattern: Pattern, one: Pass, sweeps: Index) -> tuple[Floats, NDArray[np.float64]]:
    """Return rays (P * H * R, 6), sweep, head and ray in turn, and their sweep numbers with fractions."""
    number = sweeps[:, None] + pattern.share  # the vehicle moves during a sweep
    place, heading, pitch, roll = one.pose(number)
    shape = (len(sweeps), pattern.heads, pattern.rays)
    rays = np.empty((*shape, 6), np.float32)
    turn = _rotation(heading, pitch, roll)
    for head, (directions, offset) in enumerate(zip(pattern.directions, pattern.offsets, strict=True)):
        ahead, left, up = directions.T
        for axis in range(3):
            row = turn[axis]
            rays[:, head, :, axis] = place[..., axis] + (
                row[0] * offset[0] + row[1] * offset[1] + row[2] * offset[2]
            )
            rays[:, head, :, 3 + axis] = row[0] * ahead + row[1] * left + row[2] * up
    return rays.reshape(-1, 6), np.broadcast_to(number[:, None], shape).reshape(-1)


def _rotation(
    heading: NDArray[np.float64], pitch: NDArray[np.float64], roll: NDArray[np.float64]
) -> list[list[NDArray[np.float64]]]:
    """Return the rows of the rotation from the frame of the instrument to that of the street."""
    (ch, cp, cr), (sh, sp, sr) = ([f(angle) for angle in (heading, pitch, roll)] for f in (np.cos, np.sin))
    return [
        [ch * cp, -sh * cr - ch * sp * sr, sh * sr - ch * sp * cr],
        [sh * cp, ch * cr - sh * sp * sr, -ch * sr - sh * sp * cr],
        [sp, cp * sr, cp * cr],
    ]
