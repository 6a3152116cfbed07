"""What the labels of a cloud depend on beside the cloud, and what differs between two such tables."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bevseg
from bevseg.config.names import SCHEMES
from bevseg.runner.request import RunRequest
from bevseg.workdir.facts import sha256

_CHANGED = {
    "bevseg": "another version of bevseg",
    "model": "another model",
    "looks": "other options of test-time augmentation",
    "options": "other options",
    "schemes": "another class scheme",
}
"""Key of the conditions -> what is said if it differs."""


def _options(request: RunRequest) -> dict[str, Any]:
    """Return the options that results depend on, by their names on the command line."""
    return {
        "format": request.format,
        "columns": request.columns,
        "classes": _called(request.classes),
        "out_classes": _called(request.out_classes),
        "keep": list(request.keep),
        "upgrade_las": request.upgrade_las,
        "probabilities": request.probabilities,
        "scans": request.scans,
        "apart": request.apart or request.work is not None,
    }


def _called(scheme: str | None) -> str | None:
    """Return what a scheme is called, wherever its file lies."""
    return None if scheme is None else Path(scheme).name


def conditions_of(request: RunRequest, model_hash: str) -> dict[str, Any]:
    """Return what the result of a cloud depends on beside the cloud."""
    schemes = {"classes": request.classes, "out_classes": request.out_classes}
    return {
        "bevseg": bevseg.__version__,
        "model": model_hash,
        "looks": json.loads(json.dumps(dataclasses.asdict(request.tta))),
        "options": _options(request),
        "schemes": {
            option: sha256(Path(scheme))
            for option, scheme in schemes.items()
            if scheme and scheme not in SCHEMES
        },
    }


def differences(old: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say in words what differs between two sets of conditions."""
    found = []
    for key, text in _CHANGED.items():
        if old.get(key) != now[key]:
            found.append(f"it was made with {text}{_shown(key, old.get(key), now[key])}")
    return found


def _shown(key: str, old: Any, now: Any) -> str:
    if key == "bevseg":
        return f" ({old}, now {now})"
    if key == "options" and isinstance(old, Mapping):
        changed = [name for name in now if old.get(name) != now[name]]
        return ": " + ", ".join(
            f"--{name.replace('_', '-')} {old.get(name)}, now {now[name]}" for name in changed
        )
    return ""
