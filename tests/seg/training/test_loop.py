"""Training learns, repeats itself to the byte, keeps its time, and keeps the best weights it saw."""

import dataclasses
import threading
import time

import numpy as np
import pytest
import torch

from bevseg.config import NetConfig
from bevseg.errors import TrainingError, UsageError
from bevseg.seg.checkpoint import save
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.losses.loss import Loss
from bevseg.seg.losses.term import Term
from bevseg.seg.training import loop, validate
from bevseg.seg.training.loop import train_network
from tests.seg import scenes

FAST = {"net": NetConfig(filters=8, depth=1), "learning_rate": 3e-2, "average": 0.8, "validate_every": 20}
"""A little more net and larger steps, for tests that want to see it learn."""


def fit(
    sampler=scenes.draw,
    validation=1,
    net=scenes.NET,
    seed=0,
    init=None,
    init_share=0.0,
    minutes=None,
    loss_of=None,
    on_row=None,
    **config,
):
    scene = [scenes.squares(np.random.default_rng((99, n)), 48) for n in range(validation)]
    return train_network(
        sampler,
        scene,
        scenes.BANDS,
        OUTPUTS,
        net,
        dataclasses.replace(scenes.QUICK, **config),
        seed=seed,
        device="cpu",
        init=init,
        init_share=init_share,
        minutes=minutes,
        loss_of=loss_of,
        on_row=on_row,
    )


def weights(trained):
    return {key: value.numpy().tobytes() for key, value in trained.net.state_dict().items()}


def test_it_learns():
    trained = fit(steps=60, **FAST)
    assert trained.best > 0.6
    assert trained.history[-1]["loss"] < trained.history[0]["loss"]


@pytest.mark.parametrize(
    "loss", ["ce:0.5", "power_jaccard", "lovasz_softmax", "lovasz_hinge", "ce+0.5*lovasz_softmax"]
)
def test_every_loss_trains(loss):
    trained = fit(loss=loss, steps=40, **FAST)
    assert trained.history[-1]["loss"] < trained.history[0]["loss"]


@pytest.mark.parametrize(
    ("optimiser", "rate"), [("adamw", 3e-2), ("adam", 3e-2), ("adadelta", 3.0), ("sgd", 0.3)]
)
def test_every_optimiser_trains(optimiser, rate):
    trained = fit(steps=40, **FAST | {"learning_rate": rate}, optimiser=optimiser, weight_decay=1e-4)
    assert trained.history[-1]["loss"] < trained.history[0]["loss"]


def test_a_plateau_of_the_validation_lowers_the_rate(monkeypatch):
    scripted(monkeypatch, [0.1, 0.5, 0.3, 0.4, 0.2, 0.1])
    rows = fit(steps=6, validate_every=1, schedule="plateau", plateau_patience=2, learning_rate=1.0).history
    assert [row["learning_rate"] for row in rows] == pytest.approx([1, 1, 1, 1, 0.1, 0.1])


def test_a_loss_is_handed_in_and_what_it_needs_to_know_of_the_target_is_made_beside():
    def near_mean(logits, target, ignore_index, *, maps):
        assert ignore_index == 255
        assert torch.equal(maps, (target < 3).float())
        return (logits[:, 0] * maps).mean()

    maps = ("near", lambda target, classes: (target < 3).float())
    loss = Loss((Term(1.0, "near_mean", (), near_mean, maps),), "near_mean")
    trained = fit(loss_of=loss, loss="no such loss")
    assert weights(trained) != weights(fit())


def test_the_same_seed_gives_the_same_bytes_however_slow_the_sampler():
    def slow(number, rng):
        time.sleep(rng.choice([0, 0.02]) if np.random.random() < 0.5 else 0)  # noqa: NPY002
        return scenes.squares(rng)

    first, again, other = (
        fit(),
        fit(lambda number, rng: (time.sleep(0.01), scenes.squares(rng))[1]),
        fit(seed=1),
    )
    assert weights(first) == weights(again)
    assert weights(first) != weights(other)
    assert [row | {"seconds": 0} for row in first.history] == [row | {"seconds": 0} for row in again.history]


def test_the_random_numbers_of_the_caller_stay():
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = torch.random.get_rng_state(), np.random.get_state()[1].tobytes()  # noqa: NPY002
    fit()
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert before[1] == np.random.get_state()[1].tobytes()  # noqa: NPY002


def test_history_has_a_row_for_every_validation_step(monkeypatch):
    monkeypatch.setattr(validate, "CELLS", 1)
    rows = []
    trained = fit(steps=7, validate_every=3, on_row=rows.append)
    assert trained.history == rows
    assert [row["step"] for row in rows] == [3, 6, 7]
    classes = ("building", "car", "other", "pole", "vegetation")
    assert set(rows[0]) == {
        "step",
        "loss",
        "learning_rate",
        "miou",
        "seconds",
        *(f"iou_{c}" for c in classes),
    }
    objects = [rows[0][f"iou_{c}"] for c in classes if c != "other"]
    assert rows[0]["miou"] == pytest.approx(np.mean(objects))


