"""What a training is asked for, as JSON values: one that was interrupted goes on only if it is asked for the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

import bevseg
from bevseg.config import Settings, to_table
from bevseg.config.domains import Fault, refusal, shown
from bevseg.errors import OutputExistsError
from bevseg.seg.checkpoint import Model, weights_sha256
from bevseg.seg.device import resolve
from bevseg.seg.training.state_file import TrainingState
from bevseg.training.examples import Example, ExtraSupervision


def asked_settings(settings: Settings, slices: Sequence[str], seed: int, device: str) -> dict[str, Any]:
    """Return what is known before the clouds are read.

    The kind of the device is a part of it: the random numbers of a GPU are of no use on a CPU.
    """
    asked = {"bevseg": bevseg.__version__, "slice": slices, "seed": seed, "device": resolve(device).type}
    return _plain(asked | to_table(settings))


def asked_clouds(
    examples: Sequence[Example],
    held_out: Sequence[str] | Mapping[str, Any],
    init: Model | None,
    extra: ExtraSupervision,
) -> dict[str, Any]:
    """Return what a training learns from: clouds with their order and the split, and models, by their content.

    `held_out` are names of clouds, or the facts of a split by blocks.
    """
    return _plain(
        {
            "order": [example.cloud.name for example in examples],
            "val": held_out,
            "cloud": {example.cloud.name: _sha256(example) for example in examples},
            "init": init and weights_sha256(init),
            "teacher": extra.teacher and weights_sha256(extra.teacher),
            "unlabelled": {example.cloud.name: _sha256(example) for example in extra.unlabelled},
        }
    )


def ensure_same(state: TrainingState, asked: Mapping[str, Any]) -> None:
    """Raise OutputExistsError if a training is asked for other things than when its state was written.

    Parameters
    ----------
    state
        Of the interrupted training.
    asked
        All of what it is asked for now, or a part.
    """
    before = dict(_leaves({key: state.asked.get(key) for key in asked}))
    now = dict(_leaves(asked))
    faults = [
        Fault(key, f": {_shown(key, before)} then, {_shown(key, now)} now")
        for key in dict.fromkeys([*before, *now])
        if key not in before or key not in now or before[key] != now[key]
    ]
    if faults:
        raise refusal(
            faults,
            state.source,
            OutputExistsError,
            "go on with the same settings and clouds, start anew with --overwrite, or name another output",
            "The interrupted training was asked for something else",
        )


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table as JSON gives it back: lists for tuples."""
    return dict(json.loads(json.dumps(table)))


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield key and value of all that is no table, as `train.steps`."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _shown(key: str, leaves: Mapping[str, Any]) -> str:
    """Return a value for a message; of a hash, which nobody compares by eye, the first digits."""
    if key not in leaves:
        return "not there"
    value = leaves[key]
    if isinstance(value, str) and len(value) == 2 * hashlib.sha256().digest_size:
        return f"content {value[:8]}"
    return ", ".join(map(str, value)) if isinstance(value, list) else shown(value)


def _sha256(example: Example) -> str:
    """Return the SHA-256 of all that crops are made of."""
    cloud, dem = example.cloud, example.dem
    digest = hashlib.sha256(repr((cloud.scale, cloud.offset, dem.grid, dem.names)).encode())
    for values in (cloud.x, cloud.y, cloud.z, cloud.labels, cloud.finite, cloud.far, dem.values):
        if values is None:
            digest.update(b"none")
        else:
            digest.update(f"{values.dtype.str} {values.shape}".encode())
            digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()
