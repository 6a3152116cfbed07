"""Bands in physical units -> what a network reads; train ids -> targets of its outputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bevseg.core.labels import CLASS_NAMES, GROUND
from bevseg.core.raster import Band

CPU = torch.device("cpu")

IGNORE = 255
"""Target of a cell that is empty or undefined."""

OUTPUTS = tuple(
    "other" if train_id == GROUND else CLASS_NAMES[train_id] for train_id in range(1, len(CLASS_NAMES))
)
"""Names of the outputs of a network, train id - 1. In the place of ground stands terrain above the ground band."""


def occupied(values: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.bool_]:
    """Return which cells (rows, cols) hold a point of the slice: `density` > 0, or else the first band is known.

    Parameters
    ----------
    values
        (bands, rows, cols), in physical units, NaN where unknown.
    names
        Of the bands.
    """
    if "density" in names:
        return np.asarray(values[names.index("density")] > 0)
    return ~np.isnan(values[0])


def scaled(values: NDArray[np.float32], bands: Sequence[Band], device: torch.device = CPU) -> Tensor:
    """Return value / scale of each band, float32 (bands, rows, cols), and 0 where the value is not known.

    It is computed on the device.
    """
    factors = to_device(torch.tensor([1 / band.scale for band in bands], dtype=torch.float32), device)
    return to_device(torch.from_numpy(values), device).mul(factors[:, None, None]).nan_to_num_()


def targets(labels: NDArray[np.uint8]) -> Tensor:
    """Return train id - 1, uint8; undefined (0) becomes IGNORE."""
    return torch.from_numpy(labels - np.uint8(1))


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy to the device; from pinned memory, so that the copy to a GPU runs beside the work of the host."""
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
