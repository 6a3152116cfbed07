"""Training pictures -> batches of crops, mirrored at random: all pictures in turn, or the classes in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from bevseg.errors import InputError, UsageError
from bevseg.seg.inputs import IGNORE
from bevseg.study.tasks.images.dataset import Picture, Scaling
from bevseg.study.tasks.images.settings import ImagesSettings

HIDDEN = 0
"""Label of a pixel whose class is not told; pixels beyond the picture stay IGNORE."""


class Crops:
    """Crops of pictures, in batches.

    `random` takes the pictures in a random order, all of them before any comes again. `equibatch` cycles over the
    classes: crop j shows a pixel of class j modulo their number (Berman et al. 2018, section 3.1). Classes without a
    pixel are left out.

    Parameters
    ----------
    pictures
        At least one.
    settings
        `crop`, `flips` and `sampling` are read.
    scaling
        Of the bands.
    seed
        Random seed.

    Raises
    ------
    UsageError
        If whole pictures are asked for, and they differ in size.
    InputError
        If equibatch finds no labelled pixel.
    """

    def __init__(
        self, pictures: Sequence[Picture], settings: ImagesSettings, scaling: Scaling, seed: int
    ) -> None:
        sizes = {tuple(picture.labels.shape) for picture in pictures}
        if not settings.crop and len(sizes) > 1:
            raise UsageError(
                "Pictures differ in size",
                where="crop",
                why=f"there are {len(sizes)} sizes, and crop = 0 takes whole pictures",
                hint="set crop to a number of pixels",
            )
        self.size = (settings.crop, settings.crop) if settings.crop else next(iter(sizes))
        self.pictures, self.scaling, self.flips = pictures, scaling, settings.flips
        self.rng = np.random.default_rng(seed)
        if settings.sampling == "equibatch":
            self._order = self._classes_in_turn()
        else:
            self._order = ((number, None) for number in self._shuffled(range(len(pictures))))

    def batch(self, size: int) -> tuple[Tensor, Tensor]:
        """Return bands (size, bands, rows, cols) float32 and class ids (size, rows, cols) uint8."""
        crops = [self._crop(*next(self._order)) for _ in range(size)]
        return torch.stack([bands for bands, _ in crops]), torch.stack([labels for _, labels in crops])

    def single(self, count: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield crops one by one, as batches of one."""
        for _ in range(count):
            yield self.batch(1)

    def _shuffled(self, numbers: Sequence[int]) -> Iterator[int]:
        """Yield all numbers in a random order, again and again."""
        while True:
            yield from self.rng.permutation(numbers).tolist()

    def _classes_in_turn(self) -> Iterator[tuple[int, int | None]]:
        """Yield a picture and the class it is chosen for."""
        pictures_of: dict[int, list[int]] = {}
        for number, picture in enumerate(self.pictures):
            for class_id in picture.labels.unique().tolist():
                if class_id != IGNORE:
                    pictures_of.setdefault(class_id, []).append(number)
        if not pictures_of:
            raise InputError("No labelled pixel in the training pictures", hint="correct `ids` or `ignore`")
        in_turn = {class_id: self._shuffled(pictures_of[class_id]) for class_id in sorted(pictures_of)}
        return ((next(numbers), class_id) for numbers, class_id in _cycle(in_turn))

    def _crop(self, number: int, class_id: int | None) -> tuple[Tensor, Tensor]:
        """Return bands and labels of a window: at a random place, or around a random pixel of a class."""
        picture = self.pictures[number]
        spare = [max(length - side, 0) for length, side in zip(picture.labels.shape, self.size, strict=True)]
        if class_id is None:
            corner = [int(self.rng.integers(most + 1)) for most in spare]
        else:
            pixel = self.rng.choice((picture.labels == class_id).nonzero().numpy())
            corner = [
                int(np.clip(at - self.rng.integers(side), 0, most))
                for at, side, most in zip(pixel, self.size, spare, strict=True)
            ]
        window = tuple(slice(start, start + side) for start, side in zip(corner, self.size, strict=True))
        bands, labels = self.scaling(picture.bands[:, *window]), picture.labels[window]
        rows, cols = labels.shape
        beyond = (0, self.size[1] - cols, 0, self.size[0] - rows)
        bands, labels = nn.functional.pad(bands, beyond), nn.functional.pad(labels, beyond, value=IGNORE)
        axes = {"none": (), "horizontal": (-1,), "both": (-1, -2)}[self.flips]
        mirrored = [axis for axis in axes if self.rng.integers(2)]
        return bands.flip(mirrored), labels.flip(mirrored)


def _cycle(in_turn: dict[int, Iterator[int]]) -> Iterator[tuple[Iterator[int], int]]:
    while True:
        for class_id, numbers in in_turn.items():
            yield numbers, class_id


def without_labels(pictures: Sequence[Picture]) -> list[Picture]:
    """Return pictures whose pixels all have the label HIDDEN."""
    return [Picture(picture.bands, torch.full_like(picture.labels, HIDDEN)) for picture in pictures]


def labelled_and_other(
    pictures: Sequence[Picture], share: float, seed: int
) -> tuple[list[Picture], list[Picture]]:
    """Choose the share of the pictures whose labels are used, at least one; the others lose theirs."""
    order = np.random.default_rng(seed).permutation(len(pictures)).tolist()
    count = max(round(share * len(pictures)), 1)
    labelled, other = (
        [pictures[number] for number in sorted(part)] for part in (order[:count], order[count:])
    )
    return labelled, without_labels(other)
