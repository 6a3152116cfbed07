"""Facts of the surrogate that NeuroIoU fits to the output maps of a trained network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def facts(surrogate: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a surrogate, for tables.

    They are `surrogate_rmse` over held-out pairs, `surrogate_spread` (the RMSE of the best constant), and `right_TP`,
    `right_FP`, `right_FN` (share of the pairs where the slope has the correct sign).
    """
    errors = {f"surrogate_{name}": surrogate[name] for name in ("rmse", "spread")}
    return errors | {f"right_{name}": slope["share"] for name, slope in surrogate["slopes"].items()}
