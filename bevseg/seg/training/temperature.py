"""A network and labelled rasters -> the temperature at which its confidences are shares that are right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bevseg.core.raster import Band
from bevseg.seg.description import TEMPERATURE
from bevseg.seg.inference.predict import Classifier
from bevseg.seg.training.validate import Scene

LEAST_CELLS = 200
"""Labelled cells without which nothing is said about a temperature. So many tell it to about a tenth (the standard
deviation where labels are drawn with the probabilities of five classes); a quarter as many, to a quarter."""

HALVINGS = 30
"""Of the interval that holds the temperature: six digits are left of it."""


def fit_temperature(
    net: nn.Module, scenes: Sequence[Scene], bands: tuple[Band, ...], classes: int, device: torch.device
) -> float | None:
    """Return the temperature of a trained network.

    None: the scenes have fewer than LEAST_CELLS labelled cells, or they are all right.

    Parameters
    ----------
    net
        Not changed.
    scenes
        Whole rasters that it was not trained on.
    bands
        What it reads.
    classes
        Number of its outputs.
    device
        Where it computes: the logits are those of predictions there.
    """
    classify = Classifier(net, bands, classes, device)
    logits, labels = [np.zeros((0, classes), np.float32)], [np.zeros(0, np.uint8)]
    for values, truth in scenes:
        known = truth > 0
        logits.append(classify.logits(values, known))
        labels.append(truth[known] - 1)
    if sum(map(len, labels)) < LEAST_CELLS:
        return None
    return temperature_of(np.concatenate(logits), np.concatenate(labels))


def temperature_of(logits: NDArray[np.float32], labels: NDArray[np.uint8]) -> float | None:
    """Return what logits are divided by for the least negative log-likelihood of the labels.

    None if the least temperature that a model may have is the likeliest, as where all cells are right. It would make
    every confidence a certainty: that is more than these cells tell of others. If the greatest one is the likeliest,
    the network is no better than a guess, and confidences near an even share say so.

    Guo et al., On Calibration of Modern Neural Networks (ICML 2017), section 4.2. As a function of the inverse
    temperature the likelihood has one optimum: its slope is halved into.

    Parameters
    ----------
    logits
        (N, classes).
    labels
        (N,), the true output of each, from 0 on.
    """
    shifted = logits - logits.max(1, keepdims=True)
    true = float(np.take_along_axis(shifted, labels[:, None].astype(np.int64), 1).mean(dtype=np.float64))
    assert TEMPERATURE.least is not None and TEMPERATURE.most is not None
    if true >= _expected(shifted, TEMPERATURE.least):
        return None
    low, high = np.log(TEMPERATURE.least), np.log(TEMPERATURE.most)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        # Larger logits of the truth than are expected at this temperature: it may be lower.
        if true > _expected(shifted, np.exp(middle)):
            high = middle
        else:
            low = middle
    return round(float(np.exp((low + high) / 2)), 6)


def _expected(shifted: NDArray[np.float32], temperature: float) -> float:
    """Return the mean logit that the probabilities at a temperature expect."""
    shares = np.exp(shifted / np.float32(temperature))
    means = np.einsum("nc,nc->n", shares, shifted) / shares.sum(1)
    return float(means.mean(dtype=np.float64))
