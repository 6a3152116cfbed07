"""Settings -> training, validation and test pictures, and what brings their bands to mean 0 and deviation 1."""

from __future__ import annotations

import functools
import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bevseg.errors import InputError, UsageError
from bevseg.seg.inputs import IGNORE
from bevseg.study.data_folder import VARIABLE
from bevseg.study.tasks.images.classes import Classes
from bevseg.study.tasks.images.read_pictures import Pictures, read_pictures
from bevseg.study.tasks.images.settings import ImagesSettings

log = logging.getLogger(__name__)

PARTS = ("train", "val", "test")

READ = ("data", *PARTS, "split", "split_block", "ids", "ignore", "class_names", "classes", "side")
"""Settings that the pictures depend on; with `split` the seed as well."""

MOST_NAMES = 10
"""Absent classes that a warning names."""

KEPT = 4
"""Data sets that a process keeps in memory."""


@dataclass(frozen=True)
class Picture:
    """Bands (bands, rows, cols) in their own type, and class ids (rows, cols) uint8, IGNORE where not counted."""

    bands: Tensor
    labels: Tensor


@dataclass(frozen=True, eq=False)
class Scaling:
    """Mean and standard deviation of each band over the training pictures."""

    mean: Tensor
    deviation: Tensor

    def __call__(self, bands: Tensor) -> Tensor:
        """Return float32 bands (..., bands, rows, cols) with mean 0 and deviation 1 over the training pictures."""
        return (bands.float() - self.mean[:, None, None]) / self.deviation[:, None, None]

    @classmethod
    def of(cls, pictures: Sequence[Picture]) -> Scaling:
        """Measure the bands of pictures; a constant band has the deviation 1."""
        count = sum(picture.labels.numel() for picture in pictures)

        def mean_of(function: Callable[[Tensor], Tensor]) -> Tensor:
            sums = [function(picture.bands.double()).sum((1, 2)) for picture in pictures]
            return torch.stack(sums).sum(0) / count

        mean = mean_of(lambda bands: bands)
        deviation = mean_of(lambda bands: (bands - mean[:, None, None]) ** 2).sqrt()
        return cls(mean.float(), torch.where(deviation > 0, deviation, 1).float())


@dataclass(frozen=True, eq=False)
class Dataset:
    """The pictures of a run.

    Attributes
    ----------
    parts
        `train`, `val` and `test` -> pictures.
    classes
        Names of the class ids.
    has_background
        Whether class 0 stands for all classes that were not chosen.
    scaling
        Of the bands.
    """

    parts: dict[str, list[Picture]]
    classes: tuple[str, ...]
    has_background: bool
    scaling: Scaling


def load(settings: ImagesSettings) -> Dataset:
    """Read the pictures of a run; a process reads each data set once.

    Raises
    ------
    CloudNotFoundError
        If a path does not exist.
    InputError
        If pictures or masks cannot be used.
    UsageError
        If the settings contradict each other or the data.
    """
    values = asdict(settings)
    return _load(json.dumps({name: values[name] for name in READ}), settings.seed if settings.split else 0)


@functools.lru_cache(maxsize=KEPT)
def _load(text: str, seed: int) -> Dataset:
    settings = ImagesSettings(loss="", seed=seed, **json.loads(text))
    files = {part: read_pictures(_path(settings, part)) for part in PARTS if getattr(settings, part)}
    names = _class_names(settings, files)
    classes = Classes(
        settings, names, max(_largest(pictures, settings.ignore) for pictures in files.values())
    )
    pictures_of = {
        part: _converted(pictures, classes, settings.side, _path(settings, part))
        for part, pictures in files.items()
    }
    if settings.split:
        pictures_of |= _split(pictures_of["train"], settings)
    _ensure_bands(pictures_of)
    _warn_of_absent(pictures_of["train"], classes.names)
    return Dataset(
        pictures_of, tuple(classes.names), classes.has_background, Scaling.of(pictures_of["train"])
    )


def _class_names(settings: ImagesSettings, files: dict[str, Pictures]) -> tuple[str, ...]:
    """Return the names of the classes that the files have, unless the settings name them."""
    found = {pictures.class_names for pictures in files.values() if pictures.class_names}
    if len(found) > 1 and not settings.class_names:
        raise InputError(
            "The files name different classes",
            why="; ".join(f"{part}: {', '.join(pictures.class_names)}" for part, pictures in files.items()),
            hint="save the same `class_names` in all files, or set `class_names`",
        )
    return next(iter(found), ())


def _path(settings: ImagesSettings, part: str) -> Path:
    return Path(settings.data or os.environ.get(VARIABLE, "")) / getattr(settings, part)


