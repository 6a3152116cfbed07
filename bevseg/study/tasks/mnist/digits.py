"""Images of digits and the class of each pixel: MNIST itself, or the pictures of the authors' demonstration.

`mnist`: 140 images of each digit from the training set of MNIST, split by the seed; a pixel belongs to the digit if
its grey value is 150 or more. `demo`: the 1,000 training, 200 validation and first 200 test pictures of the
demonstration, the same for every seed. These have 32 x 32 pixels; every pixel that is not black belongs to a digit;
some show two digits or three, whose pixels may overlap.
"""

from __future__ import annotations

import functools
import gzip
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bevseg.errors import InputError

GREY = 150
"""Smallest grey value of the pixels of a digit of `mnist`. Background alone then has an IoU of 0.877."""

SIDE = 28
"""Side of an image of MNIST, pixels."""

DIGITS = 10

DEMO_TEST = 200
"""Test pictures of the demonstration that are scored. It says nothing of a score; the paper has 200."""

Parts = tuple["Images", "Images", "Images"]
"""Training, validation and test images."""


@dataclass(frozen=True)
class Images:
    """Images (N, 1, H, W) in [0, 1], and whether a pixel has the class of an output, (N, outputs, H, W) uint8."""

    images: Tensor
    truth: Tensor

    def to(self, device: torch.device) -> Images:
        """Return them on a device."""
        return Images(self.images.to(device), self.truth.to(device))


def demo_parts(folder: Path, kind: str) -> Parts:
    """Return the pictures of the demonstration."""
    pictures = load_demo(folder)
    train, val, test = (
        _images(pictures[f"{part}_images"], _digits(pictures[f"{part}_bits"]), kind)
        for part in ("train", "validation", "test")
    )
    return train, val, Images(test.images[:DEMO_TEST], test.truth[:DEMO_TEST])


def mnist_parts(folder: Path, kind: str, seed: int, per_class: int, val: int, test: int) -> Parts:
    """Choose `per_class` images of each digit by the seed; `val` and `test` of them are for validation and test.

    Raises
    ------
    InputError
        If there are too few images of a digit, or no image is left for training.
    """
    images, labels = load_mnist(folder)
    rng = np.random.default_rng(seed)
    parts: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    first, second = per_class - val - test, per_class - test
    for digit in range(DIGITS):
        chosen = rng.permutation(np.flatnonzero(labels == digit))[:per_class]
        if len(chosen) < per_class or first < 1:
            raise InputError(
                f"Too few images of the digit {digit}",
                why=f"there are {len(chosen)}, and per_class is {per_class}, "
                f"with {val} for validation and {test} for the test",
                hint="lower per_class",
            )
        for part, some in zip(parts, np.split(chosen, [first, second]), strict=True):
            part.append(some)
    train_part, val_part, test_part = (
        _images(images[rows], _one_digit(images[rows], labels[rows]), kind)
        for rows in map(np.concatenate, parts)
    )
    return train_part, val_part, test_part


@functools.lru_cache(maxsize=1)
def load_demo(folder: Path) -> dict[str, NDArray[Any]]:
    """Read `powerlosses_mnist.npz`: images (N, 32, 32) uint8 and bits (N, 32, 32) uint16 of three parts.

    Bit d is set where the digit d is.

    Raises
    ------
    InputError
        If the file is missing or broken, or lacks an array.
    """
    path = folder / "powerlosses_mnist.npz"
    names = [f"{part}_{what}" for part in ("train", "validation", "test") for what in ("images", "bits")]
    try:
        with np.load(path) as arrays:
            return {name: arrays[name] for name in names}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(
            "No pictures of the demonstration", where=path, why=str(error), hint="put the file there again"
        ) from error


@functools.lru_cache(maxsize=1)
def load_mnist(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read images (N, 28, 28) from the numbered PNGs (one image per row) and labels (N,) from the idx file.

    Raises
    ------
    InputError
        If there are no images, or if the number of labels is not the number of images.
    """
    from skimage.io import imread

    files = sorted(folder.glob("mnist_batch_*.png"), key=lambda path: int(path.stem.rpartition("_")[2]))
    label_file = folder / "train-labels-idx1-ubyte.gz"
    if not files or not label_file.exists():
        raise InputError("No MNIST images", where=folder, hint="put mnist_batch_*.png and the labels there")
    images = np.concatenate([imread(path) for path in files]).reshape(-1, SIDE, SIDE)
    labels = np.frombuffer(gzip.decompress(label_file.read_bytes())[8:], np.uint8)  # 8 bytes of header
    if len(images) != len(labels):
        raise InputError(
            f"{len(labels)} labels for {len(images)} MNIST images", where=folder, hint="download MNIST again"
        )
    return images, labels


def _digits(bits: NDArray[np.uint16]) -> NDArray[np.bool_]:
    return (bits[:, None] >> np.arange(DIGITS, dtype=bits.dtype)[:, None, None] & 1).astype(bool)


def _one_digit(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    is_of = (labels[:, None] == np.arange(DIGITS))[:, :, None, None]
    return (images >= GREY)[:, None] & is_of


def _images(images: NDArray[np.uint8], digits: NDArray[np.bool_], kind: str) -> Images:
    truth = digits if kind == "multiclass" else digits.any(1, keepdims=True)
    return Images(
        torch.from_numpy(images[:, None].astype(np.float32) / 255), torch.from_numpy(truth.astype(np.uint8))
    )
