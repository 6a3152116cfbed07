"""A model that learns what a person said, and forgets nothing else."""

import dataclasses

import numpy as np
import pytest
import torch

from bevseg import pipeline
from bevseg.bev.crops import CropSampler
from bevseg.bev.sampling import EvenPieces
from bevseg.config import TrainConfig
from bevseg.core.labels import BUILDING, CAR, CLASS_NAMES, POLE, UNDEFINED, VEGETATION
from bevseg.errors import LabelError
from bevseg.seg import checkpoint
from bevseg.seg.inputs import IGNORE
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.training.batches import Batch
from bevseg.seg.training.objective import TrainingObjective
from bevseg.training import corrections, prepare_example, train
from bevseg.training.corrections import CorrectedExample, learn_corrections
from tests import tiny


@pytest.fixture(scope="module")
def cloud():
    return tiny.thin_street("street", 3)


@pytest.fixture(scope="module")
def model():
    settings = dataclasses.replace(
        tiny.SETTINGS, train=dataclasses.replace(tiny.SETTINGS.train, steps=60, batch=4, validate_every=60)
    )
    examples = [prepare_example(tiny.thin_street(name, seed), settings) for seed, name in enumerate("ab")]
    return train(examples, settings, device="cpu", seed=1)[0]


def classes_of(cloud, model):
    return pipeline.label(cloud, model, device="cpu").point_labels.classes


def example_of(cloud, model, label, said):
    """An example in which a person gives some points a class."""
    classes = classes_of(cloud, model).copy()
    classes[said] = label
    return CorrectedExample.of(cloud, classes, said, model.settings)


def west_half(cloud):
    x = cloud.xyz[:, 0]
    return x < (x.min() + x.max()) / 2


@pytest.fixture
def bold(monkeypatch):
    """Settings for networks of a few hundred weights: they learn from few steps."""
    for name, value in {"TEACHER_WEIGHT": 0.2, "LEARNING_RATE": 0.02, "WORTH": 0.0}.items():
        monkeypatch.setattr(corrections, name, value)


def test_what_was_said_is_learned(cloud, model, bold):
    found = classes_of(cloud, model)
    said = (cloud.labels == VEGETATION) & (found == BUILDING)
    assert said.sum() > 100
    learned = learn_corrections([example_of(cloud, model, VEGETATION, said)], model, device="cpu")
    assert (classes_of(cloud, learned)[said] == VEGETATION).mean() > 0.5


def test_confirmed_labels_change_little(cloud, model):
    found = classes_of(cloud, model)
    said = np.isin(found, (BUILDING, VEGETATION)) & west_half(cloud)
    classes = CorrectedExample.of(cloud, found, said, model.settings)
    again = classes_of(cloud, learn_corrections([classes], model, device="cpu"))
    assert (again == found).mean() > 0.95


def test_a_seed_gives_the_same_bytes(cloud, model, tmp_path):
    said = (cloud.labels == CAR) & west_half(cloud)
    for name, seed in (("one", 4), ("two", 4), ("three", 5)):
        learned = learn_corrections([example_of(cloud, model, CAR, said)], model, seed=seed, device="cpu")
        checkpoint.save(learned, tmp_path / name)
    one, two, three = ((tmp_path / name).read_bytes() for name in ("one", "two", "three"))
    assert one == two
    assert one != three


def test_the_model_says_what_it_was_made_from(cloud, model):
    said = cloud.labels == CAR
    learned = learn_corrections([example_of(cloud, model, CAR, said)], model, device="cpu")
    facts = learned.scores["corrections"]
    assert learned.scores["init"] == "in memory"
    assert facts["clouds"]["street"] == {
        name: int(said.sum()) if name == "car" else 0 for name in CLASS_NAMES[1:]
    }
    assert facts["pieces"]["low"] >= 1
    assert learned.temperatures == model.temperatures
    assert learned.scans == model.scans


def test_a_slice_nobody_spoke_about_keeps_its_network(cloud, model):
    low = cloud.xyz[:, 2] < cloud.xyz[:, 2].min() + 2.5
    said = (cloud.labels == CAR) & low
    learned = learn_corrections([example_of(cloud, model, CAR, said)], model, device="cpu")
    kept, new = model.nets["high"].state_dict(), learned.nets["high"].state_dict()
    assert all(torch.equal(kept[key], new[key]) for key in kept)
    assert not all(
        torch.equal(value, learned.nets["low"].state_dict()[key])
        for key, value in model.nets["low"].state_dict().items()
    )


