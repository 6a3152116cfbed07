"""A training of both networks, interrupted anywhere, ends with the model of one that was not."""

import dataclasses

import pytest

from bevseg.config import NetConfig, TrainConfig, with_training
from bevseg.core.labels import VEGETATION
from bevseg.errors import OutputExistsError
from bevseg.seg import checkpoint
from bevseg.seg.training import network_state, state_file
from bevseg.training import ExtraSupervision, fit, prepare_example, train
from tests import tiny

SETTINGS = dataclasses.replace(
    tiny.SETTINGS,
    net=NetConfig(filters=8, depth=2),
    train=TrainConfig(steps=5, batch=2, crop=64, validate_every=2),
)
STATES = 3
"""Validation steps of each network."""


@pytest.fixture(scope="module")
def examples():
    return [prepare_example(tiny.thin_street(name, seed), SETTINGS) for seed, name in enumerate("xyz")]


class Session:
    """Trainings that keep their state in a file, and stop after so many states or at a step."""

    def __init__(self, folder, examples, settings=SETTINGS, **options):
        self.path, self.settings = folder / "m.state", settings
        self.arguments = (examples, settings)
        self.options = {"val": ["y"], "device": "cpu", **options}

    def run(self, *, states=None, step=None, resume=False):
        """Train; return the bytes of the model and the rows, or None if it was stopped."""
        written = 0

        def on_state(state):
            nonlocal written
            state_file.write(state, self.path)
            written += 1
            if written == states:
                raise KeyboardInterrupt

        def progress(now):
            if (
                step is not None
                and now.task == f"train {step[0]}"
                and now.note.startswith(f"step {step[1]} ")
            ):
                raise KeyboardInterrupt

        state = state_file.read(self.path) if resume else None
        try:
            model, history = train(
                *self.arguments, state=state, on_state=on_state, progress=progress, **self.options
            )
        except KeyboardInterrupt:
            return None
        checkpoint.save(model, self.path.with_suffix(".model"))
        rows = [repr(row | {"seconds": 0}) for row in history]
        return self.path.with_suffix(".model").read_bytes(), rows


@pytest.mark.parametrize("states", range(1, 2 * STATES + 1))
def test_right_after_each_state(examples, tmp_path, states):
    session = Session(tmp_path, examples)
    whole = session.run()
    assert session.run(states=states) is None
    assert session.run(resume=True) == whole


@pytest.mark.parametrize("step", [("low", 3), ("low", 5), ("high", 1), ("high", 4)])
def test_between_two_states(examples, tmp_path, step):
    session = Session(tmp_path, examples)
    whole = session.run()
    session.path.unlink()
    assert session.run(step=step) is None
    assert session.run(resume=True) == whole


def test_again_and_again(examples, tmp_path):
    session = Session(tmp_path, examples)
    whole = session.run()
    assert session.run(states=1) is None
    for _ in range(2 * STATES - 1):
        assert session.run(states=1, resume=True) is None
    assert session.run(resume=True) == whole


def test_from_a_model_with_a_teacher_and_clouds_without_labels(examples, tmp_path):
    start, _ = train(examples, SETTINGS, device="cpu", seed=8)
    bare = prepare_example(tiny.thin_street("bare", 7), SETTINGS)
    settings = with_training(SETTINGS, init_worth=3.0, confidence=0.0, teacher_weight=0.3)
    extra = ExtraSupervision(start, [bare])
    session = Session(tmp_path, examples, settings, init=start, extra=extra)
    whole = session.run()
    for states in (1, STATES + 1):
        assert session.run(states=states) is None
        assert session.run(resume=True) == whole


