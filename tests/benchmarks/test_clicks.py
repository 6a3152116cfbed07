"""The benchmark of clicks: what is clicked and scored, which places are shown, what the tables say."""

from pathlib import Path

import numpy as np
import pytest

from bevseg.core.labels import BUILDING, CAR, POLE, UNDEFINED, VEGETATION
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.review.places import Place


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    import clicks

    return clicks


def place(cloud="a", label=CAR, confidence=0.5, x=0.0):
    bounds = {"west": x, "south": 0.0, "east": x + 1, "north": 1.0}
    numbers = {"points": 50, "reason": 0, "doubt": 1 - confidence, "height": 1.0, "area": 1.0, "index": 0}
    return Place(x=x, y=0.0, **bounds, label=label, confidence=confidence, **numbers, cloud=cloud)


def test_the_halves_lie_apart_and_no_scored_point_is_clicked(script):
    x, y = np.meshgrid(np.linspace(-40, 40, 161), np.linspace(-30, 30, 121))
    labels = np.where(y < 0, VEGETATION, np.where(y > 20, CAR, POLE)).astype(
        np.uint8
    )  # the same in west and east
    cloud = PointCloud.from_xyz(np.column_stack([x.ravel(), y.ravel(), 0 * x.ravel()]), labels.ravel())
    task = script.halves(script.Set("square", {"cloud": lambda: cloud}))
    (half,) = task.clicked
    ((_, read),) = task.scored.clouds.items()
    scored = read().labels != UNDEFINED
    assert set(half.labels) == set(read().labels[scored]) == {CAR, POLE, VEGETATION}
    assert half.xyz[:, 0].max() <= 0
    assert read().xyz[scored, 0].min() > script.GUARD - 1e-6


def test_strategies_show_as_many_places_and_draw_them_by_the_seed(script):
    found = [place(confidence=0.1 * i, x=50.0 * i) for i in range(10)]
    for choose in script.PROPOSED.values():
        assert len(choose(found, 4, 0)) == 4
    assert [round(p.confidence, 1) for p in script.least_confident(found, 2, 0)] == [0.0, 0.1]
    assert script.drawn(found, 4, 0) == script.drawn(found, 4, 0) != script.drawn(found, 4, 1)


def labels(script, count, label):
    classes, sure = np.full(count, label, np.uint8), np.full(count, 99, np.uint8)
    return script.Labels(PointLabels(classes, sure), np.zeros(count, np.float32))


def test_what_is_said_stands_in_the_cloud_and_is_not_asked_again(script):
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(0, 2, 0.1), np.arange(0, 2, 0.1)))
    cloud = PointCloud.from_xyz(
        np.column_stack([x, y, 0 * x]), np.full(len(x), VEGETATION, np.uint8), name="a"
    )
    street = script.Street.begin(cloud, labels(script, len(x), CAR))
    assert len(street.candidates()) == 1
    answers = script.click([street], [place()])
    assert [(answer["was"], answer["said"]) for answer in answers] == [("car", "vegetation")]
    assert (street.classes == VEGETATION).all() and street.spoken.all()
    again = street.again(labels(script, len(x), BUILDING))
    assert (again.classes == VEGETATION).all() and again.candidates() == []


def test_what_the_labels_of_a_set_leave_open_the_person_does_not_know(script):
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(0, 2, 0.1), np.arange(0, 2, 0.1)))
    cloud = PointCloud.from_xyz(np.column_stack([x, y, 0 * x]), np.full(len(x), BUILDING, np.uint8), name="a")

    def posts(truth, answer, above):
        return (truth == BUILDING) & (answer == POLE)

    street = script.Street.begin(cloud, labels(script, len(x), POLE), posts)
    assert [answer["said"] for answer in script.click([street], [place()])] == ["undefined"]


def run(strategy, clicks, seed, miou):
    answer = {"was": "car", "said": "pole", "points": 10, "right": 1.0}
    scores = {"building": 0.9, "car": 0.9, "ground": 0.9, "pole": None, "vegetation": 0.9}
    return {
        "set": "oakland",
        "strategy": strategy,
        "clicks": clicks,
        "seed": seed,
        "scores": scores | {"miou": miou, "miou_4": miou},
        "answers": [answer] * clicks,
    }


def test_the_tables_compare_with_the_model_as_it_is(script, tmp_path):
    found = [run("none", 0, 0, 0.80), run("places", 30, 0, 0.83), run("places", 30, 1, 0.85)]
    text = script.markdown(found, {"oakland": 0.08})
    assert "| oakland | places | 30 | 2 | +4.0 ± 1.4 | 50 % | 100 % | 10 | 100.0 % |" in text
    script.draw(found, {"oakland": 0.08}, tmp_path / "curve.svg")
    assert (tmp_path / "curve.svg").read_text().count("<svg") == 1
