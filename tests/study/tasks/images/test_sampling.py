import numpy as np
import pytest
import torch

from bevseg.errors import UsageError
from bevseg.seg.inputs import IGNORE
from bevseg.study.tasks.images.dataset import Picture, Scaling
from bevseg.study.tasks.images.sampling import HIDDEN, Crops, labelled_and_other
from bevseg.study.tasks.images.settings import ImagesSettings

PLAIN = Scaling(torch.zeros(1), torch.ones(1))


def picture(number, rows=20, cols=30):
    """A picture whose band is its number, with class 0."""
    return Picture(torch.full((1, rows, cols), float(number)), torch.zeros(rows, cols, dtype=torch.uint8))


def crops(pictures, **more):
    return Crops(pictures, ImagesSettings(loss="ce", seed=0, **more), PLAIN, 0)


def test_every_picture_comes_once_before_any_comes_again():
    sampler = crops([picture(number) for number in range(6)])
    numbers = sampler.batch(12)[0][:, 0, 0, 0].int().tolist()
    assert sorted(numbers[:6]) == sorted(numbers[6:]) == list(range(6))
    assert numbers[:6] != numbers[6:]


def test_whole_pictures_have_one_size():
    assert crops([picture(0)]).batch(1)[0].shape == (1, 1, 20, 30)
    with pytest.raises(UsageError, match="differ in size"):
        crops([picture(0), picture(1, 10, 10)])


def test_a_crop_keeps_bands_and_labels_together_and_pads_small_pictures_with_ignored_pixels():
    labels = torch.arange(20 * 30).reshape(20, 30).remainder(251).to(torch.uint8)
    both = Picture(labels[None].float(), labels)
    sampler = crops([both], crop=25, flips="both")
    for _ in range(10):
        bands, its = sampler.batch(1)
        inside = its != IGNORE
        assert inside.sum() == 20 * 25
        assert torch.equal(bands[:, 0][inside], its[inside].float())
        assert (bands[:, 0][~inside] == 0).all()


@pytest.mark.parametrize(("flips", "seen"), [("none", 1), ("horizontal", 2), ("both", 4)])
def test_crops_are_mirrored_along_the_axes_asked_for(flips, seen):
    labels = torch.arange(6, dtype=torch.uint8).reshape(2, 3)
    sampler = crops([Picture(labels[None].float(), labels)], flips=flips)
    assert len({tuple(sampler.batch(1)[1].flatten().tolist()) for _ in range(60)}) == seen


def test_equibatch_shows_every_class_in_turn_however_rare():
    pictures = [picture(number) for number in range(5)]
    pictures[3].labels[17, 2] = 1
    pictures[4].labels[2:5, 20:22] = 2
    sampler = crops(pictures, crop=8, sampling="equibatch")
    labels = sampler.batch(30)[1]
    for number, crop in enumerate(labels):
        assert (crop == number % 3).any()


def test_equibatch_leaves_out_what_is_ignored_or_absent():
    one = picture(0)
    one.labels[:, 10:] = IGNORE
    one.labels[3, 3] = 4
    labels = crops([one], crop=4, sampling="equibatch").batch(8)[1]
    assert all((crop == (0, 4)[number % 2]).any() for number, crop in enumerate(labels))


def test_the_same_seed_gives_the_same_crops():
    pictures = [picture(number) for number in range(4)]
    first, again = (crops(pictures, crop=8).batch(9) for _ in range(2))
    assert torch.equal(first[0], again[0])


def test_the_labels_of_the_other_pictures_are_hidden():
    pictures = [picture(number) for number in range(16)]
    for one in pictures:
        one.labels[:] = 3
    labelled, other = labelled_and_other(pictures, 1 / 8, seed=1)
    assert (len(labelled), len(other)) == (2, 14)
    assert all((one.labels == 3).all() for one in labelled)
    assert all((one.labels == HIDDEN).all() for one in other)
    numbers = [int(one.bands[0, 0, 0]) for one in (*labelled, *other)]
    assert sorted(numbers) == list(range(16))
    assert len(labelled_and_other(pictures, 0.001, 0)[0]) == 1
    assert np.array_equal(
        [int(p.bands[0, 0, 0]) for p in labelled_and_other(pictures, 1 / 8, 1)[0]], numbers[:2]
    )
