import numpy as np
import pytest

from bevseg.errors import UsageError
from bevseg.study.task import RunContext
from bevseg.study.tasks import bias
from bevseg.study.tasks.bias import BiasSettings

SMALL = {"seed": 1, "pictures": 3, "side": 20, "largest": 8, "step": 0.1}


def run(loss, tmp_path, **more):
    return bias.run(BiasSettings(loss=loss, **SMALL | more), RunContext(tmp_path))


@pytest.mark.parametrize("loss", ["ce", "lovasz_hinge"])
def test_no_loss_beats_the_jaccard_loss_at_its_own_game(loss, tmp_path):
    outcome = run(loss, tmp_path)
    assert outcome.facts["lost"] >= 0
    assert outcome.facts["smallest_jaccard_loss"] == min(row["jaccard"] for row in outcome.history)
    chosen = min(outcome.history, key=lambda row: row["loss"])
    assert outcome.facts["bias"] == chosen["bias"]
    assert outcome.facts["jaccard_loss"] == chosen["jaccard"]


def test_the_jaccard_loss_loses_nothing(tmp_path):
    facts = run("jaccard", tmp_path).facts
    assert (facts["lost"], facts["distance"]) == (0, 0)


def test_without_noise_the_discs_come_out_whole(tmp_path):
    scores, truth = bias.draw_images(BiasSettings(loss="ce", noise=0.0, **SMALL))
    assert bias.jaccard_loss(scores, truth) == 0
    assert bias.jaccard_loss(-scores, truth) == 1
    assert truth.any((1, 2)).all()
    assert not truth[:, [0, -1]][:, :, [0, -1]].any()  # no disc reaches a corner
    assert np.array_equal(scores, np.where(truth, 0.5, -0.5))


def test_discs_larger_than_the_picture_are_refused():
    with pytest.raises(UsageError, match="do not fit"):
        bias.check(BiasSettings(loss="ce", seed=0, side=20, largest=11))


@pytest.mark.parametrize("wrong", [{"step": 0.0}, {"lowest": 1.0, "highest": 0.5}])
def test_a_range_without_biases_is_refused(wrong):
    with pytest.raises(UsageError, match="No biases"):
        bias.check(BiasSettings(loss="ce", seed=0, **wrong))


def test_cross_entropy_chooses_the_odds_of_the_disc_and_the_lovasz_losses_stay_near_the_jaccard_loss(
    tmp_path,
):
    facts = {
        loss: bias.run(BiasSettings(loss=loss, seed=0, lowest=-3.0, step=0.1), RunContext(tmp_path)).facts
        for loss in ("ce", "lovasz_softmax")
    }
    _, truth = bias.draw_images(BiasSettings(loss="ce", seed=0))
    odds = truth.mean() / (1 - truth.mean())
    assert facts["ce"]["bias"] == pytest.approx(np.log(odds), abs=0.2)
    assert facts["ce"]["lost"] > 0.05 > 10 * facts["lovasz_softmax"]["lost"]


def test_a_run_whose_history_was_not_copied_is_left_out_of_the_picture(tmp_path):
    bias.draw([{"key": "gone", "at": {"loss": "ce", "seed": 0}}], tmp_path, tmp_path / "bias.png")
    assert (tmp_path / "bias.png").stat().st_size > 0
