"""Write the tables of docs/simulator.md: `make simulator` makes the clouds and runs this.

python docs/simulator_tables.py build/simulator docs/simulator.md

The folder holds comparison.json, as `bevseg simulate --compare --json` writes it. What is said of presets, styles and
materials is read from the modules that hold them: the text here cannot fall behind them.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ground_tables import fill, markdown, read

from bevseg.core.labels import CLASS_NAMES
from bevseg.runner.compare_statistics import TOLERANCE, rows
from bevseg.sim.materials import RESPONSES
from bevseg.sim.presets import load, names
from bevseg.sim.town.style import Style
from bevseg.sim.town.styles import STYLES


def comparison(folder: Path) -> str:
    """Return the numbers of simulated and real clouds side by side."""
    table = read(folder, "comparison")
    known = [ratio for ratio in table["ratio"].values() if ratio is not None]
    off = [name for name, ratio in table["ratio"].items() if ratio is not None and abs(ratio - 1) > TOLERANCE]
    counts = {side: len(table[side]["clouds"]) for side in ("simulated", "real")}
    lines = markdown(["number", "simulated", "real", "ratio"], rows(table))
    return (
        f"{lines}\n\n{counts['simulated']} simulated and {counts['real']} real clouds, mean ± standard deviation "
        f"over clouds. {len(known) - len(off)} of {len(known)} ratios lie within {TOLERANCE:.0%} of 1; off (*): "
        f"{'; '.join(off) or 'none'}."
    )


def presets(folder: Path) -> str:
    """Return what the presets draw, in their own words."""
    parts = []
    for name in names():
        preset = load(name)
        text = " ".join((sys.modules[preset.draw.__module__].__doc__ or "").split())
        parts.append(f"**`{name}`** ({preset.points:,} points by default). {text}")
    return "\n\n".join(parts)


def styles(folder: Path) -> str:
    """Return the parameters of the kinds of town, with what is said of each."""
    said = attribute_texts(Style)
    lines = [
        [
            f"`{field.name}`",
            *(_value(getattr(of, field.name)) for of in STYLES.values()),
            said.get(field.name, ""),
        ]
        for field in dataclasses.fields(Style)
    ]
    return markdown(
        ["parameter", *(f"`{name}`" for name in STYLES), "what it is"], lines, left=2 + len(STYLES)
    )


def materials(folder: Path) -> str:
    """Return how surfaces answer the beam."""
    lines = [
        [material.name.lower().replace("_", " "), CLASS_NAMES[of.label], *(f"{value:g}" for value in of[1:])]
        for material, of in RESPONSES.items()
    ]
    return markdown(["surface", "class", "reflectance", "chance of a return", "roughness, m"], lines, left=2)


def attribute_texts(of: type) -> Mapping[str, str]:
    """Return what the source says under each attribute of a class."""
    body = ast.parse(inspect.getsource(of)).body[0]
    assert isinstance(body, ast.ClassDef)
    said, last = {}, None
    for node in body.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            last = node.target.id
        elif last and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            said[last] = " ".join(str(node.value.value).split())
    return said


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        whole = sum(value.values())
        return ", ".join(f"{name} {share / whole:.2f}" for name, share in value.items() if share)
    if isinstance(value, tuple):
        return " to ".join(f"{end:g}" for end in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


TABLES = {"comparison": comparison, "presets": presets, "styles": styles, "materials": materials}

if __name__ == "__main__":
    fill(Path(sys.argv[2]), Path(sys.argv[1]), TABLES)
