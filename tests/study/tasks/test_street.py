import numpy as np
import pytest
import torch

from bevseg.core.labels import BUILDING, CAR, GROUND, POLE, VEGETATION
from bevseg.errors import UsageError
from bevseg.study.plan import build_settings
from bevseg.study.task import RunContext
from bevseg.study.tasks.street import scenes, street_task
from bevseg.study.tasks.street.heads import Sigmoid, Softmax
from bevseg.study.tasks.street.random_crops import RandomCrops
from bevseg.study.tasks.street.scenes import Scene
from bevseg.study.tasks.street.street_task import StreetSettings
from bevseg.study.tile_scores import confusions, miou
from tests.study.box_clouds import boxes

TINY = {"dataset": "boxes", "epochs": 1, "steps": 2, "batch": 2, "crop": 16, "filters": 2, "depth": 2}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Rasters of three small clouds, one for each part."""
    folder = tmp_path_factory.mktemp("study") / "shared"
    scenes.CLOUDS["boxes"] = boxes
    scenes.prepare([("boxes", "default", "low"), ("boxes", "paper", "low")], "", folder)
    yield folder
    del scenes.CLOUDS["boxes"]


def settings(**more):
    return StreetSettings(**TINY | {"loss": "ce", "seed": 0} | more)


def test_every_part_has_its_own_clouds_and_a_second_call_makes_nothing(shared, monkeypatch):
    parts = scenes.load(shared, "boxes", "default", "low")
    assert [len(parts[name]) for name in scenes.PARTS] == [2, 1, 1]
    assert parts["train"][0].bands.shape[1:] == parts["train"][0].labels.shape
    assert {1, 2} <= set(parts["test"][0].labels.unique().tolist())
    monkeypatch.setitem(scenes.CLOUDS, "boxes", lambda root: pytest.fail("made again"))
    scenes.prepare([("boxes", "default", "high")], "", shared)


@pytest.mark.parametrize("table", [scenes.OAKLAND, scenes.STREETS])
def test_no_cloud_is_in_two_parts(table):
    every = [cloud for part in scenes.PARTS for cloud in table[part]]
    assert len(set(every)) == len(every)


@pytest.mark.parametrize(
    "recipe",
    [
        {},
        {"config": "paper", "net": "paper_unet", "outputs": "sigmoid", "optimiser": "adadelta"},
        {"per_image": True, "loss": "lovasz_softmax", "weights": "best"},
    ],
)
def test_a_run_stores_all_that_the_tables_ask_for(shared, recipe):
    wanted = TINY | {"seed": 0, "loss": "ce", "values": ["ce", "dice"]} | recipe
    outcome = street_task.run(StreetSettings(**wanted), RunContext(shared.parent))
    facts = outcome.facts
    labelled = int(
        (scenes.load(shared, "boxes", wanted.get("config", "default"), "low")["test"][0].labels > 0).sum()
    )
    assert np.sum(facts["confusion"]) == labelled
    assert sum(facts["calibration"]["counts"]) == labelled
    assert 0 <= facts["ece"] <= 1
    assert facts.keys() >= {"score", "collapsed", "labelled", "miou", "iou_car", "value ce", "value dice"}
    assert outcome.history[0].keys() >= {"val_loss", "image_miou", "dataset_miou"}


def test_the_same_seed_gives_the_same_run(shared):
    first, again, other = (street_task.run(settings(seed=s), RunContext(shared.parent)) for s in (3, 3, 4))
    assert first.facts["confusion"].tolist() == again.facts["confusion"].tolist()
    assert first.history[0]["val_loss"] == again.history[0]["val_loss"] != other.history[0]["val_loss"]


LABELS = torch.tensor([[0, BUILDING, CAR, GROUND, POLE, VEGETATION]], dtype=torch.uint8)


def test_sigmoid_outputs_have_all_else_as_background():
    form = Sigmoid((BUILDING, CAR))
    assert form.target(LABELS[None])[0].tolist() == [[[0, 1, 0, 0, 0, 0]], [[0, 0, 1, 0, 0, 0]]]
    logits = torch.tensor([[-3.0, 2, -1, -1, 4, -3], [-2.0, 1, 3, -2, 5, -4]])[None, :, None]
    predicted, confidence = form.decide(logits)
    assert predicted.tolist() == [[0, BUILDING, CAR, 0, CAR, 0]]
    assert confidence[0, 0].item() == pytest.approx(1 - torch.tensor(-2.0).sigmoid().item())
    assert form.correct(predicted, LABELS).tolist() == [[True, True, True, True, False, True]]
    assert form.prefer(logits).tolist() == [[CAR, BUILDING, CAR, BUILDING, CAR, BUILDING]]


def test_softmax_outputs_ignore_cells_without_a_label():
    form = Softmax((BUILDING, VEGETATION))
    assert form.target(LABELS[None]).tolist() == [[[255, 0, 1, 2, 3, 4]]]
    logits = torch.zeros(1, 5, 1, 2)
    logits[0, 1, 0, 0], logits[0, 4, 0, 0], logits[0, 0, 0, 1] = 5, 3, 1
    assert form.decide(logits)[0].tolist() == [[CAR, BUILDING]]
    assert form.prefer(logits).tolist() == [[VEGETATION, BUILDING]]


def test_tiles_are_counted_apart_and_add_up():
    labels = torch.zeros(6, 9, dtype=torch.uint8)
    labels[0, 0], labels[0, 8], labels[5, 8] = BUILDING, CAR, CAR
    predicted = torch.full((6, 9), BUILDING, dtype=torch.uint8)
    tiles = confusions(predicted, labels, 3)
    assert tiles.shape == (3, 6, 6)
    assert tiles.sum((1, 2)).tolist() == [1, 1, 1]
    assert tiles.sum(0)[CAR, BUILDING] == 2
    assert np.array_equal(confusions(predicted, labels, 9).sum(0), tiles.sum(0))
    assert miou(tiles[:1], (BUILDING, CAR)).tolist() == [1.0]


def test_crops_are_turned_and_mirrored_windows_that_keep_bands_and_labels_together():
    labels = torch.zeros(12, 30, dtype=torch.uint8)
    labels[5, 20] = CAR
    labels[2, 3:6] = BUILDING
    scene = Scene(labels[None].float() + torch.rand(1, 12, 30) * 0.4, labels)
    crops = RandomCrops([scene], 16, seed=0)
    for _ in range(20):
        bands, its = crops.batch(2)
        assert bands.shape == (2, 1, 16, 16)
        assert torch.equal(bands[:, 0].floor(), its.float())
        assert (its > 0).any((1, 2)).all()


def test_rare_classes_have_their_turn():
    labels = torch.full((64, 64), BUILDING, dtype=torch.uint8)
    labels[60, 60] = CAR
    crops = RandomCrops([Scene(torch.zeros(1, 64, 64), labels)], 8, seed=1)
    with_car = sum(bool((crops.batch(1)[1] == CAR).any()) for _ in range(200))
    assert 25 <= with_car <= 80  # half of the crops, half of these for the car: 50 expected


@pytest.mark.parametrize(
    "wrong", [{"optimiser": "x"}, {"schedule": "x"}, {"config": "x"}, {"dataset": "x"}, {"values": ["x"]}]
)
def test_names_that_do_not_exist_are_refused(wrong):
    with pytest.raises(UsageError):
        street_task.check(build_settings(StreetSettings, {"loss": "ce", "seed": 0} | wrong, "a test"))
