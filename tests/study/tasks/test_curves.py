import pytest

from bevseg.errors import UsageError
from bevseg.study.task import RunContext
from bevseg.study.tasks import curves
from bevseg.study.tasks.curves import CurveSettings


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


LABELS = [0.1, 0.5, 0.9]


@pytest.mark.parametrize(
    "loss", ["ce", "kl", "jml(form=1, smooth=0)", "jml(form=2, smooth=0)", "soft_jaccard(norm=2, smooth=0)"]
)
def test_these_losses_are_lowest_at_the_soft_label(loss, tmp_path):
    found = curves.run(CurveSettings(loss, labels=LABELS), RunContext(tmp_path)).facts
    for label in LABELS:
        assert found[f"q_of_lowest_y{label}"] == pytest.approx(label, abs=0.003)
        assert found[f"at_label_y{label}"] == pytest.approx(0, abs=1e-12)


def test_soft_jaccard_in_l1_is_lowest_at_a_vertex_and_not_zero_at_the_soft_label(tmp_path):
    found = curves.run(
        CurveSettings("soft_jaccard(norm=1, smooth=0)", labels=LABELS), RunContext(tmp_path)
    ).facts
    for y in LABELS:
        assert found[f"q_of_lowest_y{y}"] == pytest.approx(0.995)
        assert found[f"at_label_y{y}"] == pytest.approx(1 - y * y / (2 * y - y * y))


@pytest.mark.parametrize("wrong", [{"labels": [1.5]}, {"labels": [0.5]}])
def test_labels_that_are_none_or_that_the_loss_does_not_take_are_refused(wrong):
    with pytest.raises(UsageError, match="label"):
        curves.check(CurveSettings("lovasz_softmax", **wrong))


def test_the_figure_has_two_panels_per_label(tmp_path):
    from skimage.io import imread

    result = curves.run(CurveSettings("kl", points=9, labels=LABELS), RunContext(tmp_path))
    record = {"key": "k", "at": {"loss": "kl"}, "settings": {"labels": LABELS}}
    (tmp_path / "runs").mkdir()
    names = list(result.history[0])
    rows = [",".join(str(row[name]) for name in names) for row in result.history]
    (tmp_path / "runs" / "k.csv").write_text("\n".join([",".join(names), *rows]) + "\n")
    curves.draw([record], tmp_path, tmp_path / "three.png")
    curves.draw([record | {"settings": {"labels": LABELS[:1]}}], tmp_path, tmp_path / "one.png")
    three, one = imread(tmp_path / "three.png"), imread(tmp_path / "one.png")
    assert three.shape[0] == pytest.approx(3 * one.shape[0], rel=0.02)