def _largest(pictures: Pictures, ignore: int) -> int:
    return max(int(np.max(mask, where=mask != ignore, initial=0)) for mask in pictures.masks)


def _converted(pictures: Pictures, classes: Classes, side: int, where: Path) -> list[Picture]:
    return [
        shrunk(
            Picture(
                torch.from_numpy(np.ascontiguousarray(np.moveaxis(_plain(image), -1, 0))),
                torch.from_numpy(classes.ids(mask, f"{where}: {name}")),
            ),
            side,
        )
        for image, mask, name in zip(pictures.images, pictures.masks, pictures.names, strict=True)
    ]


def _plain(image: NDArray[Any]) -> NDArray[Any]:
    """Return the image in a type that torch computes with, and in this machine's byte order."""
    return image if image.dtype == np.uint8 else image.astype(np.float32)


def shrunk(picture: Picture, side: int) -> Picture:
    """Return a picture whose longest side is at most `side` pixels; 0: any.

    A band of a pixel is the mean of the area it covers. Its label is that of the pixel in the middle.
    """
    rows, cols = picture.labels.shape
    longest = max(rows, cols)
    if not side or longest <= side:
        return picture
    size = tuple(max(round(length * side / longest), 1) for length in (rows, cols))
    bands = nn.functional.interpolate(picture.bands[None].float(), size=size, mode="area")[0]
    labels = nn.functional.interpolate(picture.labels[None, None].float(), size=size, mode="nearest-exact")
    if picture.bands.dtype == torch.uint8:  # a quarter of the memory
        bands = bands.round().to(torch.uint8)
    return Picture(bands, labels[0, 0].to(torch.uint8))


def _split(pictures: list[Picture], settings: ImagesSettings) -> dict[str, list[Picture]]:
    """Deal blocks of pictures to the parts that have a share, in an order that the seed draws."""
    blocks = [
        pictures[start : start + settings.split_block]
        for start in range(0, len(pictures), settings.split_block)
    ]
    order = np.random.default_rng(settings.seed).permutation(len(blocks))
    ends = np.round(np.cumsum(settings.split) * len(blocks)).astype(int)
    parts = {}
    for part, share, start, end in zip(PARTS, settings.split, (0, *ends[:-1]), ends, strict=True):
        if not share:
            continue
        parts[part] = [picture for number in sorted(order[start:end]) for picture in blocks[number]]
        if not parts[part]:
            raise InputError(
                f"The split leaves no pictures for {part!r}",
                where="split",
                why=f"{len(pictures)} pictures in {len(blocks)} blocks",
                hint="take other shares, a smaller split_block, or more pictures",
            )
    return parts


def _ensure_bands(pictures_of: dict[str, list[Picture]]) -> None:
    counts = {part: len(pictures[0].bands) for part, pictures in pictures_of.items()}
    if len(set(counts.values())) > 1:
        raise InputError(
            "Pictures differ in their bands",
            why=", ".join(f"{part}: {count}" for part, count in counts.items()),
            hint="bring all pictures to the same bands",
        )


def _warn_of_absent(pictures: Sequence[Picture], names: Sequence[str]) -> None:
    present = set(
        np.unique(np.concatenate([picture.labels.unique().numpy() for picture in pictures])).tolist()
    )
    if not present - {IGNORE}:
        raise InputError("No labelled pixel in the training pictures", hint="correct `ids` or `ignore`")
    absent = [name for number, name in enumerate(names) if number not in present]
    if absent:
        log.warning(
            "no training picture shows %d of %d classes, which cannot be learned: %s%s",
            len(absent),
            len(names),
            ", ".join(absent[:MOST_NAMES]),
            ", ..." if len(absent) > MOST_NAMES else "",
        )


def ensure_parts(settings: ImagesSettings) -> None:
    """Raise UsageError unless each part has either a file or a share of the split."""
    split = settings.split or [1, 0, 0]
    if len(split) != len(PARTS) or not split[0] or not np.isclose(sum(split), 1):
        raise UsageError(
            f"Invalid split: {split}",
            where="split",
            hint="give the shares for training, validation and test: [0.6, 0.2, 0.2]",
        )
    for part, share in zip(PARTS[1:], split[1:], strict=True):
        if share and getattr(settings, part):
            raise UsageError(
                f"`{part}` has a file and a share of the split",
                where=f"split, {part}",
                hint=f"remove `{part}`, or set its share to 0",
            )
        if not share and not getattr(settings, part):
            raise UsageError(
                f"No pictures for `{part}`",
                where=part,
                hint=f"set `{part}`, or split = [0.6, 0.2, 0.2] to take pictures from `train`",
            )
