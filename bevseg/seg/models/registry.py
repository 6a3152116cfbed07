"""Name of a network -> its class. This module imports torch only when a class is needed.

A network of a user's own is a `torch.nn.Module` with

    Class(in_bands, classes, **options)

Of the settings `filters`, `depth`, `widest` and `dropout` it is given those that its constructor names. Its `forward`
returns logits (B, classes, H, W) of scaled bands (B, in_bands, H, W), for any H and W; an empty cell holds 0 in every
band. If it has an attribute `depth`, that is the number of its halvings: tiles begin at multiples of 2^depth cells.

It is found by the name of an entry point in the group `bevseg.networks`, as `package.module:Class`, or by a name that
was given to `register`.
"""

from __future__ import annotations

import difflib
import importlib
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bevseg.errors import UsageError

GROUP = "bevseg.networks"
"""Group of entry points: each name stands for a class."""

NETWORKS: dict[str, str] = {
    "unet": "bevseg.seg.models.unet:UNet",
    "paper_unet": "bevseg.seg.models.paper_unet:PaperUNet",
}
"""Name -> module and class of the networks that bevseg brings."""

_registered: dict[str, type[Any]] = {}


def register(kind: str, network: type[Any]) -> None:
    """Let a name stand for a class in this process, also in model files.

    Parameters
    ----------
    kind
        The name, as in `net.kind`; `package.module:Class` for a model that was trained under that name.
    network
        The class.

    Raises
    ------
    UsageError
        If bevseg has a network of that name.
    """
    if kind in NETWORKS:
        raise UsageError(f"There is a network {kind!r} already", where="net.kind", hint="choose another name")
    _registered[kind] = network


def registered() -> dict[str, type[Any]]:
    """Return name -> class of all that were registered in this process, to register them in another one."""
    return dict(_registered)


def network_class(kind: str) -> type[Any]:
    """Return the class of a name that the user gave; `package.module:Class` is imported, and registered.

    Raises
    ------
    UsageError
        If there is no such network, or it cannot be imported.
    """
    found = registered_class(kind)
    if found is None and ":" in kind:
        found = _import(kind, kind)
        register(kind, found)
    if found is None:
        known = known_names()
        near = difflib.get_close_matches(kind.lower(), known, 1)
        raise UsageError(
            f"No network {kind!r}",
            where="net.kind",
            hint=f"name one of: {', '.join(known)}; or a class of your own, as package.module:Class"
            + (f"; did you mean {near[0]!r}?" if near else ""),
        )
    return found


def registered_class(kind: str) -> type[Any] | None:
    """Return the class of a name without importing a module for the name alone; None if nothing registers it.

    A model file may name any module. Only those may be imported that bevseg, or an installed package by its entry
    points, or this process has registered.
    """
    if kind in NETWORKS:
        return _import(NETWORKS[kind], kind)
    if kind in _registered:
        return _registered[kind]
    for point in _entry_points():
        if kind in (point.name, point.value):
            return _import(point.value, kind)
    return None


def known_names() -> list[str]:
    """Return the names of all networks that bevseg, installed packages and this process have registered."""
    return [*NETWORKS, *sorted({point.name for point in _entry_points()} | set(_registered))]


def _entry_points() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))


def _import(path: str, kind: str) -> type[Any]:
    """Import `package.module:Class`."""
    module, _, name = path.partition(":")
    try:
        found: Any = getattr(importlib.import_module(module), name)
    except Exception as error:  # the module is the user's: any exception of it is the reason
        raise UsageError(
            f"The network {kind!r} cannot be imported",
            where="net.kind",
            why=f"{type(error).__name__}: {error}",
            hint="install its package, or put its folder on PYTHONPATH",
        ) from error
    if not isinstance(found, type):
        raise UsageError(
            f"The network {kind!r} is not a class",
            where="net.kind",
            hint="name a class, as package.module:Class",
        )
    return found
