"""Batches come in order, each crop from its own seed, from another thread that never outlives them."""

import threading
import time
from contextlib import closing

import numpy as np
import pytest
import torch

from bevseg.seg.inputs import IGNORE
from bevseg.seg.training.batches import AHEAD, batches
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
