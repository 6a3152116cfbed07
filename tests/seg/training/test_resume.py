"""A training of one network that goes on from a state ends with the bytes of one that was not interrupted."""

import copy
import dataclasses
import math

import numpy as np
import pytest
import torch

from bevseg.config import NetConfig
from bevseg.errors import InputError
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.training import loop
from bevseg.seg.training.loop import train_network, trained_before
from bevseg.seg.training.state_file import TrainingState, read, write
from tests.seg import scenes

NET = NetConfig(filters=8, depth=2)
CONFIG = dataclasses.replace(scenes.QUICK, crop=64, steps=6, validate_every=2)


def draw(number, rng):
    return scenes.squares(rng, 64)


def fit(net=NET, validation=1, states=None, stop=None, state=None, config=CONFIG, **arguments):
    """Train; `states` takes each state, and after so many of them the training is interrupted."""

    def on_state(found):
        if states is not None:
            states.append(found)
        if stop is not None and len(states) == stop:
            raise KeyboardInterrupt

    scene = [scenes.squares(np.random.default_rng((99, n)), 48) for n in range(validation)]
    arguments = {"seed": 3, "device": "cpu"} | arguments
    return train_network(
        draw, scene, scenes.BANDS, OUTPUTS, net, config, state=state, on_state=on_state, **arguments
    )


def outcome(trained):
    weights = {key: value.numpy().tobytes() for key, value in trained.net.state_dict().items()}
    rows = [repr(row | {"seconds": 0}) for row in trained.history]
    return weights, rows, repr(trained.best)


def through_a_file(state, folder):
    write(TrainingState({}, networks={"low": state}), folder / "state")
    return read(folder / "state").networks["low"]


def assert_same_as_undisturbed(folder, **arguments):
    """Interrupt a training after each of its states, and compare its end."""
    whole, states = outcome(fit(**arguments)), []
    for stop in (1, 2):
        states.clear()
        with pytest.raises(KeyboardInterrupt):
            fit(states=states, stop=stop, **arguments)
        torch.manual_seed(1)  # whatever else the process has drawn in the meantime
        state = through_a_file(states[-1], folder)
        assert outcome(fit(state=state, **arguments)) == whole


def with_(**values):
    return dataclasses.replace(CONFIG, **values)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimiser": "adam"},
        {"optimiser": "adadelta", "learning_rate": 3.0},
        {"optimiser": "sgd", "schedule": "poly"},
        {"optimiser": "sgd", "momentum": 0.0, "schedule": "constant"},
        {"loss": "ce", "smooth_boundary": 0.3},
    ],
    ids=str,
)
def test_every_optimiser_and_schedule_goes_on(tmp_path, changes):
    assert_same_as_undisturbed(tmp_path, config=with_(**changes))


def test_dropout_goes_on_drawing(tmp_path):
    net = dataclasses.replace(NET, dropout=0.9)
    assert_same_as_undisturbed(tmp_path, net=net)
    states = []
    whole = outcome(fit(net, states=states))
    state = through_a_file(states[0], tmp_path)
    state.tensors["random"]["cpu"] = torch.Generator().manual_seed(5).get_state()
    assert outcome(fit(net, state=state)) != whole  # the random numbers matter here


@pytest.mark.parametrize("schedule", ["one_cycle", "plateau"])
@pytest.mark.parametrize("validation", [0, 1])
def test_with_and_without_validation(tmp_path, schedule, validation):
    config = with_(schedule=schedule, plateau_patience=1, steps=8, validate_every=2)
    assert_same_as_undisturbed(tmp_path, config=config, validation=validation)


def test_a_plateau_remembers_its_best_score_and_its_patience(tmp_path, monkeypatch):
    scores = [0.5, 0.4, 0.6, 0.1, 0.2, 0.3]
    config = with_(schedule="plateau", plateau_patience=2, validate_every=1, learning_rate=1.0, patience=4)

    rows = []
    monkeypatch.setattr(loop, "validate", lambda *_: {"miou": scores[len(rows)]})
    whole = outcome(fit(config=config, on_row=rows.append))
    for stop in range(1, 5):
        rows, states = [], []
        with pytest.raises(KeyboardInterrupt):
            fit(config=config, states=states, stop=stop, on_row=rows.append)
        assert len(rows) == stop
        state = through_a_file(states[-1], tmp_path)
        assert outcome(fit(config=config, state=state, on_row=rows.append)) == whole


def test_patience_counts_on(tmp_path, monkeypatch):
    scores, rows, states = [0.5, 0.4, 0.4, 0.4, 0.9, 0.9], [], []
    monkeypatch.setattr(loop, "validate", lambda *_: {"miou": scores[len(rows)]})
    config = with_(validate_every=1, patience=3)
    with pytest.raises(KeyboardInterrupt):
        fit(config=config, states=states, stop=2, on_row=rows.append)
    state = through_a_file(states[-1], tmp_path)
    trained = fit(config=config, state=state, states=states, on_row=rows.append)
    assert [row["step"] for row in trained.history] == [1, 2, 3, 4]
    assert [found.done for found in states[2:]] == [False, True]
    assert trained.best == 0.5


@pytest.mark.parametrize("taught", [False, True], ids=["own average", "teacher"])
def test_extra_supervision_goes_on(tmp_path, taught):
    teacher = fit(seed=8).net if taught else None
    config = with_(confidence=0.0, steps=8)
    assert_same_as_undisturbed(tmp_path, teacher=teacher, unlabelled=draw, config=config)


