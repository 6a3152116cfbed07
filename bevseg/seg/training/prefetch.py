"""Batches of the host -> batches on a device, copied beside its work."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing

import torch

from bevseg.seg.training.batches import Batch


def on_device(stream: Generator[Batch, None, None], device: torch.device) -> Generator[Batch, None, None]:
    """Yield each batch of a stream on a device, and close the stream at the end.

    From pinned memory a GPU copies the next batch while it computes with the last.
    """
    with closing(stream):
        yield from _copied_ahead(stream, device) if device.type == "cuda" else stream


def _copied_ahead(batches: Iterable[Batch], device: torch.device) -> Generator[Batch, None, None]:
    beside = torch.cuda.Stream(device)
    ahead: tuple[Batch, torch.cuda.Event] | None = None
    for batch in batches:
        with torch.cuda.stream(beside):
            following = batch.to(device), beside.record_event()
        if ahead is not None:
            yield _received(*ahead)
        ahead = following
    if ahead is not None:
        yield _received(*ahead)


def _received(batch: Batch, copied: torch.cuda.Event) -> Batch:
    """Let the work that is to come wait for the copy. Only the device waits, not the host."""
    work = torch.cuda.current_stream(batch.bands.device)
    work.wait_event(copied)
    for tensor in batch.tensors:
        tensor.record_stream(work)  # its memory belongs to the other stream, which must not reuse it before
    return batch
