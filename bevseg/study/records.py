"""The store of finished runs: one line of JSON per run in `runs.jsonl`, with history and weights beside it.

The file only grows. The last line of a run counts. A line that an interruption cut short is no JSON and is ignored.
"""

from __future__ import annotations

import csv
import functools
import json
import math
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

import bevseg
from bevseg.runtime.atomic import replacing, wait_for_disk, write_error
from bevseg.study.grid import Run
from bevseg.study.own_code import own_code
from bevseg.study.plan import PLACES
from bevseg.study.task import RunResult
from bevseg.study.weights_file import read_weights, write_weights

Record = dict[str, Any]
"""`key`, `task`, `at`, `settings` (all of them), `sources`, `made_with`, `facts`."""

FILE = "runs.jsonl"
"""Name of the store in the folder of a study."""

SETTINGS = "settings.json"
"""Name of the file with the study and the settings of all its runs, of the last call."""

MOST_BYTES = 16_000_000
"""Largest size of a record."""


def read(folder: Path) -> dict[str, Record]:
    """Return key -> record of all finished runs."""
    found: dict[str, Record] = {}
    try:
        file = (folder / FILE).open("rb")
    except FileNotFoundError:
        return found
    with file:
        # A longer line is read in pieces, and no piece of it is JSON.
        for line in iter(functools.partial(file.readline, MOST_BYTES), b""):
            record = _record(line)
            if record is not None:
                found[record["key"]] = record
    return found


def _record(line: bytes) -> Record | None:
    """Return the record in a line; None if it is damaged."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    groups = ("at", "settings", "facts")
    sound = isinstance(record, dict) and all(isinstance(record.get(name), dict) for name in groups)
    return record if sound and isinstance(record.get("key"), str) else None


def keys_of_last_call(folder: Path) -> set[str]:
    """Return the keys of the runs in `settings.json`; none if the file is gone or damaged."""
    try:
        runs = json.loads((folder / SETTINGS).read_bytes())["runs"]
        return {run["key"] for run in runs}
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return set()


def valid(record: Record | None, run: Run, settings: Mapping[str, Any]) -> Record | None:
    """Return the record with the names of today's axes; None if there is none, or if defaults have changed since."""
    if record is None:
        return None
    new = plain(settings)
    same = all(new[name] == value for name, value in record["settings"].items() if name in new)
    # The names of axes and values come from the study file. They may have changed since the run.
    return record | {"at": plain(run.at)} if same else None


def save(
    folder: Path,
    task: str,
    run: Run,
    settings: Mapping[str, Any],
    result: RunResult,
    device: torch.device,
) -> Record:
    """Write history and weights of a run; each file appears whole. Return the record, which `append` stores."""
    if result.history:
        with (
            replacing(_file(folder, run.key, ".csv")) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            names = list(dict.fromkeys(name for row in result.history for name in row))
            writer = csv.DictWriter(file, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(result.history)
    if result.weights is not None:
        write_weights(result.weights, _file(folder, run.key, ".safetensors"))
    record: Record = plain(
        {
            "key": run.key,
            "task": task,
            "at": run.at,
            "settings": settings,
            "sources": run.sources,
            "made_with": made_with(device) | {"own_code": own_code(settings)},
            "facts": result.facts,
        }
    )
    return record


def append(folder: Path, record: Record) -> None:
    """Add a record to the store. It is on the disk when this returns.

    Raises
    ------
    OutputWriteError
        If the system rejects the write.
    """
    path = folder / FILE
    line = json.dumps(record, allow_nan=False).encode() + b"\n"
    try:
        with path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # an interruption cut the last line short
                    line = b"\n" + line
            file.write(line)
            file.flush()
            wait_for_disk(file.fileno())
    except OSError as error:
        raise write_error(path, error) from error


def has_weights(folder: Path, key: str) -> bool:
    """Return whether the weights of a finished run are there."""
    return _file(folder, key, ".safetensors").exists()


def weights(folder: Path, key: str) -> dict[str, Any]:
    """Read the weights of a finished run; InputError if there are none."""
    return read_weights(_file(folder, key, ".safetensors"))


def history(folder: Path, key: str) -> list[dict[str, float]]:
    """Read the history of a run; empty cells are NaN."""
    path = _file(folder, key, ".csv")
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: float(value or "nan") for name, value in row.items()} for row in csv.DictReader(file)]


def made_with(device: torch.device) -> dict[str, Any]:
    """Return versions, machine, device and number of threads. Exact results depend on them."""
    return {
        "bevseg": bevseg.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
    }


def plain(value: Any) -> Any:
    """Return the value in the types of JSON: NaN is null, an array is a list; the settings of PLACES are left out."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items() if name not in PLACES}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _file(folder: Path, key: str, suffix: str) -> Path:
    return folder / "runs" / f"{key}{suffix}"
