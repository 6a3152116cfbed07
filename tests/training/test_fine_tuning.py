"""What a training from a model chooses by its labelled clouds, and the simulated streets among its crops."""

import dataclasses
import functools

import numpy as np
import pytest

from bevseg.config import FINE_TUNING, Settings, TrainConfig, with_training
from bevseg.core.labels import BUILDING, CAR, GROUND, POLE, UNDEFINED
from bevseg.errors import DependencyError, LabelError
from bevseg.training import fit, prepare_example, train
from bevseg.training.fine_tuning import plan_of, without_init
from bevseg.training.simulated_streets import Interleaved
from tests import tiny

OPEN = dataclasses.replace(TrainConfig(), **FINE_TUNING)


def street(name, without=(), seed=0):
    """A labelled street without the labels of some classes."""
    cloud = tiny.thin_street(name, seed, every=1)
    labels = np.where(np.isin(cloud.labels, without), UNDEFINED, cloud.labels).astype(np.uint8)
    return prepare_example(dataclasses.replace(cloud, labels=labels), tiny.SETTINGS)


@pytest.fixture(scope="module")
def whole():
    return street("a")


def test_more_labelled_clouds_leave_less_of_the_first_model_and_train_longer(whole):
    plans = [plan_of(OPEN, [whole] * count) for count in (1, 2, 3, 7)]
    assert [plan.train.steps for plan in plans] == [200, 300, 400, 400]
    assert [round(plan.init_share, 3) for plan in plans] == [0.75, 0.6, 0.5, 0.3]
    assert [round(plan.train.simulated, 3) for plan in plans] == [0.333, 0.2, 0, 0]
    assert all(plan.missing == () for plan in plans)


def test_classes_that_are_missing_keep_more_of_the_first_model_and_bring_simulated_streets(whole):
    lacking = street("b", without=(CAR, POLE))
    one, three = plan_of(OPEN, [lacking]), plan_of(OPEN, [lacking] * 3)
    assert one.missing == three.missing == ("car", "pole")
    assert one.init_share == 0.9
    assert one.train.simulated == 2.5 / 3.5
    assert three.train.simulated == 2.5 / 5.5
    assert plan_of(OPEN, [lacking, whole]).missing == ()
    assert plan_of(OPEN, [street("c", without=(GROUND,))]).missing == ()
    assert "without enough points of car, pole" in str(one)


def test_what_the_settings_name_is_not_chosen(whole):
    named = dataclasses.replace(OPEN, steps=7, init_worth=0.0, simulated=0.0)
    plan = plan_of(named, [whole])
    assert plan.train == named
    assert plan.init_share == 0


def test_a_training_from_nothing_has_the_defaults_where_its_settings_leave_a_choice():
    assert without_init(dataclasses.replace(OPEN, val_share=TrainConfig.val_share)) == TrainConfig()
    assert Settings().train == without_init(Settings().train)


@pytest.mark.parametrize("share", [0.0, 0.125, 1 / 3, 0.5, 0.75])
def test_simulated_crops_are_spread_evenly_and_each_sampler_counts_its_own(share):
    drawn = {"labelled": [], "simulated": []}
    crops = Interleaved(
        lambda number, rng: drawn["labelled"].append(number),
        lambda number, rng: drawn["simulated"].append(number),
        share,
    )
    for number in range(48):
        crops(number, None)
        assert abs(len(drawn["simulated"]) - share * (number + 1)) <= 1
    for numbers in drawn.values():
        assert numbers == list(range(len(numbers)))
    assert len(drawn["simulated"]) == round(48 * share)


def test_simulated_streets_train_beside_the_labelled_clouds(whole, monkeypatch):
    settings = with_training(tiny.SETTINGS, simulated=0.5, val_share=0.0)
    monkeypatch.setattr(
        fit, "simulated_examples", lambda settings, progress: [street("s", without=(BUILDING,))]
    )
    beside, _ = train([whole], settings, slices=["low"], device="cpu")
    alone, _ = train([whole], with_training(settings, simulated=0.0), slices=["low"], device="cpu")
    assert beside.scores["trained_on"] == ["a"]
    assert not (beside.nets["low"].head.weight == alone.nets["low"].head.weight).all()


def test_without_a_simulator_the_training_goes_on_and_says_so(whole, monkeypatch, caplog):
    def none(settings, progress):
        raise DependencyError("Open3D cannot be loaded")

    monkeypatch.setattr(fit, "simulated_examples", none)
    model, _ = train([whole], with_training(tiny.SETTINGS, simulated=0.5), slices=["low"], device="cpu")
    assert model.settings.train.simulated == 0
    assert "no simulated streets: Open3D cannot be loaded" in caplog.text


def test_streets_are_not_simulated_for_a_training_that_is_refused_or_done(whole, monkeypatch):
    made = []

    def streets(settings, progress):
        made.append(1)
        return [street("s")]

    monkeypatch.setattr(fit, "simulated_examples", streets)
    settings = with_training(tiny.SETTINGS, simulated=0.5)
    with pytest.raises(LabelError, match="--slice"):
        train([whole], with_training(settings, sampling="half_positive:car"), device="cpu")
    assert made == []
    states = []
    train([whole], settings, slices=["low"], device="cpu", on_state=states.append)
    assert len(made) == 1
    assert states[-1].networks["low"].done
    model, _ = train([whole], settings, slices=["low"], device="cpu", state=states[-1])
    assert len(made) == 1
    assert model.settings.train.simulated == 0.5


@pytest.mark.parametrize("began_with_streets", [True, False])
def test_a_training_goes_on_with_streets_or_without_them_as_it_began(whole, monkeypatch, began_with_streets):
    def streets(settings, progress):
        if there:
            return [street("s")]
        raise DependencyError("Open3D cannot be loaded")

    monkeypatch.setattr(fit, "simulated_examples", streets)
    settings = with_training(tiny.SETTINGS, simulated=0.5, validate_every=1)
    states, there = [], began_with_streets
    begun, _ = train([whole], settings, slices=["low"], device="cpu", on_state=states.append)
    there = not began_with_streets
    again = functools.partial(train, [whole], settings, slices=["low"], device="cpu", state=states[0])
    if began_with_streets:
        with pytest.raises(DependencyError, match="interrupted training cannot go on"):
            again()
    else:
        assert again()[0].settings == begun.settings


@pytest.mark.slow
def test_the_streets_are_always_the_same_and_show_every_class(monkeypatch):
    from bevseg.training import simulated_streets

    monkeypatch.setattr(simulated_streets, "SEEDS", range(2000, 2001))
    done = []
    (one,), (other,) = (simulated_streets.simulated_examples(tiny.SETTINGS, done.append) for _ in range(2))
    assert (one.counts == other.counts).all()
    assert plan_of(OPEN, [one]).missing == ()
    assert done[0].done == done[0].total == 1