def test_undefined_alone_teaches_nothing(cloud, model):
    with pytest.raises(LabelError, match="network can learn"):
        learn_corrections([example_of(cloud, model, UNDEFINED, cloud.labels == CAR)], model, device="cpu")


def test_crops_are_centred_on_small_pieces_as_often_as_on_large_ones(cloud, model):
    said = (cloud.labels == BUILDING) | (cloud.labels == POLE)
    example = example_of(cloud, model, VEGETATION, said)
    crops = CropSampler(
        [example.cloud],
        [example.dem],
        name="low",
        slices=model.settings.slices,
        features=model.settings.raster.features,
        crop=32,
    )
    pieces = EvenPieces(crops, crops)
    cols, rows = crops.cells(np.concatenate(list(crops.places.values()))).T
    assert 1 < pieces.count < len(np.unique(np.column_stack([cols, rows]), axis=0))
    centres = []
    crops.around = lambda place, rng: centres.append(tuple(place))
    rng = np.random.default_rng(0)
    for number in range(2000):
        pieces(number, rng)
    sizes = sorted(len(piece) for piece in pieces._pieces[0])
    assert sizes[-1] > 3 * sizes[0]
    hits = [sum(centre in set(map(tuple, piece)) for centre in centres) for piece in pieces._pieces[0]]
    assert min(hits) > 0.2 * max(hits)


def objective(teacher, weight=0.5):
    config = TrainConfig(teacher_weight=weight)
    cpu = torch.device("cpu")
    return TrainingObjective(parse("ce"), config, teacher, teacher, cpu, sparse=True)


class Given(torch.nn.Module):
    """A network whose logits are given."""

    def __init__(self, logits):
        super().__init__()
        self.logits = torch.nn.Parameter(logits)

    def forward(self, bands):
        return self.logits


def test_labels_pull_where_something_was_said_and_the_teacher_in_all_other_cells_with_points():
    torch.manual_seed(0)
    live, teacher = Given(torch.randn(1, 5, 4, 4)), Given(torch.randn(1, 5, 4, 4))
    target = torch.full((1, 4, 4), IGNORE, dtype=torch.uint8)
    occupied = torch.zeros(1, 4, 4, dtype=torch.bool)
    target[0, 0, 0], occupied[0, :2] = 3, True
    loss = objective(teacher)(live, Batch(torch.zeros(1, 2, 4, 4), target, occupied, {}), None, 0.5)
    loss.backward()
    pulled = live.logits.grad.abs().sum(1)[0] > 0
    assert pulled.tolist() == occupied[0].tolist()
    assert teacher.logits.grad is None
    live.logits.grad = None
    with torch.no_grad():
        live.logits.copy_(teacher.logits)
    objective(teacher)(live, Batch(torch.zeros(1, 2, 4, 4), target, occupied, {}), None, 0.5).backward()
    pulled = live.logits.grad.abs().sum(1)[0] > 1e-6
    assert pulled.nonzero().tolist() == [[0, 0]]  # where both agree nothing pulls


def test_of_a_large_cloud_the_surroundings_of_what_was_said_are_kept(model, monkeypatch):
    cloud = tiny.long_street("long", pieces=16, every=80)
    x = cloud.xyz[:, 0] - cloud.xyz[:, 0].min()
    said = (x < 10) & (cloud.labels == BUILDING)
    whole = CorrectedExample.of(cloud, cloud.labels, said, model.settings)
    assert len(whole.cloud) == len(cloud)
    monkeypatch.setattr(corrections, "LARGE", 1000)
    part = CorrectedExample.of(cloud, cloud.labels, said, model.settings)
    reach = part.cloud.xyz[:, 0].max() - cloud.xyz[:, 0].min()
    assert 2 * 51.2 - 10 < reach < 4 * 51.2 < x.max()
    assert part.points == whole.points
    assert len(part.classes) == len(part.cloud)


def test_the_fewer_pieces_the_more_of_the_first_weights_stays():
    shares = [corrections.init_share(pieces) for pieces in (1, 5, 30, 300)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 0.5
    assert shares[-1] < 0.1
