"""Crops and facts of the surrogate that NeuroIoU fits to the output maps of a trained network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Tensor

from bevseg.study.random_crops import RandomCrops


def single_crops(
    crops: RandomCrops, target: Callable[[Tensor], Tensor], count: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield bands (1, C, rows, cols) and target (1, rows, cols) of each of `count` crops."""
    for _ in range(count):
        bands, labels = crops.batch(1)
        yield bands, target(labels)


def facts(surrogate: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a surrogate, for tables.

    They are `surrogate_rmse` over held-out pairs, `surrogate_spread` (the RMSE of the best constant), and `right_TP`,
    `right_FP`, `right_FN` (share of the pairs where the slope has the correct sign).
    """
    errors = {f"surrogate_{name}": surrogate[name] for name in ("rmse", "spread")}
    return errors | {f"right_{name}": slope["share"] for name, slope in surrogate["slopes"].items()}
