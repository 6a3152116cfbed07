"""What the surrogate is worth that NeuroIoU learns from the maps of a trained network: crops for it, facts of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Tensor

from bevseg.study.crops import Crops


def one_by_one(
    crops: Crops, target: Callable[[Tensor], Tensor], count: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield bands (1, C, rows, cols) and target (1, rows, cols) of each of `count` crops."""
    for _ in range(count):
        bands, labels = crops.batch(1)
        yield bands, target(labels)


def facts(surrogate: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a run that tables show.

    They are `surrogate_rmse` over pairs held out, `surrogate_spread` (that of the best constant), and `right_TP`,
    `right_FP`, `right_FN` (share of the pairs with the right sign).
    """
    found = {f"surrogate_{name}": surrogate[name] for name in ("rmse", "spread")}
    return found | {f"right_{name}": slope["share"] for name, slope in surrogate["slopes"].items()}
