import numpy as np
import pytest
import torch

from bevseg.errors import CloudNotFoundError, InputError, UsageError
from bevseg.seg.losses import cross_entropy, power_jaccard
from bevseg.study.task import RunContext, Source
from bevseg.study.tasks.mnist import digits as mnist_data
from bevseg.study.tasks.mnist import examples, mnist_task
from bevseg.study.tasks.mnist.mnist_task import MnistSettings
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
    labels = np.repeat(np.arange(10, dtype=np.uint8), 6)
    monkeypatch.setattr(mnist_data, "load_mnist", lambda place: (images, labels))


def test_the_seed_chooses_the_images(root, told_apart):
    first, again, other = (mnist_task.split(settings(root, seed=seed))[0].images for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_every_digit_has_its_share_in_every_part_and_no_image_is_in_two(root, told_apart):
    parts = mnist_task.split(settings(root, kind="multiclass"))
    assert [len(part.images) for part in parts] == [20, 10, 20]
    assert [part.truth.amax((2, 3)).sum(0).tolist() for part in parts] == [[2] * 10, [1] * 10, [2] * 10]
    together = torch.cat([part.images for part in parts]).flatten(1)
    assert len(torch.unique(together, dim=0)) == 50


def test_a_pixel_is_of_the_digit_from_grey_150(root, monkeypatch):
    image = np.array([0, 149, 150, 255] + [0] * 780, np.uint8).reshape(1, 28, 28).repeat(10, 0)
    monkeypatch.setattr(mnist_data, "load_mnist", lambda place: (image, np.arange(10, dtype=np.uint8)))
    train, _, _ = mnist_task.split(settings(root, per_class=1, val=0, test=0))
    assert train.truth[0].flatten()[:4].tolist() == [0, 0, 1, 1]
    assert train.images[0].flatten()[:4].tolist() == pytest.approx([0, 149 / 255, 150 / 255, 1])


def test_the_loss_is_the_authors_one_ratio_of_batch_pixels_and_channels():
    torch.manual_seed(0)
    logits, truth = torch.randn(3, 10, 4, 5), (torch.rand(3, 10, 4, 5) < 0.1).to(torch.uint8)
    q, y = logits.sigmoid().double(), truth.double()
    inter = (q * y).sum()
    expected = 1 - (inter + 10) / (y.sum() + (q**1.5).sum() - inter + 10)
    assert mnist_task.parse_loss("power_jaccard:1.5")(logits, truth).item() == pytest.approx(
        expected.item(), rel=1e-6
    )
    bce = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth.float())
    assert mnist_task.parse_loss("ce")(logits, truth).item() == pytest.approx(bce.item(), rel=1e-6)


def test_for_one_output_it_is_the_library_s_loss():
    logits, truth = torch.randn(2, 1, 6, 6), torch.randint(0, 2, (2, 1, 6, 6))
    ours = power_jaccard(logits, truth[:, 0], p=2, reduce="all", smooth=10)
    assert mnist_task.parse_loss("power_jaccard:2")(logits, truth).item() == pytest.approx(ours.item())
    assert mnist_task.parse_loss("ce")(logits, truth).item() == pytest.approx(
        cross_entropy(logits, truth[:, 0]).item()
    )


@pytest.mark.parametrize("text", ["dice", "power_jaccard", "power_jaccard:x", "ce:2"])
def test_a_loss_that_the_tables_do_not_have_is_refused(text):
    with pytest.raises(UsageError, match="power_jaccard:P"):
        mnist_task.parse_loss(text)


def test_table_1_averages_background_and_digit_and_table_2_leaves_the_background_out():
    assert mnist_task.score(np.array([[6, 2], [0, 2]])) == pytest.approx((6 / 8 + 2 / 4) / 2)
    matrix = np.zeros((11, 11), np.int64)
    matrix[0, 0], matrix[1, 1], matrix[2, 0] = 90, 5, 5
    assert mnist_task.score(matrix) == pytest.approx((1 + 0) / 2)


def test_a_training_ends_with_the_facts_of_the_test_images(root):
    outcome = mnist_task.run(settings(root, kind="multiclass", epochs=2, batch=5), RunContext(root))
    assert np.sum(outcome.facts["confusion"]) == 20 * 28 * 28
    assert outcome.facts["collapsed"] == 0
    assert [row["epoch"] for row in outcome.history] == [1, 2]
    again = mnist_task.run(settings(root, kind="multiclass", epochs=2, batch=5), RunContext(root))
    same = [{name: row[name] for name in row if name != "seconds"} for row in outcome.history]
    assert same == [{name: row[name] for name in row if name != "seconds"} for row in again.history]


