from functools import partial

import pytest
import torch

from bevseg.errors import UsageError
from bevseg.seg.neuro_iou import learn, surrogate
from bevseg.study import result_tables
from bevseg.study.plan import StudyFile, TablePlan, build_settings
from bevseg.study.task import RunContext, Source
from bevseg.study.tasks import approximation
from bevseg.study.tasks.approximation import ApproximationSettings
from bevseg.study.tasks.street import scenes, street_task
from bevseg.study.tasks.street.street_task import StreetSettings
from tests.study.box_clouds import boxes

TINY = {
    "dataset": "boxes",
    "epochs": 1,
    "steps": 2,
    "batch": 2,
    "crop": 16,
    "filters": 2,
    "depth": 2,
    "seed": 0,
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Rasters of small clouds."""
    folder = tmp_path_factory.mktemp("study") / "shared"
    scenes.CLOUDS["boxes"] = boxes
    scenes.prepare([("boxes", "default", "low")], "", folder)
    yield folder
    del scenes.CLOUDS["boxes"]


@pytest.fixture
def quick(monkeypatch):
    """Few crops and a short fit."""
    monkeypatch.setattr(learn, "CROPS", 30)
    monkeypatch.setattr(learn, "STEPS", 20)


def run(shared, init=None, **more):
    sources = {} if init is None else {"init": Source(None, init)}
    context = RunContext(shared.parent, sources=sources)
    return street_task.run(StreetSettings(**TINY | {"loss": "ce"} | more), context)


def allow(monkeypatch, right):
    """Whatever the surrogate, say that it teaches the right way, or the wrong one."""

    def ensure_sound(self):
        if not right:
            raise surrogate.SurrogateError("no", why="df/dTP > 0")

    monkeypatch.setattr(surrogate.Report, "ensure_sound", ensure_sound)


def test_a_surrogate_is_fitted_and_trained_with(shared, quick, monkeypatch):
    allow(monkeypatch, True)
    facts = run(shared, run(shared).weights, loss="neuro_iou").facts
    assert facts["refused"] == ""
    assert facts["surrogate_rmse"] > 0
    assert facts["score"] is not None


def test_without_init_the_network_starts_anew(shared, quick, monkeypatch):
    allow(monkeypatch, True)
    first = run(shared)
    still = {"learning_rate": 1e-30, "loss": "neuro_iou"}
    same = run(shared, first.weights, **still).weights
    anew = run(shared, first.weights, **still | {"loss": "neuro_iou:no_init"}).weights
    assert torch.equal(same["head.weight"], first.weights["head.weight"])
    assert not torch.equal(anew["head.weight"], first.weights["head.weight"])


def test_a_surrogate_that_teaches_the_wrong_way_has_no_score_but_says_why(shared, quick, monkeypatch):
    allow(monkeypatch, False)
    outcome = run(shared, run(shared).weights, loss="neuro_iou")
    assert outcome.facts["score"] is None
    assert outcome.facts["refused"] == "df/dTP > 0"
    study = build_settings(StudyFile, {"title": "t", "task": "street", "axes": {"loss": ["n"]}}, "")
    record = {"key": "k", "at": {"loss": "n"}, "facts": outcome.facts}
    table = TablePlan(by=["loss"], clear=0.1, columns=["refused"])
    text = result_tables.markdown(study, table, result_tables.lines(study, table, [record]))
    assert "| n | 0 of 1" in text
    assert "df/dTP > 0 |" in text


def test_it_needs_a_network_that_makes_maps_and_softmax_outputs(shared):
    with pytest.raises(UsageError):
        run(shared, loss="neuro_iou")
    with pytest.raises(UsageError, match="softmax"):
        street_task.check(StreetSettings(loss="neuro_iou", seed=0, outputs="sigmoid"))


def test_the_approximation_shares_one_network_of_a_seed(shared, monkeypatch):
    monkeypatch.setattr(approximation, "CROPS", 30)
    monkeypatch.setattr(approximation, "approximation", partial(surrogate.approximation, steps=20))
    monkeypatch.setattr(
        approximation, "_teacher", lambda one: StreetSettings(loss="ce", **TINY | {"seed": one.seed})
    )
    wanted = [ApproximationSettings(inputs=inputs, seed=0, pairs=20) for inputs in ("3", "6")]
    approximation.prepare(wanted, shared)
    (made,) = shared.glob("*.safetensors")
    stamp = made.stat().st_mtime_ns
    approximation.prepare(wanted, shared)
    assert made.stat().st_mtime_ns == stamp
    three, six = (approximation.run(one, RunContext(shared.parent)).facts for one in wanted)
    assert three["pairs"] == six["pairs"] == 20
    assert three["spread"] == pytest.approx(six["spread"])
    assert three["rmse"] != six["rmse"]
    with pytest.raises(UsageError, match="5000 are needed"):
        approximation.run(ApproximationSettings(inputs="3", seed=0, pairs=5000), RunContext(shared.parent))


@pytest.mark.parametrize(
    "wrong",
    [{"inputs": "4"}, {"slice": "middle"}, {"dataset": "moon"}, {"function": "x"}, {"pairs": 1}],
)
def test_names_that_do_not_exist_are_refused(wrong):
    with pytest.raises(UsageError):
        approximation.check(
            build_settings(ApproximationSettings, {"inputs": "3", "seed": 0} | wrong, "study")
        )


@pytest.mark.parametrize(("function", "slope"), [("2 - x", -1), ("x + 0.1", 1)])
def test_a_surrogate_learns_the_functions_of_the_paper_and_their_slope(
    function, slope, tmp_path, monkeypatch
):
    monkeypatch.setattr(approximation, "learn", partial(surrogate.learn, steps=800))
    one = ApproximationSettings(function=function, seed=0, pairs=200)
    approximation.check(one)
    approximation.prepare([one], tmp_path)
    assert not list(tmp_path.iterdir())  # no clouds, and no network that makes maps
    facts = approximation.run(one, RunContext(tmp_path)).facts
    assert facts["spread"] == pytest.approx(0.2915, abs=1e-3)  # 101 numbers from 0 to 1
    assert facts["explained"] > 0.99
    assert facts["slope"] == pytest.approx(slope, abs=0.1)
    noisy = ApproximationSettings(function=function, seed=0, pairs=200, noise=0.5)
    assert approximation.run(noisy, RunContext(tmp_path)).facts["rmse"] > 2 * facts["rmse"]
