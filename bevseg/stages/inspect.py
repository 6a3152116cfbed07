"""A model or a cloud -> its contents as text or JSON: `bevseg inspect`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bevseg.core.density import points_per_square_metre
from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import PointCloud
from bevseg.core.scores import score_table
from bevseg.errors import ModelError
from bevseg.io.describe import describe
from bevseg.io.fields import Source, meaning
from bevseg.io.read import FileCodes, read_with_codes, without_far_points
from bevseg.printable import printable, utf8_values
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
    cloud, codes = read_with_codes(path, scheme=load_scheme(classes) if classes else None)
    cloud = without_far_points(cloud, path)
    facts = cloud_facts(cloud, path)
    described = describe(path, cloud)
    return {
        "kind": "cloud",
        "file": str(path),
        "format": described["format"],
        "fields": described["fields"],
        **facts,
        "size_m": _size(facts["bounds_m"]),
        "density_per_m2": points_per_square_metre(cloud),
        "reference_system": described["reference_system"],
        "class_codes": None if codes is None else _class_codes(codes),
        "returns": _returns(cloud),
        "gps_time": described["gps_time"],
    }


def _size(bounds: Mapping[str, tuple[float, float]] | None) -> dict[str, float] | None:
    return None if bounds is None else {axis: high - low for axis, (low, high) in bounds.items()}


def _class_codes(codes: FileCodes) -> dict[str, dict[str, Any]]:
    """Return code -> its name in the scheme and its points, as the codes stand in the file."""
    names = {entry.code: entry.name for entry in codes.scheme.entries} if codes.scheme else {}
    found, counts = np.unique(np.ma.compressed(codes.values), return_counts=True)
    return {
        str(code): {"name": names.get(int(code)), "points": int(count)}
        for code, count in zip(found, counts, strict=True)
    }


def _returns(cloud: PointCloud) -> dict[str, dict[str, int]] | None:
    """Return the points of each return number, and of each number of returns; None for files without them."""
    fields = cloud.source.fields() if isinstance(cloud.source, Source) else {}
    tables = {}
    for name, values in fields.items():
        if meaning(name) in ("return_number", "number_of_returns"):
            found, counts = np.unique(values, return_counts=True)
            tables[name] = {f"{value:g}": int(count) for value, count in zip(found, counts, strict=True)}
    return tables or None


def to_json(table: Mapping[str, Any]) -> str:
    """Format a table as JSON."""
    return json.dumps(utf8_values(table), indent=2)


def text(table: Mapping[str, Any]) -> str:
    """Format the contents for people: one line per value, the scores of a model as a table."""
    try:
        return _text(table)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if table["kind"] != "model":
            raise
        raise ModelError(
            "The scores in this model cannot be shown",
            where=table["file"],
            why=f"{type(error).__name__}: {error}"[:300],
            hint="show them as they are with --json; the networks can be used",
        ) from error


def _text(table: Mapping[str, Any]) -> str:
    held_out = table.get("scores", {}).get("validation")
    plain = _lines({key: value for key, value in table.items() if key not in ("scores", "scans")})
    if table["kind"] == "model":
        plain += _lines({"scans": _ranges(table["scans"])}) if "scans" in table else []
        plain.append(f"trained on: {_value(table['scores'].get('trained_on', []))}")
    split = table.get("scores", {}).get("split")
    if split:
        plain.append(f"split: {_blocks(split)}")
    if held_out:
        plain += [f"held out: {_value(held_out['clouds'])}; percent of their points"]
        plain += [score_table(held_out["scores"], held_out["oracle"])]
    return "\n".join(plain)


def _ranges(scans: Mapping[str, list[float]]) -> dict[str, str]:
    """Return the range of each statistic of the training clouds."""
    return {
        name: f"{_value(min(values))} to {_value(max(values))} in {len(values)} clouds"
        for name, values in scans.items()
        if values
    }


def _blocks(split: Mapping[str, Any]) -> str:
    """Say which blocks of a training were held out."""
    held, rest, cell = len(split["held_out"]), len(split["training"]), split["cell_m"]
    return (
        f"{held} of {held + rest} blocks of {_value(split['block_cells'] * cell)} m held out, "
        f"guard band of {_value(split['guard_cells'] * cell)} m, seed {_value(split['seed'])}"
    )


def _lines(table: Mapping[str, Any], indent: int = 0) -> list[str]:
    lines = []
    for key, value in table.items():
        head = f"{' ' * indent}{printable(key)}:"
        nested = isinstance(value, Mapping) and bool(value)
        lines += [head, *_lines(value, indent + 2)] if nested else [f"{head} {_value(value)}"]
    return lines


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_value(item) for item in value) or "-"
    if isinstance(value, Mapping):
        return " ".join(_value(item) for item in value.values()) or "-"
    if isinstance(value, float):
        # Coordinates have millimetres; all else has six digits.
        return f"{value + 0.0:.6g}" if not abs(value) >= 1000 else f"{value:.3f}".rstrip("0").rstrip(".")
    return "-" if value is None else printable(value, keep="\t")
