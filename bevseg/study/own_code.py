"""Settings of a run -> the files of the user's own losses and networks that they name, each as a hash."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_NAMED = re.compile(r"(?<![\w.:])([A-Za-z_][\w.]*):[A-Za-z_]\w*")
"""`package.module:name`, wherever it stands in a text."""


def own_code(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return module -> hash of its file, of each module of a `module:name` in the texts of the settings.

    What such a module imports in turn is not looked at.
    """
    modules = {module for text in _texts(settings) for module in _NAMED.findall(text)}
    files = {module: _file(module) for module in sorted(modules)}
    return {
        module: hashlib.sha256(file.read_bytes()).hexdigest()[:16]
        for module, file in files.items()
        if file is not None
    }


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _file(module: str) -> Path | None:
    """Return the file of a module; None for an option of a loss, which looks alike, and for compiled code."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None
    path = None if spec is None or spec.origin is None else Path(spec.origin)
    return path if path is not None and path.suffix == ".py" else None