def test_a_share_of_the_first_weights_stays(tmp_path):
    init = fit(seed=8).net
    before = copy.deepcopy(init.state_dict())
    assert_same_as_undisturbed(tmp_path, init=init, init_share=0.5)
    assert all(torch.equal(value, before[key]) for key, value in init.state_dict().items())


def test_the_crops_that_were_made_in_advance_are_made_again(tmp_path):
    states, drawn = [], []

    def sampler(number, rng):
        drawn.append(number)
        return draw(number, rng)

    scene = []
    common = (scene, scenes.BANDS, OUTPUTS, NET, CONFIG)
    train_network(draw, *common, device="cpu", on_state=states.append)
    train_network(sampler, *common, device="cpu", state=through_a_file(states[0], tmp_path))
    assert sorted(drawn) == list(range(2 * CONFIG.batch, CONFIG.steps * CONFIG.batch))


def test_the_time_counts_on(tmp_path):
    states = []
    fit(states=states)
    state = dataclasses.replace(through_a_file(states[0], tmp_path), seconds=1000.0)
    assert fit(state=state).history[-1]["seconds"] > 1000
    # The time is over: one step, and the training is done.
    rows = fit(state=state, minutes=5).history
    assert [row["step"] for row in rows] == [2, 3]


def test_a_state_is_a_copy_that_later_steps_do_not_change(tmp_path):
    states, texts = [], []

    def on_state(state):
        states.append(state)
        texts.append(repr(state.tensors))

    train_network(draw, [], scenes.BANDS, OUTPUTS, NET, CONFIG, device="cpu", on_state=on_state)
    assert [repr(state.tensors) for state in states] == texts
    assert states[0].tensors["live"].keys() == states[0].tensors["average"].keys()


def test_of_a_training_that_is_done_the_network_is_left(tmp_path):
    states = []
    trained = fit(states=states)
    state = through_a_file(states[-1], tmp_path)
    assert state.done and set(state.tensors) == {"best"}
    assert outcome(trained_before(state, scenes.BANDS, OUTPUTS, NET)) == outcome(trained)


def test_no_number_of_a_state_is_lost_in_its_file(tmp_path):
    states = []
    fit(validation=0, states=states, config=with_(schedule="plateau"))
    found = through_a_file(states[0], tmp_path)
    assert found.score == -math.inf and math.isnan(found.reached) and math.isnan(found.history[0]["miou"])
    assert found.schedule == {"current": 1.0, "best": -math.inf, "stale": 0}
    assert isinstance(found.history[0]["step"], int)
    for part, tensors in states[0].tensors.items():
        assert found.tensors[part].keys() == tensors.keys()
        assert all(torch.equal(value, found.tensors[part][key]) for key, value in tensors.items())


def test_the_state_of_another_network_is_refused():
    states = []
    fit(states=states)
    with pytest.raises(InputError, match="does not fit its network") as caught:
        fit(NetConfig(filters=4, depth=2), state=states[0])
    assert "--overwrite" in caught.value.hint
    with pytest.raises(InputError, match="does not fit its network"):
        trained_before(states[0], scenes.BANDS, OUTPUTS, NetConfig(filters=4, depth=2))


@pytest.mark.parametrize("key", ["0/exp_avg", "999/exp_avg", "zero/exp_avg", "exp_avg"])
def test_a_tensor_that_the_optimizer_cannot_have_is_refused(key):
    states = []
    fit(states=states)
    states[0].tensors["optimizer"][key] = torch.zeros(3)
    with pytest.raises(InputError, match="does not fit its network"):
        fit(state=states[0])


def test_a_loss_of_maps_goes_on(tmp_path):
    assert_same_as_undisturbed(tmp_path, loss_of=parse("ce+boundary"))


def test_float16_goes_on_with_the_factor_of_its_gradients(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "training_type", lambda place: torch.float16)
    assert_same_as_undisturbed(tmp_path)
    states = []
    whole = outcome(fit(states=states))
    state = through_a_file(states[0], tmp_path)
    assert state.tensors["scaler"]["scale"] == 2**16 and state.tensors["scaler"]["_growth_tracker"] == 2
    state.tensors["scaler"]["scale"] = torch.tensor(1e38)  # every step overflows
    assert outcome(fit(state=state)) != whole
    del state.tensors["scaler"]
    with pytest.raises(InputError, match="does not fit"):
        fit(state=state)


def test_steps_whose_gradients_overflow_in_float16_change_no_weight(monkeypatch):
    monkeypatch.setattr(loop, "training_type", lambda place: torch.float16)
    honest = loop.grad_scaler
    states = []
    config = with_(validate_every=1)
    fit(states=states, config=config)
    before, after = (states[number].tensors["live"]["head.weight"] for number in range(2))
    assert not torch.equal(before, after)

    def far_too_large(place, dtype):
        scaler = honest(place, dtype)
        scaler.load_state_dict(scaler.state_dict() | {"scale": 1e38})
        return scaler

    monkeypatch.setattr(loop, "grad_scaler", far_too_large)
    states.clear()
    fit(states=states, config=config)
    before, after = (states[number].tensors["live"]["head.weight"] for number in range(2))
    assert torch.equal(before, after)
    factors = [state.tensors["scaler"]["scale"].item() for state in states[:2]]
    assert factors[1] == factors[0] / 2 and factors[0] == pytest.approx(0.5e38)
