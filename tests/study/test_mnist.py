import numpy as np
import pytest
import torch

from bevseg.errors import CloudNotFoundError, InputError, UsageError
from bevseg.seg.losses import cross_entropy, power_jaccard
from bevseg.study import mnist
from bevseg.study.mnist import MnistSettings
from bevseg.study.task import RunContext, Source
from tests.study import digits


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return digits.write(tmp_path_factory.mktemp("data"), 6)


def settings(root, **more):
    given = {"loss": "ce", "seed": 0, "data": str(root), "per_class": 5, "val": 1, "test": 2, "filters": 2}
    return MnistSettings(**given | more)


@pytest.fixture
def told_apart(monkeypatch):
    """Sixty images of which no two are the same."""
    images = np.zeros((60, 28, 28), np.uint8)
    images[:, 0, :2] = 255
    images[np.arange(60), 1, np.arange(60) % 28] = 200 + np.arange(60) // 28
    monkeypatch.setattr(mnist, "load", lambda place: (images, np.repeat(np.arange(10, dtype=np.uint8), 6)))


def test_the_seed_chooses_the_images(root, told_apart):
    first, again, other = (mnist.split(settings(root, seed=seed))[0].images for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_every_digit_has_its_share_in_every_part_and_no_image_is_in_two(root, told_apart):
    parts = mnist.split(settings(root, kind="multiclass"))
    assert [len(part.images) for part in parts] == [20, 10, 20]
    assert [part.truth.amax((2, 3)).sum(0).tolist() for part in parts] == [[2] * 10, [1] * 10, [2] * 10]
    together = torch.cat([part.images for part in parts]).flatten(1)
    assert len(torch.unique(together, dim=0)) == 50


def test_a_pixel_is_of_the_digit_from_grey_150(root, monkeypatch):
    image = np.array([0, 149, 150, 255] + [0] * 780, np.uint8).reshape(1, 28, 28).repeat(10, 0)
    monkeypatch.setattr(mnist, "load", lambda place: (image, np.arange(10, dtype=np.uint8)))
    train, _, _ = mnist.split(settings(root, per_class=1, val=0, test=0))
    assert train.truth[0].flatten()[:4].tolist() == [0, 0, 1, 1]
    assert train.images[0].flatten()[:4].tolist() == pytest.approx([0, 149 / 255, 150 / 255, 1])


def test_the_loss_is_the_authors_one_ratio_of_batch_pixels_and_channels():
    torch.manual_seed(0)
    logits, truth = torch.randn(3, 10, 4, 5), (torch.rand(3, 10, 4, 5) < 0.1).to(torch.uint8)
    q, y = logits.sigmoid().double(), truth.double()
    inter = (q * y).sum()
    expected = 1 - (inter + 10) / (y.sum() + (q**1.5).sum() - inter + 10)
    assert mnist.parse_loss("power_jaccard:1.5")(logits, truth).item() == pytest.approx(
        expected.item(), rel=1e-6
    )
    bce = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth.float())
    assert mnist.parse_loss("ce")(logits, truth).item() == pytest.approx(bce.item(), rel=1e-6)


def test_for_one_output_it_is_the_library_s_loss():
    logits, truth = torch.randn(2, 1, 6, 6), torch.randint(0, 2, (2, 1, 6, 6))
    ours = power_jaccard(logits, truth[:, 0], p=2, reduce="all", smooth=10)
    assert mnist.parse_loss("power_jaccard:2")(logits, truth).item() == pytest.approx(ours.item())
    assert mnist.parse_loss("ce")(logits, truth).item() == pytest.approx(
        cross_entropy(logits, truth[:, 0]).item()
    )


@pytest.mark.parametrize("text", ["dice", "power_jaccard", "power_jaccard:x", "ce:2"])
def test_a_loss_that_the_tables_do_not_have_is_refused(text):
    with pytest.raises(UsageError, match="power_jaccard:P"):
        mnist.parse_loss(text)


def test_table_1_averages_background_and_digit_and_table_2_leaves_the_background_out():
    assert mnist.score(np.array([[6, 2], [0, 2]])) == pytest.approx((6 / 8 + 2 / 4) / 2)
    matrix = np.zeros((11, 11), np.int64)
    matrix[0, 0], matrix[1, 1], matrix[2, 0] = 90, 5, 5
    assert mnist.score(matrix) == pytest.approx((1 + 0) / 2)


def test_a_training_ends_with_the_facts_of_the_test_images(root):
    outcome = mnist.run(settings(root, kind="multiclass", epochs=2, batch=5), RunContext(root))
    assert np.sum(outcome.facts["confusion"]) == 20 * 28 * 28
    assert outcome.facts["collapsed"] == 0
    assert [row["epoch"] for row in outcome.history] == [1, 2]
    again = mnist.run(settings(root, kind="multiclass", epochs=2, batch=5), RunContext(root))
    same = [{name: row[name] for name in row if name != "seconds"} for row in outcome.history]
    assert same == [{name: row[name] for name in row if name != "seconds"} for row in again.history]


def test_a_training_goes_on_from_weights(root):
    outcome = mnist.run(settings(root, epochs=1), RunContext(root))
    kept = {name: value.clone() for name, value in outcome.weights.items()}
    init = RunContext(root, sources={"init": Source(None, outcome.weights)})
    still = mnist.run(settings(root, epochs=1, learning_rate=1e-30), init)
    assert all(torch.equal(kept[name], value) for name, value in still.weights.items())


def test_data_that_are_not_there_or_too_few_are_bad_input(root, tmp_path, monkeypatch):
    monkeypatch.delenv("BEVSEG_DATA", raising=False)
    with pytest.raises(CloudNotFoundError, match="BEVSEG_DATA"):
        mnist.split(settings(""))
    with pytest.raises(CloudNotFoundError):
        mnist.split(settings(tmp_path))
    with pytest.raises(InputError, match="Too few images of the digit 0"):
        mnist.split(settings(root, per_class=7))


def test_the_environment_names_the_data(root, monkeypatch):
    monkeypatch.setenv("BEVSEG_DATA", str(root))
    assert len(mnist.split(settings(""))[0].images) == 20
