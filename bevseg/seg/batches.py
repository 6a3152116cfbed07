"""Crops of a sampler -> batches, made one step after the other by a thread beside the training."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from bevseg.raster import Band
from bevseg.seg.inputs import scaled, targets

Sampler = Callable[[np.random.Generator], tuple[NDArray[np.float32], NDArray[np.uint8]]]
"""Random numbers -> one crop: physical bands (C, rows, cols) with NaN, train ids (rows, cols)."""

Batch = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""Scaled bands (B, C, rows, cols) and targets (B, rows, cols)."""

AHEAD = 4
"""Batches made in advance."""


def batches(sampler: Sampler, bands: Sequence[Band], size: int, steps: int, seed: int) -> Iterator[Batch]:
    """Yield one batch per step, in order.

    Every crop has random numbers of its own, derived from (seed, step, crop): when it is made changes nothing.
    """

    def make(step: int) -> Batch:
        crops = [sampler(np.random.default_rng((seed, step, crop))) for crop in range(size)]
        return (
            np.stack([scaled(values, bands) for values, _ in crops]),
            np.stack([targets(labels) for _, labels in crops]),
        )

    with ThreadPoolExecutor(1, thread_name_prefix="bevseg-crops") as thread:
        pending: deque[Future[Batch]] = deque()
        try:
            for step in range(steps + AHEAD):
                if step < steps:
                    pending.append(thread.submit(make, step))
                if step >= AHEAD:
                    yield pending.popleft().result()
        finally:
            thread.shutdown(wait=True, cancel_futures=True)
