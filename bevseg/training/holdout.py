"""Labelled clouds -> those that are held out of the training, for early stopping."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import UNDEFINED
from bevseg.errors import UsageError

log = logging.getLogger(__name__)

DRAWS = 200
"""Random choices of clouds to hold out. The best of them is taken."""

SHOWN = 100
"""Points from which on a class counts as shown."""


def ensure_known(names: Sequence[str], val: Sequence[str]) -> None:
    """Raise UsageError if `val` names clouds that are not there, or all of them."""
    unknown = sorted(set(val) - set(names))
    if unknown or not set(names) - set(val):
        raise UsageError(
            "These clouds cannot be held out for validation",
            where="--val",
            why=f"not among the labelled clouds: {', '.join(unknown)}"
            if unknown
            else "none is left to train on",
            hint=f"the labelled clouds are: {', '.join(names)}",
        )


def hold_out(
    labels: Mapping[str, NDArray[np.integer]], val: Sequence[str] | None, share: float, seed: int
) -> tuple[str, ...]:
    """Return the clouds that are kept for early stopping: the ones named, or a seeded choice of whole clouds.

    Of DRAWS random choices the one is taken that shows the most classes and, among those, takes the least from
    training: the smallest share of the class that it takes most of. A stretch of street without a house cannot
    show when to stop learning houses, and the only one with houses is needed to learn them.

    Parameters
    ----------
    labels
        Name of each labelled cloud -> number of its points of each train id.
    val
        Names of clouds to hold out; None: the rule chooses.
    share
        Share of the clouds to choose, at least one and never all; 0 chooses none. A single cloud is not split.
    seed
        Of the draws.

    Raises
    ------
    UsageError
        If a name is unknown, or nothing is left to train on.
    """
    names = sorted(labels)
    if val is not None:
        ensure_known(names, val)
        return tuple(sorted(set(val)))
    if share == 0:
        log.info("all labelled clouds train, nothing is held out to stop on")
        return ()
    if len(names) == 1:
        log.warning(
            "only one labelled cloud: it is used for training, and none is held out for early stopping"
        )
        return ()
    count = min(max(1, round(share * len(names))), len(names) - 1)
    points = np.array([labels[name][UNDEFINED + 1 :] for name in names], float)
    rng = np.random.default_rng(seed)
    draws = [np.sort(rng.permutation(len(names))[:count]) for _ in range(DRAWS)]
    chosen = min(draws, key=lambda draw: _cost(points[draw].sum(0), points.sum(0)))
    return tuple(names[i] for i in chosen)


def _cost(held: NDArray[np.float64], all_of_it: NDArray[np.float64]) -> tuple[int, float]:
    """Return how many classes are missing among the points held out, and the largest share of a class there."""
    shares = held / np.maximum(all_of_it, 1)
    return int(((held < SHOWN) & (all_of_it >= SHOWN)).sum()), float(shares.max())
