"""State of a training of one network after the other <-> ONE safetensors file, with JSON among its metadata."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from bevseg.config.domains import shown
from bevseg.config.files import parse_json
from bevseg.errors import InputError
from bevseg.runtime.atomic import replacing
from bevseg.seg.training.network_state import ANEW, NetworkState, Tensors

KEY = "bevseg_training"
"""Key of the metadata of the file under which all but the tensors stands."""

SHA256 = "sha256"
"""Key under which the SHA-256 of that text and of all tensors stands: nobody would notice a wrong weight."""

FORMAT = 1
"""Version of that text."""

MOST_BYTES = 100_000_000
"""Size of that text at most: safetensors takes no more. A row of the history has 250 bytes."""


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A training as it stood after a validation step.

    Attributes
    ----------
    asked
        What it was asked for: settings, clouds by their content and so on; JSON values.
    began
        Seconds from its start to that of the last network.
    seconds
        Since its start, interruptions left out.
    networks
        Slice -> state, in the order of the training. All but the last are done.
    source
        The file it was read from, for messages.
    """

    asked: dict[str, Any]
    began: float = 0.0
    seconds: float = 0.0
    networks: dict[str, NetworkState] = field(default_factory=dict)
    source: str | None = None


def write(state: TrainingState, path: Path) -> None:
    """Write a state; it appears by rename.

    Raises
    ------
    OutputWriteError
        If the system refuses the write.
    """
    table = {
        "format": FORMAT,
        "asked": state.asked,
        "began": state.began,
        "seconds": state.seconds,
        "networks": {name: _table(network) for name, network in state.networks.items()},
    }
    tensors = {
        f"{name}/{part}/{key}": value
        for name, network in state.networks.items()
        for part, of in network.tensors.items()
        for key, value in of.items()
    }
    _save(json.dumps(table, allow_nan=False), tensors, path)


def read(path: Path) -> TrainingState:
    """Read a state.

    Raises
    ------
    InputError
        If the file is not ours, is damaged, or is of another version of the format.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            # Copies: the file, which they would keep open, is to be replaced.
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise _refusal(path, str(error)) from error
    text = metadata.get(KEY)
    if text is None:
        raise _refusal(path, "its metadata does not speak of a training")
    if metadata.get(SHA256) != _sha256(text, tensors):
        raise _refusal(path, "it is damaged: its content is not that of its checksum")
    table = parse_json(text, path, hint=ANEW, most_bytes=MOST_BYTES)
    if table.get("format") != FORMAT:
        raise _refusal(path, f"its format is {shown(table.get('format'))}; this version reads {FORMAT}")
    try:
        networks = {name: _network(name, of, tensors) for name, of in table["networks"].items()}
        if not networks:
            raise ValueError("no network was trained")
        return TrainingState(
            dict(table["asked"]), float(table["began"]), float(table["seconds"]), networks, str(path)
        )
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _refusal(path, f"it is damaged: {' '.join(str(error).split())[:300]}") from error


def _save(text: str, tensors: Tensors, path: Path) -> None:
    with replacing(path) as temporary:
        save_file(tensors, temporary, {KEY: text, SHA256: _sha256(text, tensors)})


def _sha256(text: str, tensors: Tensors) -> str:
    digest = hashlib.sha256(text.encode())
    for key, value in sorted(tensors.items()):
        digest.update(f"{key} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _table(network: NetworkState) -> dict[str, Any]:
    """Return all but the tensors, with null for what is NaN, and for the score of a training that has none yet."""
    return {
        "step": network.step,
        "seconds": network.seconds,
        "done": network.done,
        "history": [{name: _finite(value) for name, value in row.items()} for row in network.history],
        "score": _finite(network.score),
        "reached": _finite(network.reached),
        "stale": network.stale,
        "schedule": {name: _finite(value) for name, value in network.schedule.items()},
    }


def _network(name: str, table: dict[str, Any], tensors: Tensors) -> NetworkState:
    parts: dict[str, Tensors] = {}
    for key, value in tensors.items():
        of, part, rest = key.split("/", 2)
        if of == name:
            parts.setdefault(part, {})[rest] = value
    return NetworkState(
        int(table["step"]),
        float(table["seconds"]),
        bool(table["done"]),
        [{column: _number(value, math.nan) for column, value in row.items()} for row in table["history"]],
        _number(table["score"], -math.inf),
        _number(table["reached"], math.nan),
        int(table["stale"]),
        {key: _number(value, -math.inf) for key, value in table["schedule"].items()},
        parts,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _number(value: Any, missing: float) -> Any:
    """Return a number of the file as it is, whole or not, or what null stands for."""
    if value is None:
        return missing
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{shown(value)} is no number")
    return value


def _refusal(path: Path, why: str) -> InputError:
    return InputError("This is no state of a training", where=path, why=why, hint=ANEW)
