"""Training clouds -> the statistics that the model keeps of them, to tell scans that are unlike them."""

from __future__ import annotations

from collections.abc import Sequence

from bevseg.config import Settings
from bevseg.core.scan_counts import scan_counts, scan_statistics
from bevseg.seg.checkpoint import Model
from bevseg.training.examples import Example


def scans_of(examples: Sequence[Example], settings: Settings, init: Model | None) -> dict[str, list[float]]:
    """Return statistic -> its values in the clouds that a model has learned from.

    Parameters
    ----------
    examples
        The clouds that it has learned from.
    settings
        Of all stages.
    init
        The model that it started from: what that one has learned from counts, too, as far as it is known.
    """
    scans = {name: list(values) for name, values in init.scans.items()} if init else {}
    for example in examples:
        counts = scan_counts(example.cloud, example.dem, settings.slices.ground_band)
        for name, value in scan_statistics(counts).items():
            scans.setdefault(name, []).append(float(f"{value:.4g}"))
    return scans
