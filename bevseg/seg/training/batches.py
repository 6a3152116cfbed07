"""A sampler of crops -> batches, made by threads beside the training and handed over in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bevseg.core.raster import Band
from bevseg.runtime.cores import cores
from bevseg.seg.inputs import IGNORE, occupied, scaled, targets, to_device
from bevseg.seg.losses.target_ids import ensure_ids

Crop = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""Bands (C, rows, cols) in physical units with NaN, train ids (rows, cols)."""


Sampler = Callable[[int, np.random.Generator], Crop]
"""Number of the crop in the training (0, 1, 2, ...) and random numbers -> the crop."""

Maps = dict[str, Tensor]


class Batch(NamedTuple):
    """The crops of a step.

    Attributes
    ----------
    bands
        (B, C, rows, cols) scaled, channels last.
    target
        (B, rows, cols) uint8, IGNORE in cells without a label.
    occupied
        (B, rows, cols) bool, cells that hold points of the slice, with a label or without.
    maps
        What the loss needs to know of the target.
    """

    bands: Tensor
    target: Tensor
    occupied: Tensor
    maps: Maps

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All of them."""
        return self.bands, self.target, self.occupied, *self.maps.values()

    def each(self, function: Callable[[Tensor], Tensor]) -> Batch:
        """Return what a function makes of each tensor."""
        maps = {name: function(plane) for name, plane in self.maps.items()}
        return Batch(function(self.bands), function(self.target), function(self.occupied), maps)

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device; from pinned memory the host does not wait for it."""
        return self.each(lambda tensor: to_device(tensor, device))


AHEAD = 4
"""Batches made in advance by one thread; each further thread adds one."""

MOST_WORKERS = 8
"""Threads that make crops at most. They need the interpreter, which runs one of them at a time, for about a tenth of
a crop; for the rest they are in kernels, NumPy or torch."""


def workers_for(device: torch.device, processes: int = 1) -> int:
    """Return how many threads make crops for a device.

    A GPU leaves the cores to them. On a CPU torch computes on all cores, and a quarter as many threads keep up.

    Parameters
    ----------
    device
        Where the training computes.
    processes
        Trainings that share the cores of the machine.
    """
    free = cores() // processes - 1 if device.type == "cuda" else cores() // processes // 4
    return min(max(free, 1), MOST_WORKERS)


def batches(
    sampler: Sampler,
    bands: Sequence[Band],
    size: int,
    steps: int,
    seed: int,
    maps_of: Callable[[Tensor], Maps] | None = None,
    first: int = 0,
    *,
    classes: int | None = None,
    share: range | None = None,
    workers: int = 1,
    pinned: bool = False,
) -> Generator[Batch, None, None]:
    """Yield the batch of each step from the `first` on; steps are counted from 0.

    Every crop has random numbers of its own, drawn from (seed, step, crop): who makes it, and when, changes nothing.

    Parameters
    ----------
    sampler
        Called by several threads at once if there are several workers.
    bands
        What the network reads, with scaling.
    size
        Crops of a step.
    steps
        Of the whole training.
    seed
        Of the crops.
    maps_of
        Makes of a target what the loss needs to know of it (distances, say), beside the training.
    first
        Steps done before.
    classes
        Targets are checked against so many: a loss that did it would let a GPU wait. None: they are not checked.
    share
        Numbers of the crops of a step to make; None: all.
    workers
        Threads.
    pinned
        Whether batches lie in memory that a GPU copies from by itself.

    Raises
    ------
    UsageError
        If a target is of no class.
    """
    names = [band.name for band in bands]
    wanted = range(size) if share is None else share
    ahead = AHEAD + workers - 1

    def draw(step: int, crop: int) -> Crop:
        rng = np.random.default_rng((seed, step, crop))
        return sampler(step * size + crop, rng)

    def make(step: int) -> Batch:
        crops = [draw(step, crop) for crop in wanted]
        x = torch.stack([scaled(values, bands) for values, _ in crops])
        y = torch.stack([targets(labels) for _, labels in crops])
        if classes is not None:
            ensure_ids(y, classes, IGNORE)
        cells = torch.from_numpy(np.stack([occupied(values, names) for values, _ in crops]))
        x = x.contiguous(memory_format=torch.channels_last)
        batch = Batch(x, y, cells, maps_of(y) if maps_of else {})
        return batch.each(Tensor.pin_memory) if pinned else batch

    with ThreadPoolExecutor(workers, thread_name_prefix="bevseg-crops") as threads:
        pending: deque[Future[Batch]] = deque()
        try:
            for step in range(first, steps + ahead):
                if step < steps:
                    pending.append(threads.submit(make, step))
                if step >= first + ahead:
                    yield pending.popleft().result()
        finally:
            threads.shutdown(cancel_futures=True)


def one_by_one(
    sampler: Sampler, bands: Sequence[Band], seed: int, on_crop: Callable[[int, int], None], count: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield bands (1, C, rows, cols) and target (1, rows, cols) of each of `count` crops.

    They are the crops of the first steps of a training with one crop in a step. `on_crop` is called after each one
    with the number of crops done, and of all.
    """
    with closing(batches(sampler, bands, 1, count, seed)) as stream:
        for done, batch in enumerate(stream, 1):
            yield batch.bands, batch.target
            on_crop(done, count)
