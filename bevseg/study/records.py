"""The files of a finished run: history, weights and, written last, one JSON record."""

from __future__ import annotations

import csv
import math
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

import bevseg
from bevseg.config.files import read_json
from bevseg.errors import InputError
from bevseg.runtime.atomic import replacing, write_json
from bevseg.study.plan import PLACES, Run
from bevseg.study.task import RunResult

Record = dict[str, Any]
"""`key`, `task`, `at`, `settings` (all of them), `init`, `made_with`, `facts`."""


MOST_BYTES = 16_000_000
"""Largest size of a record."""


def load(folder: Path, run: Run, settings: Mapping[str, Any]) -> Record | None:
    """Return the record of a finished run; None if there is none, or if the defaults have changed since."""
    path = _file(folder, run.key, ".json")
    try:
        record: Record = read_json(path, hint="remove it", most_bytes=MOST_BYTES)
        old = record["settings"]
    except (InputError, KeyError):
        return None
    new = plain(settings)
    same = all(new[name] == value for name, value in old.items() if name in new)
    # The names of axes and values come from the study file. They may have changed since the run.
    return record | {"at": plain(run.at)} if same else None


def save(folder: Path, task: str, run: Run, settings: Mapping[str, Any], result: RunResult) -> Record:
    """Write history, weights and, last, the record; each appears whole. Return the record."""
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
        with replacing(_file(folder, run.key, ".pt")) as temporary:
            torch.save(result.weights, temporary)
    record = plain(
        {
            "key": run.key,
            "task": task,
            "at": run.at,
            "settings": settings,
            "init": run.init,
            "made_with": made_with(),
            "facts": result.facts,
        }
    )
    write_json(record, _file(folder, run.key, ".json"))
    return dict(record)


def weights(folder: Path, key: str) -> dict[str, Any]:
    """Read the weights of a finished run; InputError if there are none."""
    path = _file(folder, key, ".pt")
    if not path.exists():
        raise InputError(
            "The run to start from has no weights", where=path, hint="remove its record, and call again"
        )
    state: dict[str, Any] = torch.load(path, weights_only=True)
    return state


def history(folder: Path, key: str) -> list[dict[str, float]]:
    """Read the history of a run; empty cells are NaN."""
    path = _file(folder, key, ".csv")
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: float(value or "nan") for name, value in row.items()} for row in csv.DictReader(file)]


def made_with() -> dict[str, Any]:
    """Return versions, machine and number of threads. Exact results depend on them."""
    return {
        "bevseg": bevseg.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
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
