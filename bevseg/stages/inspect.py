"""A model or a cloud -> its contents as text or JSON: `bevseg inspect`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bevseg.core.labels import load_scheme
from bevseg.core.scores import score_table
from bevseg.io.read import read_cloud
from bevseg.workdir.facts import cloud_facts

MODEL_SUFFIX = ".safetensors"


def contents(path: Path, classes: str | None = None) -> dict[str, Any]:
    """Return the contents of a file.

    Parameters
    ----------
    path
        A model (`.safetensors`) or a cloud.
    classes
        Class scheme of a cloud; None: that of its format.
    """
    if path.suffix == MODEL_SUFFIX:
        # Only here: a cloud is shown without the seconds that torch takes to import.
        from bevseg.seg import checkpoint

        return {"kind": "model", "file": str(path)} | checkpoint.describe(checkpoint.load(path))
    cloud = read_cloud(path, scheme=load_scheme(classes) if classes else None)
    return {"kind": "cloud", "file": str(path)} | cloud_facts(cloud, path)


def to_json(table: Mapping[str, Any]) -> str:
    """Format a table as JSON."""
    return json.dumps(table, indent=2)


def text(table: Mapping[str, Any]) -> str:
    """Format the contents for people: one line per value, the scores of a model as a table."""
    held_out = table.get("scores", {}).get("validation")
    plain = _lines({key: value for key, value in table.items() if key != "scores"})
    if table["kind"] == "model":
        plain.append(f"trained on: {_value(table['scores'].get('trained_on', []))}")
    if held_out:
        plain += [f"held out: {_value(held_out['clouds'])}; percent of their points"]
        plain += [score_table(held_out["scores"], held_out["oracle"])]
    return "\n".join(plain)


def _lines(table: Mapping[str, Any], indent: int = 0) -> list[str]:
    lines = []
    for key, value in table.items():
        head = f"{' ' * indent}{key}:"
        nested = isinstance(value, Mapping) and bool(value)
        lines += [head, *_lines(value, indent + 2)] if nested else [f"{head} {_value(value)}"]
    return lines


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_value(item) for item in value) or "-"
    if isinstance(value, Mapping):
        return " ".join(_value(item) for item in value.values()) or "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    return "-" if value is None else str(value)
