"""The presets by name. Each file of this folder is one preset.

To add a preset, add a file with a `PRESET`: the name of the file is the name of the preset, and its docstring is the
text of docs/simulator.md. Another package adds a preset by an entry point of the group `bevseg.presets`, whose value
is a `Preset`. Names are listed without importing the presets, so that `--help` is quick.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

from bevseg.config.domains import did_you_mean
from bevseg.config.plugins import entry_points
from bevseg.errors import UsageError

if TYPE_CHECKING:
    from bevseg.sim.setup import Preset

GROUP = "bevseg.presets"
"""Group of the entry points of other packages."""

_added: dict[str, Preset] = {}


def built_in() -> tuple[str, ...]:
    """Return the names of the presets of this folder."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def names() -> tuple[str, ...]:
    """Return the names of all presets: those of this folder, of other packages, and those that were added."""
    return tuple(dict.fromkeys((*built_in(), *entry_points(GROUP), *_added)))


def load(name: str) -> Preset:
    """Return a preset. A file of this folder goes before an entry point of the same name.

    Raises
    ------
    UsageError
        If there is no preset of this name.
    """
    if name in _added:
        return _added[name]
    if name in built_in():
        preset: Preset = import_module(f"{__name__}.{name}").PRESET
        return preset
    others = entry_points(GROUP)
    if name in others:
        preset = others[name].load()
        return preset
    near = did_you_mean(name, names())
    raise UsageError(f"No preset {name!r}", where="preset", hint=f"choose one of {', '.join(names())}{near}")


def add(name: str, preset: Preset) -> None:
    """Add a preset for the rest of this process.

    Raises
    ------
    UsageError
        If a preset of this name exists.
    """
    if name in names():
        raise UsageError(f"There is a preset {name!r} already", hint="give the new one another name")
    _added[name] = preset
