"""Settings chosen without the sample they are scored on, and samples turned and thinned; used by ground_isprs.py."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from ground_scores import Mask, Scores

from bevseg.config import GroundConfig
from bevseg.core.pointcloud import PointCloud

WINDOWS, SLOPES, THRESHOLDS = (12.0, 18.0, 24.0), (0.04, 0.06, 0.09), (0.3, 0.45, 0.6)
"""The grid, round the defaults: m, m per m, m."""

CHANGES = ((1.0, 30), (1.0, 55), (0.6, 0), (0.6, 30), (0.6, 55))
"""Share of the points that stays, and degrees: openings and zones look along the rows and columns of a grid, towns do
not."""

SEED = 0

Setting = tuple[float, float, float]
"""Window, slope, threshold."""


class Choice(NamedTuple):
    """A sample that was left out, the setting that is best on all others, and its scores on the one left out."""

    sample: str
    setting: Setting
    scores: Scores


def grid(settings: GroundConfig) -> dict[Setting, GroundConfig]:
    """Return all settings of the grid; what is not in it stays as it is."""
    return {
        (window, slope, threshold): replace(settings, window=window, slope=slope, threshold=threshold)
        for window, slope, threshold in itertools.product(WINDOWS, SLOPES, THRESHOLDS)
    }


def left_out(of_settings: Mapping[Setting, Mapping[str, Scores]]) -> list[Choice]:
    """Choose for each sample the setting with the best mean kappa on all the others.

    Parameters
    ----------
    of_settings
        Setting -> sample -> scores; at least two samples.
    """
    choices = []
    for sample in next(iter(of_settings.values())):
        means = {
            setting: statistics.fmean(of["kappa"] for name, of in samples.items() if name != sample)
            for setting, samples in of_settings.items()
        }
        best = max(means, key=means.__getitem__)
        choices.append(Choice(sample, best, of_settings[best][sample]))
    return choices


def changed(cloud: PointCloud, truth: Mask, kept: float, degrees: float) -> tuple[PointCloud, Mask]:
    """Return a cloud thinned and turned about its middle, and which of its points are ground.

    The points that stay are the same at every angle.
    """
    stays = np.random.default_rng(SEED).random(len(cloud)) < kept
    xyz = cloud.xyz[stays]
    middle, angle = xyz[:, :2].mean(axis=0), np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    xyz[:, :2] = (xyz[:, :2] - middle) @ turn + middle
    return PointCloud.from_xyz(xyz, name=cloud.name), truth[stays]