def test_the_score_of_a_validation_step_leaves_out_classes_of_a_few_cells(monkeypatch):
    monkeypatch.setattr(validate, "CELLS", 1)
    all_of_them = fit(steps=2).history[-1]
    monkeypatch.setattr(validate, "CELLS", 50)
    some = fit(steps=2).history[-1]
    assert {k: v for k, v in some.items() if k.startswith("iou")} == {
        k: v for k, v in all_of_them.items() if k.startswith("iou")
    }
    assert some["miou"] != all_of_them["miou"]


def test_without_validation_the_last_average_is_kept():
    trained = fit(validation=0)
    assert np.isnan(trained.best) and np.isnan(trained.history[-1]["miou"])
    assert weights(trained) != weights(fit(validation=0, steps=3))


def scripted(monkeypatch, scores):
    """Let validation return these scores, and note the weights that it saw."""
    seen = []

    def validated(net, *others):
        seen.append({key: value.clone() for key, value in net.state_dict().items()})
        return {"miou": scores[len(seen) - 1]}

    monkeypatch.setattr(loop, "validate", validated)
    return seen


def test_the_best_weights_are_kept(monkeypatch):
    seen = scripted(monkeypatch, [0.1, 0.5, 0.3])
    trained = fit(steps=6, validate_every=2)
    assert trained.best == 0.5
    assert all(torch.equal(value, seen[1][key]) for key, value in trained.net.state_dict().items())


def test_patience_ends_the_training(monkeypatch):
    scripted(monkeypatch, [0.1, 0.5, 0.3, 0.4, 0.2, 0.9])
    trained = fit(steps=6, validate_every=1, patience=3)
    assert [row["step"] for row in trained.history] == [1, 2, 3, 4, 5]


@pytest.mark.slow
def test_a_short_time_still_ends_with_small_steps():
    rates, begin = [], time.monotonic()
    trained = fit(steps=100_000, validate_every=5, patience=10**6, minutes=1.5 / 60)
    rates = [row["learning_rate"] for row in trained.history]
    assert time.monotonic() - begin < 10
    assert trained.history[-1]["seconds"] < 5
    assert rates[-1] < 0.05 * scenes.QUICK.learning_rate <= max(rates)


def test_it_goes_on_from_given_weights():
    first = fit(steps=40, **FAST)
    before = weights(first)
    further = fit(steps=1, init=first.net, net=FAST["net"], learning_rate=1e-6)
    assert weights(first) == before != weights(further)
    assert further.best == pytest.approx(first.best, abs=0.05)
    assert first.best > 0.3


def test_a_loss_that_is_no_number_stops_it():
    def sampler(number, rng):
        values, labels = scenes.squares(rng)
        return values * np.float32(1e37), labels

    with pytest.raises(TrainingError, match="infinite or NaN") as caught:
        fit(sampler)
    assert caught.value.where == "step 1"
    assert "learning rate" in caught.value.hint


def test_an_interrupt_leaves_no_thread_behind():
    def stop(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(steps=10_000, on_row=stop)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("bevseg-crops")]


def test_crops_without_a_label_teach_nothing_and_break_nothing():
    trained = fit(lambda number, rng: (scenes.squares(rng)[0], np.zeros((32, 32), np.uint8)))
    assert [row["loss"] for row in trained.history] == [0, 0]


def test_an_unknown_loss_is_refused_before_the_first_crop():
    with pytest.raises(UsageError, match="No loss 'guess'"):
        fit(lambda rng: pytest.fail("a crop was drawn"), loss="guess")


def test_the_model_file_repeats_itself(tmp_path):
    for name in "ab":
        model = scenes.model(slices=())
        model.nets["low"], model.bands["low"] = fit().net, scenes.BANDS
        save(model, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_share_of_the_first_weights_stays_in_the_network_that_is_validated():
    first = fit(steps=4).net
    plain, half, all_of_it = (
        fit(steps=4, seed=1, init=first, init_share=share, validate_every=4) for share in (0.0, 0.5, 1.0)
    )
    ours, theirs = first.state_dict(), plain.net.state_dict()
    for key, value in half.net.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, (ours[key] + theirs[key]) / 2)
            torch.testing.assert_close(all_of_it.net.state_dict()[key], ours[key])
    assert not torch.equal(ours["head.weight"], theirs["head.weight"])
    scene = [scenes.squares(np.random.default_rng((99, 0)), 48)]
    again = validate.validate(half.net, scene, scenes.BANDS, OUTPUTS, torch.device("cpu"))
    assert half.history[-1]["miou"] == again["miou"]
