"""Labelled clouds -> those that are held out of the training, as a whole, for early stopping."""

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
    labels: Mapping[str, NDArray[np.integer]],
    val: Sequence[str] | None,
    share: float,
    seed: int,
    groups: Sequence[tuple[str, ...]] | None = None,
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
        Share of the groups to choose, at least one and never all; 0 chooses none. A single one is not split.
    seed
        Of the draws.
    groups
        Names of clouds that are held out together or not at all; None: each cloud is a group.

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
            "only one labelled cloud: it is used for training, and none is held out for early stopping; "
            "--val-blocks holds out a part of it"
        )
        return ()
    together = sorted(groups) if groups else [(name,) for name in names]
    count = min(max(1, round(share * len(together))), len(together) - 1)
    points = np.array([sum(labels[name][UNDEFINED + 1 :] for name in group) for group in together], float)
    rng = np.random.default_rng(seed)
    draws = [np.sort(rng.permutation(len(together))[:count]) for _ in range(DRAWS)]
    taken = [points[draw].sum(0) for draw in draws]
    best = min(range(DRAWS), key=lambda draw: cost_of(taken[draw], taken[draw], points.sum(0)))
    return tuple(sorted(name for i in draws[best] for name in together[i]))


def cost_of(
    held: NDArray[np.float64], lost: NDArray[np.float64], all_of_it: NDArray[np.float64]
) -> tuple[int, float]:
    """Return how many classes are missing among the points held out, and the largest share of a class that is lost.

    Parameters
    ----------
    held, lost, all_of_it
        Points of each class that are held out, that the training loses by it, and that there are.
    """
    shares = lost / np.maximum(all_of_it, 1)
    return int(((held < SHOWN) & (all_of_it >= SHOWN)).sum()), float(shares.max())
