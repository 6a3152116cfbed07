import numpy as np
import pytest

from bevseg.errors import UsageError
from bevseg.study import bias
from bevseg.study.bias import BiasSettings
from bevseg.study.task import RunContext

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
    assert np.array_equal(scores, np.where(truth, 1, -1))


def test_discs_larger_than_the_picture_are_refused():
    with pytest.raises(UsageError, match="do not fit"):
        bias.check(BiasSettings(loss="ce", seed=0, side=20, largest=11))
