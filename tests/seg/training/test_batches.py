"""Batches come in order, each crop from its own seed, from other threads that never outlive them."""

import threading
import time
from contextlib import closing

import numpy as np
import pytest
import torch

from bevseg.errors import UsageError
from bevseg.seg.inputs import IGNORE
from bevseg.seg.training import batches as module
from bevseg.seg.training.batches import AHEAD, MOST_WORKERS, batches, workers_for
from tests.seg import scenes


def running():
    return [thread for thread in threading.enumerate() if thread.name.startswith("bevseg-crops")]


def test_each_crop_is_drawn_from_seed_step_and_place():
    seen = list(batches(scenes.draw, scenes.BANDS, 2, 3, seed=5))
    assert len(seen) == 3
    for step, (x, y, occupied, _) in enumerate(seen):
        for place in range(2):
            values, labels = scenes.squares(np.random.default_rng((5, step, place)))
            np.testing.assert_allclose(x[place], np.nan_to_num(values / [[[2]], [[1]]]), rtol=1e-6)
            np.testing.assert_array_equal(y[place], labels.astype(int) - 1 & 255)
            np.testing.assert_array_equal(occupied[place], ~np.isnan(values[0]))
    assert (seen[0].target == IGNORE).any() and y.dtype == torch.uint8
    assert not running()


def test_made_ahead_but_not_without_end():
    made = []

    def sampler(number, rng):
        made.append(threading.current_thread() is not threading.main_thread())
        return scenes.squares(rng, 8)

    with closing(batches(sampler, scenes.BANDS, 1, 100, seed=0)) as stream:
        next(stream)
        time.sleep(0.2)
        assert len(made) <= AHEAD + 1
        assert all(made)
    assert not running()


def test_a_sampler_is_told_the_number_of_the_crop():
    class Counting:
        def __init__(self):
            self.seen = []

        def __call__(self, number, rng):
            self.seen.append((number, rng.random()))
            return scenes.squares(rng, 8)

    sampler = Counting()
    list(batches(sampler, scenes.BANDS, 2, 3, seed=5))
    assert sampler.seen == [(n, np.random.default_rng((5, *divmod(n, 2))).random()) for n in range(6)]


def test_maps_of_the_target_are_made_in_the_thread_of_the_crops():
    made_by = []

    def maps_of(target):
        made_by.append(threading.current_thread().name)
        return {"is_car": target == 1}

    (batch,) = batches(scenes.draw, scenes.BANDS, 2, 1, seed=0, maps_of=maps_of)
    assert torch.equal(batch.maps["is_car"], batch.target == 1)
    assert made_by[0].startswith("bevseg-crops")


def test_an_error_of_the_sampler_arrives():
    def sampler(number, rng):
        raise LookupError("no such crop")

    with pytest.raises(LookupError, match="no such crop"):
        next(batches(sampler, scenes.BANDS, 1, 3, seed=0))
    assert not running()


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.tensors, other.tensors, strict=True))


def test_several_threads_make_the_same_batches_in_the_same_order():
    names = set()

    def unevenly(number, rng):
        names.add(threading.current_thread().name)
        time.sleep(0.02 if number % 4 == 0 else 0)
        return scenes.squares(rng, 8)

    def maps_of(target):
        return {"is_car": target == 1}

    one = list(batches(unevenly, scenes.BANDS, 2, 12, 5, maps_of))
    assert len(names) == 1
    several = list(batches(unevenly, scenes.BANDS, 2, 12, 5, maps_of, workers=3))
    assert len(names) > 1
    assert all(map(same, one, several))
    assert not running()


def test_several_threads_make_a_few_more_ahead():
    made = []

    def sampler(number, rng):
        made.append(number)
        return scenes.squares(rng, 8)

    with closing(batches(sampler, scenes.BANDS, 1, 100, seed=0, workers=3)) as stream:
        next(stream)
        time.sleep(0.2)
        assert len(made) <= AHEAD + 3


def test_the_shares_of_several_processes_make_up_the_batch():
    whole = list(batches(scenes.draw, scenes.BANDS, 4, 2, seed=3))
    parts = [list(batches(scenes.draw, scenes.BANDS, 4, 2, seed=3, share=range(r, 4, 2))) for r in range(2)]
    for step in range(2):
        for rank in range(2):
            assert same(parts[rank][step], whole[step].each(lambda tensor, rank=rank: tensor[rank::2]))


def test_a_target_of_no_class_is_an_error():
    list(batches(scenes.draw, scenes.BANDS, 1, 1, seed=0, classes=5))
    with pytest.raises(UsageError, match="out of range"):
        next(batches(scenes.draw, scenes.BANDS, 1, 1, seed=0, classes=3))


def test_memory_for_the_copy_to_a_gpu_is_pinned_by_the_thread_that_makes_the_batch(monkeypatch):
    pinned_by = []

    def pin_memory(tensor):
        pinned_by.append(threading.current_thread().name)
        return tensor + 0

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin_memory)
    maps = {"pinned": True, "maps_of": lambda target: {"is_car": target == 1}}
    (batch,) = batches(scenes.draw, scenes.BANDS, 2, 1, 0, **maps)
    assert len(pinned_by) == len(batch.tensors) == 4
    assert all(name.startswith("bevseg-crops") for name in pinned_by)


@pytest.mark.parametrize(
    ("device", "cores", "processes", "expected"),
    [("cpu", 2, 1, 1), ("cpu", 16, 1, 4), ("cuda", 1, 1, 1), ("cuda", 4, 1, 3), ("cuda", 16, 4, 3)],
)
def test_a_gpu_leaves_the_cores_to_the_crops(monkeypatch, device, cores, processes, expected):
    monkeypatch.setattr(module, "cores", lambda: cores)
    assert workers_for(torch.device(device), processes) == expected


def test_there_is_an_end_to_workers(monkeypatch):
    monkeypatch.setattr(module, "cores", lambda: 256)
    assert workers_for(torch.device("cuda")) == MOST_WORKERS
