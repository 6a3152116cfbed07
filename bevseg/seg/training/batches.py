"""A sampler of crops -> batches, made in order by one thread beside the training."""

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
from bevseg.seg.inputs import occupied, scaled, targets

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


AHEAD = 4
"""Batches made in advance."""


def batches(
    sampler: Sampler,
    bands: Sequence[Band],
    size: int,
    steps: int,
    seed: int,
    maps_of: Callable[[Tensor], Maps] | None = None,
    first: int = 0,
) -> Generator[Batch, None, None]:
    """Yield the batch of each step from the `first` on; steps are counted from 0.

    Every crop has random numbers of its own, drawn from (seed, step, crop): when it is made changes nothing.
    `maps_of` makes of the target what the loss needs to know of it (distances, say), beside the training.
    """
    names = [band.name for band in bands]

    def draw(step: int, crop: int) -> Crop:
        rng = np.random.default_rng((seed, step, crop))
        return sampler(step * size + crop, rng)

    def make(step: int) -> Batch:
        crops = [draw(step, crop) for crop in range(size)]
        x = torch.stack([scaled(values, bands) for values, _ in crops])
        y = torch.stack([targets(labels) for _, labels in crops])
        cells = torch.from_numpy(np.stack([occupied(values, names) for values, _ in crops]))
        x = x.contiguous(memory_format=torch.channels_last)
        return Batch(x, y, cells, maps_of(y) if maps_of else {})

    with ThreadPoolExecutor(1, thread_name_prefix="bevseg-crops") as thread:
        pending: deque[Future[Batch]] = deque()
        try:
            for step in range(first, steps + AHEAD):
                if step < steps:
                    pending.append(thread.submit(make, step))
                if step >= first + AHEAD:
                    yield pending.popleft().result()
        finally:
            thread.shutdown(cancel_futures=True)


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