def test_a_training_goes_on_from_weights(root):
    outcome = mnist_task.run(settings(root, epochs=1), RunContext(root))
    kept = {name: value.clone() for name, value in outcome.weights.items()}
    init = RunContext(root, sources={"init": Source(None, outcome.weights)})
    still = mnist_task.run(settings(root, epochs=1, learning_rate=1e-30), init)
    assert all(torch.equal(kept[name], value) for name, value in still.weights.items())


def test_data_that_are_not_there_or_too_few_are_bad_input(root, tmp_path, monkeypatch):
    monkeypatch.delenv("BEVSEG_DATA", raising=False)
    with pytest.raises(CloudNotFoundError, match="BEVSEG_DATA"):
        mnist_task.split(settings(""))
    with pytest.raises(CloudNotFoundError):
        mnist_task.split(settings(tmp_path))
    with pytest.raises(InputError, match="Too few images of the digit 0"):
        mnist_task.split(settings(root, per_class=7))


def test_the_environment_names_the_data(root, monkeypatch):
    monkeypatch.setenv("BEVSEG_DATA", str(root))
    assert len(mnist_task.split(settings(""))[0].images) == 20


def write_demo(root, **changed):
    """Write pictures in the form of the demonstration; the first one shows a 3 and a 7 that overlap in a pixel."""
    arrays = {}
    for part, count in (("train", 20), ("validation", 4), ("test", 210)):
        images, bits = np.zeros((count, 32, 32), np.uint8), np.zeros((count, 32, 32), np.uint16)
        rows = 2 + np.arange(count) % 10
        images[np.arange(count), rows, 4:20], bits[np.arange(count), rows, 4:20] = 1, 1 << 3
        images[0, :, 4], bits[0, :, 4] = 255, bits[0, :, 4] | 1 << 7
        arrays |= {f"{part}_images": images, f"{part}_bits": bits}
    (root / "powerlosses").mkdir()
    np.savez(root / "powerlosses" / "powerlosses_mnist.npz", **arrays | changed)
    return root


def test_the_demonstration_has_its_own_split_and_every_pixel_that_is_not_black_is_of_a_digit(tmp_path):
    root = write_demo(tmp_path)
    parts = mnist_task.split(settings(root, source="demo", kind="multiclass"))
    assert [tuple(part.truth.shape) for part in parts] == [
        (20, 10, 32, 32),
        (4, 10, 32, 32),
        (200, 10, 32, 32),
    ]
    train = parts[0]
    assert torch.equal(train.truth.amax(1, keepdim=True) > 0, train.images > 0)
    assert train.truth[0].sum((1, 2)).tolist() == [0, 0, 0, 16, 0, 0, 0, 32, 0, 0]
    binary = mnist_task.split(settings(root, source="demo", kind="binary", seed=3))[0]
    assert binary.truth.shape == (20, 1, 32, 32)
    assert binary.truth[0].sum() == 47  # the overlap counts once
    assert torch.equal(binary.images, train.images)  # the seed chooses no images


def test_the_pictures_of_the_demonstration_are_the_ones_of_the_table():
    try:
        train, val, test = mnist_task.split(
            MnistSettings(loss="ce", seed=0, kind="multiclass", source="demo")
        )
    except CloudNotFoundError as error:
        pytest.skip(f"no data: {error}")
    assert [len(part.images) for part in (train, val, test)] == [1000, 200, 200]
    assert (train.truth.amax(1) > 0).float().mean() == pytest.approx(0.1510, abs=5e-5)
    assert (val.truth.amax(1) > 0).float().mean() == pytest.approx(0.1545, abs=5e-5)


def test_pictures_of_the_demonstration_that_are_missing_or_broken_are_bad_input(tmp_path):
    (tmp_path / "powerlosses").mkdir()
    path = tmp_path / "powerlosses" / "powerlosses_mnist.npz"
    for content in (None, b"no zip", b"PK\x05\x06" + bytes(18)):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputError, match="No pictures of the demonstration"):
            mnist_task.split(settings(tmp_path, source="demo"))


