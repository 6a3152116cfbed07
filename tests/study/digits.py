"""Images in the form of MNIST: a bar whose place depends on the digit."""

import gzip

import numpy as np
from skimage.io import imsave


def write(root, per_digit):
    """Write a folder `mnist` with as many pictures of each digit."""
    place = root / "mnist"
    place.mkdir(parents=True)
    labels = np.repeat(np.arange(10, dtype=np.uint8), per_digit)
    images = np.zeros((len(labels), 28, 28), np.uint8)
    for image, digit in zip(images, labels, strict=True):
        image[4 + 2 * digit : 7 + 2 * digit, 6:22] = 200
    half = len(labels) // 2
    for number, some in enumerate((images[:half], images[half:])):
        imsave(place / f"mnist_batch_{number}.png", some.reshape(len(some), -1), check_contrast=False)
    (place / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(b"\0" * 8 + labels.tobytes()))
    return root


STUDY = """
title = "two small nets"
task = "mnist"

[settings]
data = "{data}"
filters = 2
per_class = 3
val = 1
test = 1
epochs = {epochs}

[axes]
loss = ["ce", "power_jaccard:2"]
seed = [0]

[[table]]
by = ["loss"]
clear = 0.25
"""
