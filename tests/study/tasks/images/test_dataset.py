import logging

import numpy as np
import pytest
import torch

from bevseg.errors import InputError, UsageError
from bevseg.seg.inputs import IGNORE
from bevseg.study.tasks.images.classes import Classes
from bevseg.study.tasks.images.dataset import Picture, ensure_parts, load, shrunk
from bevseg.study.tasks.images.settings import ImagesSettings
from tests.study import picture_files


def settings(**more):
    return ImagesSettings(**{"loss": "ce", "seed": 0} | more)


@pytest.fixture
def three(tmp_path):
    """Settings of three files of pictures."""
    for seed, part in enumerate(("train", "val", "test")):
        picture_files.write_npz(tmp_path / f"{part}.npz", 4 - seed, seed)
    return {"data": str(tmp_path), "train": "train.npz", "val": "val.npz", "test": "test.npz"}


def test_three_files_are_three_parts_scaled_by_the_training_pictures(three):
    data = load(settings(**three))
    assert {part: len(pictures) for part, pictures in data.parts.items()} == {"train": 4, "val": 3, "test": 2}
    assert data.classes == picture_files.NAMES
    bands = torch.stack([data.scaling(picture.bands) for picture in data.parts["train"]])
    assert bands.mean((0, 2, 3)).tolist() == pytest.approx([0, 0, 0], abs=1e-4)
    assert bands.std((0, 2, 3), correction=0).tolist() == pytest.approx([1, 1, 1], abs=1e-4)


def test_chosen_classes_come_in_their_order_behind_the_background(three):
    data = load(settings(classes=["bar"], **three))
    assert data.classes == ("background", "bar")
    _, labels = picture_files.arrays(4, 0)
    expected = np.where(labels == 255, IGNORE, labels == 2)
    assert np.array_equal(torch.stack([p.labels for p in data.parts["train"]]).numpy(), expected)
    every = load(settings(classes=["bar", "square", "ground"], **three))
    assert every.classes == ("bar", "square", "ground")
    assert not every.has_background


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"classes": ["bra"]}, "(?s)No class 'bra'.*did you mean 'bar'"),
        ({"class_names": ["a", "b"], "ids": [0, 1, 2]}, "2 names for 3 ids"),
        ({"class_names": ["a", "a", "b"]}, "stands twice"),
        ({"ids": [0, 0, 1]}, "stands twice"),
    ],
)
def test_classes_that_contradict_the_data_are_refused(three, wrong, message):
    with pytest.raises(UsageError, match=message):
        load(settings(**three | wrong))


def test_files_that_name_the_classes_differently_are_refused(three, tmp_path):
    picture_files.write_npz(tmp_path / "other.npz", 2, class_names=np.array(["bar", "square", "ground"]))
    with pytest.raises(InputError, match="different classes"):
        load(settings(**three | {"test": "other.npz"}))
    assert load(settings(class_names=["a", "b", "c"], **three | {"test": "other.npz"})).classes[0] == "a"


def test_mask_values_out_of_range_are_refused_with_the_picture_and_the_values(three):
    with pytest.raises(InputError, match="out of range") as caught:
        load(settings(class_names=["a", "b"], **three))
    assert "found 2" in caught.value.why
    assert "train.npz: 0" in str(caught.value.where)
    with pytest.raises(InputError, match="out of range") as caught:
        load(settings(ignore=254, **three))
    assert "found 255" in caught.value.why


def test_masks_of_0_and_255_need_ids():
    mask = np.array([[0, 255]])
    with pytest.raises(InputError, match="1 class in the masks") as caught:
        Classes(settings(), (), 0)
    assert "ids = [0, 255]" in caught.value.hint
    classes = Classes(settings(ids=[0, 255], class_names=["out", "in"]), (), 0)
    assert classes.ids(mask, "").tolist() == [[0, 1]]


def test_very_large_mask_values_are_refused_before_they_take_memory():
    with pytest.raises(InputError, match="1000000000001 classes"):
        Classes(settings(), (), 10**12)


def test_a_class_without_pixels_is_learned_by_nobody_and_said_so(three, caplog):
    names = [*picture_files.NAMES, "unicorn"]
    with caplog.at_level(logging.WARNING):
        data = load(settings(class_names=names, **three))
    assert data.classes == tuple(names)
    assert "no training picture shows 1 of 4 classes, which cannot be learned: unicorn" in caplog.text