def test_the_categorical_loss_is_that_of_keras_and_background_costs_nothing():
    torch.manual_seed(0)
    logits = torch.randn(2, 10, 4, 5, dtype=torch.float64, requires_grad=True)
    truth = (torch.arange(10)[:, None, None] == 3).expand(2, 10, 4, 5).clone()
    truth[:, :, :3] = False
    outputs = logits.sigmoid()
    expected = -(truth * (outputs / outputs.sum(1, keepdim=True)).log()).sum() / 40
    value = mnist_task.parse_loss("categorical_ce")(logits, truth.to(torch.uint8))
    assert value.item() == pytest.approx(expected.item())
    value.backward()
    assert not logits.grad[:, :, :3].any()
    assert logits.grad[:, :, 3].all()


def test_the_share_of_a_digit_decides_where_no_output_exceeds_one_half():
    logits = torch.full((1, 10, 1, 3), -12.0)
    logits[0, 4, 0, 0] = -4.0  # little, and nearly all of the sum
    logits[0, 4:6, 0, 1] = -4.0  # one half each
    logits[0, 4, 0, 2] = 4.0
    assert mnist_task.predict(logits).flatten().tolist() == [0, 0, 5]
    assert mnist_task.predict_by_share(logits).flatten().tolist() == [5, 0, 5]


def test_one_output_has_no_categorical_loss():
    with pytest.raises(UsageError, match="several digits"):
        mnist_task.check(MnistSettings(loss="categorical_ce", seed=0, kind="binary"))


def test_without_replacement_an_epoch_has_every_image_once(root, monkeypatch):
    seen = []

    def train(net, cost, epoch, *args, **kwargs):
        seen.append(torch.cat([images for images, _ in epoch()]))
        raise InterruptedError

    monkeypatch.setattr(mnist_task, "train_with_early_stopping", train)
    for replacement in (True, False):
        with pytest.raises(InterruptedError):
            mnist_task.run(settings(root, batch=5, seed=1, replacement=replacement), RunContext(root))
    digits_seen = [images.flatten(1).unique(dim=0, return_counts=True)[1].tolist() for images in seen]
    assert digits_seen[1] == [2] * 10
    assert digits_seen[0] != digits_seen[1]


@pytest.mark.parametrize("weights", ["last", "best"])
def test_a_run_leaves_the_weights_that_it_scores(weights, root):
    def run(context, **more):
        return mnist_task.run(settings(root, batch=5, weights=weights, **more), context)

    outcome = run(RunContext(root), epochs=6, patience=100, learning_rate=0.3)
    losses = [row["val_loss"] for row in outcome.history]
    assert losses[-1] > min(losses)  # else nothing tells the two apart
    again = run(
        RunContext(root, sources={"init": Source(None, outcome.weights)}), epochs=1, learning_rate=1e-30
    )
    assert again.history[0]["val_loss"] == pytest.approx({"last": losses[-1], "best": min(losses)}[weights])
    assert outcome.facts["score"] == outcome.facts[f"score_{weights}"]


def test_a_record_holds_the_examples_of_the_figure(tmp_path):
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 11, (2, 4, 32, 32))
    again = examples.unpack(examples.pack(truth, predicted))
    assert np.array_equal(again, (truth, predicted))
    found = examples.outcomes(np.array([0, 3, 0, 3, 3]), np.array([0, 3, 3, 4, 0]))
    assert [list(examples.OUTCOMES)[number] for number in found] == list(examples.OUTCOMES)


def test_the_figure_has_a_row_per_loss_and_a_column_per_batch(tmp_path):
    from skimage.io import imread

    def record(loss, batch, seed):
        packed = examples.pack(np.zeros((4, 32, 32)), np.full((4, 32, 32), seed))
        return {"at": {"loss": loss, "batch": batch, "seed": seed}, "facts": {"examples": packed}}

    def drawn(name, records):
        examples.draw(records, tmp_path, tmp_path / name)
        return imread(tmp_path / name)

    two = drawn("two.png", [record("ce", 1, 1), record("ce", 1, 0), record("b", 10, 0)])
    first_seed = drawn("one.png", [record("ce", 1, 0), record("b", 10, 0)])
    wider = drawn("wider.png", [record("ce", 1, 0), record("ce", 10, 0), record("ce", 50, 0)])
    assert np.array_equal(two, first_seed)
    assert wider.shape[1] > two.shape[1] and wider.shape[0] < two.shape[0]
