"""The model that ships with bevseg, and where it lies; README.md beside it is its card."""

from __future__ import annotations

from pathlib import Path

from bevseg.errors import ModelError

DEFAULT = Path(__file__).with_name("default.safetensors")
"""Trained on simulated streets alone."""


def default_model() -> Path:
    """Return the file of the model that ships.

    Raises
    ------
    ModelError
        If this copy of bevseg came without it.
    """
    if DEFAULT.is_file():
        return DEFAULT
    raise ModelError(
        "This installation of bevseg has no default model",
        where=DEFAULT,
        why="there is no such file",
        hint="install the wheel, or give your own model; `bevseg run --train-on LABELLED_DIR` trains one",
    )
