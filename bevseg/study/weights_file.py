"""Weights of a network <-> a safetensors file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from bevseg.errors import InputError
from bevseg.runtime.atomic import replacing


def write_weights(weights: Mapping[str, Tensor], path: Path) -> None:
    """Write weights from any device; the file appears whole."""
    with replacing(path) as temporary:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}, temporary)


def read_weights(path: Path) -> dict[str, Any]:
    """Read weights to the CPU.

    Raises
    ------
    InputError
        If the file does not exist or is damaged.
    """
    try:
        return dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise InputError(
            "The weights of a run cannot be read",
            where=path,
            why=str(error),
            hint="remove the file, and call again: the run is trained again",
        ) from error