@pytest.mark.parametrize(
    "changes",
    [
        {"schedule": "plateau", "plateau_patience": 1, "optimiser": "sgd", "learning_rate": 0.05},
        {"sampling": "equibatch", "optimiser": "adadelta", "learning_rate": 1.0},
        {"sampling": "half_positive", "optimiser": "adam", "schedule": "poly"},
        {"patience": 1, "steps": 12},
    ],
    ids=str,
)
def test_with_other_settings(examples, tmp_path, changes):
    session = Session(tmp_path, examples, with_training(SETTINGS, **changes), slices=["high"])
    whole = session.run()
    assert session.run(states=1) is None
    assert session.run(resume=True) == whole


@pytest.mark.slow
def test_a_loss_that_is_learned_is_learned_again(examples, tmp_path, monkeypatch):
    from bevseg.seg.neuro_iou import learn, surrogate

    monkeypatch.setattr(learn, "CROPS", 60)
    monkeypatch.setattr(learn, "STEPS", 50)
    monkeypatch.setattr(surrogate.Report, "ensure_sound", lambda report: None)  # so few maps make a poor one
    start, _ = train(examples, with_training(SETTINGS, loss="ce"), device="cpu")
    settings = with_training(SETTINGS, loss="neuro_iou")
    session = Session(tmp_path, examples, settings, init=start, slices=["low"])
    whole = session.run()
    assert session.run(states=1) is None
    assert session.run(resume=True) == whole


def test_a_finished_network_is_not_trained_again(examples, tmp_path, monkeypatch):
    session = Session(tmp_path, examples)
    session.run(states=STATES)
    trained = []
    honest = fit.train_network

    def noted(*arguments, **options):
        trained.append(arguments[2])
        return honest(*arguments, **options)

    monkeypatch.setattr(fit, "train_network", noted)
    assert session.run(resume=True) is not None
    assert len(trained) == 1


def test_the_time_limit_counts_the_time_before_the_interruption(examples, tmp_path, monkeypatch):
    settings = with_training(SETTINGS, max_minutes=10.0)
    session = Session(tmp_path, examples, settings)
    assert session.run(states=1) is None
    state = state_file.read(session.path)
    assert 0 <= state.began <= state.seconds
    low = dataclasses.replace(state.networks["low"], seconds=200.0)
    state_file.write(
        dataclasses.replace(state, began=120.0, seconds=320.0, networks={"low": low}), session.path
    )
    minutes = []
    honest = fit.train_network

    def noted(*arguments, **options):
        minutes.append(options["minutes"])
        return honest(*arguments, **options)

    monkeypatch.setattr(fit, "train_network", noted)
    assert session.run(resume=True) is not None
    # Two of ten minutes were gone when the first network began, and half of what was left is for the other one.
    assert minutes[0] == pytest.approx(4.0)
    assert 10 - 320 / 60 - 1 < minutes[1] < 10 - 320 / 60


def test_the_progress_goes_on_where_it_was(examples, tmp_path):
    session = Session(tmp_path, examples)
    session.run(states=1)
    steps = []
    train(*session.arguments, state=state_file.read(session.path), progress=steps.append, **session.options)
    assert (steps[0].task, steps[0].done) == ("train low", 0.6)
    assert "best mIoU" in steps[0].note


def test_other_clouds_are_refused_before_anything_is_trained(examples, tmp_path):
    session = Session(tmp_path, examples)
    session.run(states=1)
    cloud = examples[0].cloud
    labels = cloud.labels.copy()
    labels[0] = VEGETATION if labels[0] != VEGETATION else 0
    other = dataclasses.replace(examples[0], cloud=dataclasses.replace(cloud, labels=labels))
    steps = []
    with pytest.raises(OutputExistsError, match=r"cloud\.x: content"):
        train(
            [other, *examples[1:]],
            SETTINGS,
            state=state_file.read(session.path),
            progress=steps.append,
            **session.options,
        )
    assert steps == []


def test_a_training_that_nobody_keeps_makes_no_states(examples, monkeypatch):
    monkeypatch.setattr(network_state.Running, "state", lambda *_, **__: pytest.fail("a state was made"))
    train(examples, SETTINGS, device="cpu", slices=["low"])