def test_one_warning_tells_of_all_classes_that_a_stray_mask_value_adds(tmp_path, caplog):
    images, labels = picture_files.arrays(6)
    labels[0, 5, 5] = 77
    picture_files.write_folder(tmp_path / "stray", images, labels)
    with caplog.at_level(logging.WARNING):
        load(settings(train=str(tmp_path / "stray"), split=[0.5, 0.25, 0.25]))
    (message,) = caplog.messages
    assert "of 78 classes" in message
    assert "class 3, class 4, " in message
    assert message.endswith(", ...")


def test_pictures_without_any_label_are_refused(three, tmp_path):
    picture_files.write_npz(tmp_path / "none.npz", 2, labels=np.full((2, 24, 32), 255, np.uint8))
    with pytest.raises(InputError, match="No labelled pixel"):
        load(settings(**three | {"train": "none.npz"}))


def test_a_split_deals_all_pictures_once_by_the_seed_in_blocks_of_neighbours(tmp_path):
    images, labels = picture_files.arrays(20)
    images[:] = np.arange(20)[:, None, None, None]
    np.savez(tmp_path / "all.npz", images=images, labels=labels)

    def numbers(seed, **more):
        split = {"data": str(tmp_path), "train": "all.npz", "split": [0.6, 0.2, 0.2]} | more
        data = load(ImagesSettings(loss="ce", seed=seed, **split))
        return {part: [int(p.bands[0, 0, 0]) for p in pictures] for part, pictures in data.parts.items()}

    first = numbers(0)
    assert {part: len(some) for part, some in first.items()} == {"train": 12, "val": 4, "test": 4}
    assert sorted(number for some in first.values() for number in some) == list(range(20))
    assert numbers(0) == first != numbers(1)
    blocks = numbers(0, split_block=4)
    assert all(some[i] % 4 == i % 4 for some in blocks.values() for i in range(len(some)))
    with pytest.raises(InputError, match="no pictures for 'val'"):
        numbers(0, split_block=20)


def test_a_part_with_a_file_of_its_own_takes_nothing_from_the_split(three):
    mixed = settings(**three | {"val": "", "split": [0.75, 0.25, 0.0]})
    ensure_parts(mixed)
    parts = load(mixed).parts
    assert {part: len(pictures) for part, pictures in parts.items()} == {"train": 3, "val": 1, "test": 2}
    whole = load(settings(**three)).parts["test"]
    assert all(torch.equal(a.bands, b.bands) for a, b in zip(parts["test"], whole, strict=True))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "No pictures for `val`"),
        ({"val": "val.npz"}, "No pictures for `test`"),
        ({"split": [0.8, 0.2, 0.0]}, "No pictures for `test`"),
        ({"split": [0.5, 0.5]}, "Invalid split"),
        ({"split": [0.5, 0.5, 0.5]}, "Invalid split"),
        ({"split": [0.0, 0.5, 0.5]}, "Invalid split"),
        ({"split": [0.6, 0.2, 0.2], "val": "val.npz"}, "`val` has a file and a share"),
    ],
)
def test_parts_that_are_named_twice_or_not_at_all_are_refused(wrong, message):
    with pytest.raises(UsageError, match=message):
        ensure_parts(settings(**wrong))


def test_a_shrunk_picture_has_means_of_areas_and_labels_of_single_pixels():
    bands = torch.arange(16, dtype=torch.uint8).reshape(1, 4, 4)
    labels = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 255], [2, 2, 0, 0], [2, 2, 0, 0]], dtype=torch.uint8)
    small = shrunk(Picture(bands, labels), 2)
    assert small.bands.tolist() == [[[2, 4], [10, 12]]]  # 2.5 and 4.5 are rounded to even
    assert set(small.labels.unique().tolist()) <= {0, 1, 2, 255}
    assert shrunk(Picture(bands, labels), 4).bands is bands
    wide = shrunk(Picture(torch.zeros(2, 10, 40), torch.zeros(10, 40, dtype=torch.uint8)), 8)
    assert wide.labels.shape == (2, 8)
    assert wide.bands.shape == (2, 2, 8)
