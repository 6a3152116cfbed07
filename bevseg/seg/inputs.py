"""Bands in physical units -> what a network reads; train ids -> targets of its outputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bevseg.labels import CLASS_NAMES
from bevseg.raster import Band

IGNORE = 255
"""Target of a cell that is empty or undefined."""

OUTPUTS = len(CLASS_NAMES) - 1
"""Outputs of a network: every class but undefined. The slot of `ground` means any other thing above the ground."""


def scaled(values: NDArray[np.floating], bands: Sequence[Band]) -> NDArray[np.float32]:
    """Return value / scale of each band (..., bands, rows, cols), and 0 where the value is not known."""
    scale = np.array([band.scale for band in bands], np.float32).reshape(-1, 1, 1)
    return np.nan_to_num(np.divide(values, scale, dtype=np.float32), copy=False)


def targets(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return train id - 1; undefined (0) becomes IGNORE."""
    return labels - np.uint8(1)


def to_device(array: NDArray[np.generic], device: torch.device) -> Tensor:
    """Copy an array to the device, through pinned memory where that lets the copy run beside the host."""
    tensor = torch.from_numpy(array)
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor
