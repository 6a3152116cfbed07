import pytest

from bevseg.errors import UsageError
from bevseg.study import curves
from bevseg.study.curves import CurveSettings
from bevseg.study.task import RunContext


def facts(loss, tmp_path):
    return curves.run(CurveSettings(loss), RunContext(tmp_path)).facts


@pytest.mark.parametrize(("p", "q", "lowest"), [(3, 0.794, -0.124), (4, 0.760, -0.325)])
def test_beyond_two_the_minimum_is_negative_and_at_an_unsure_prediction(p, q, lowest, tmp_path):
    found = facts(f"power_jaccard:{p}", tmp_path)
    assert found["q_of_lowest_y1"] == pytest.approx((1 / (p - 1)) ** (1 / p), abs=0.003)
    assert found["q_of_lowest_y1"] == pytest.approx(q, abs=0.003)
    assert found["lowest_y1"] == pytest.approx(lowest, abs=5e-4)
    assert "negative" in found["refused"]


@pytest.mark.slow
@pytest.mark.parametrize("p", [1, 1.25, 1.5, 1.75, 2])
def test_up_to_two_it_falls_to_the_right_prediction(p, tmp_path):
    outcome = curves.run(CurveSettings(f"power_jaccard:{p}"), RunContext(tmp_path))
    values = [row["loss_y1"] for row in outcome.history]
    assert values == sorted(values, reverse=True)
    assert outcome.facts["refused"] == ""
    assert {round(row["loss_y0"], 12) for row in outcome.history} == {1.0}
    assert {round(row["slope_y0"], 12) for row in outcome.history} == {0.0}


def test_slopes_are_those_of_the_prediction_and_not_of_the_logit(tmp_path):
    for row in curves.run(CurveSettings("ce"), RunContext(tmp_path)).history:
        assert row["slope_y1"] == pytest.approx(-1 / row["q"])
        assert row["slope_y0"] == pytest.approx(1 / (1 - row["q"]))
    for row in curves.run(CurveSettings("dice"), RunContext(tmp_path)).history:
        assert row["loss_y1"] == pytest.approx((1 - row["q"]) / (1 + row["q"]))


def test_an_unknown_loss_is_refused():
    with pytest.raises(UsageError):
        curves.check(CurveSettings("bananas"))
