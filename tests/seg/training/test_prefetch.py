"""On a GPU the copy of the next batch begins before the work with the last one does; nothing is lost on the way."""

import contextlib
from types import SimpleNamespace

import pytest
import torch

from bevseg.seg.training.batches import Batch, batches
from bevseg.seg.training.prefetch import on_device
from tests.seg import scenes


@pytest.fixture
def log(monkeypatch):
    """What happens on a GPU that there is not, in order."""
    log = []
    work = SimpleNamespace(wait_event=lambda copied: log.append(f"wait for copy {copied}"))

    def copied(batch, device):
        log.append(f"copy {sum(line.startswith('copy') for line in log) + 1}")
        return batch

    def record_event():
        return sum(line.startswith("copy") for line in log)

    beside = SimpleNamespace(record_event=record_event)
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: beside)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: work)
    monkeypatch.setattr(Batch, "to", copied)
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda tensor, stream: log.append("kept"))
    return log


@pytest.mark.parametrize("steps", [1, 3])
def test_the_next_batch_is_under_way_while_the_last_one_is_used(log, steps):
    stream = on_device(batches(scenes.draw, scenes.BANDS, 2, steps, 0), torch.device("cuda"))
    for step, _ in enumerate(stream, 1):
        log.append(f"step {step}")
    without_memory = [line for line in log if line != "kept"]
    if steps == 1:
        assert without_memory == ["copy 1", "wait for copy 1", "step 1"]
    else:
        assert without_memory == [
            *("copy 1", "copy 2", "wait for copy 1", "step 1"),
            *("copy 3", "wait for copy 2", "step 2"),
            *("wait for copy 3", "step 3"),
        ]
    assert log.count("kept") == 3 * steps


def test_on_a_cpu_they_are_those_of_the_stream_which_ends_with_them():
    seen = []

    def stream():
        try:
            yield from batches(scenes.draw, scenes.BANDS, 2, 3, 0)
        finally:
            seen.append("closed")

    with contextlib.closing(on_device(stream(), torch.device("cpu"))) as found:
        first = next(found)
    expected = next(batches(scenes.draw, scenes.BANDS, 2, 3, 0))
    assert all(torch.equal(a, b) for a, b in zip(first.tensors, expected.tensors, strict=True))
    assert seen == ["closed"]
