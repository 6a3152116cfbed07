"""What random numbers and names are drawn from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Span = tuple[float, float]
"""Ends of a uniform distribution."""
Shares = Mapping[str, float]
"""Name -> weight. The weights need not add up to 1."""


def drawn(rng: np.random.Generator, shares: Shares) -> str:
    """Draw one name by its share."""
    weights = np.array(list(shares.values()))
    return str(rng.choice(list(shares), p=weights / weights.sum()))


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number between two, evenly; their middle where the room between them is gone (`low` above `high`)."""
    return float(rng.uniform(low, high)) if low < high else (low + high) / 2
