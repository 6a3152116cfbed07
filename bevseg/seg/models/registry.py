"""Name of a network -> its class. This module imports torch only when a class is needed.

A custom network is a `torch.nn.Module` with

    Class(in_bands, classes, **options)

Of the settings `filters`, `depth`, `widest` and `dropout` it is given those that its constructor names. Its `forward`
returns logits (B, classes, H, W) of scaled bands (B, in_bands, H, W), for any H and W; an empty cell holds 0 in every
band. If it has an attribute `depth`, that is the number of its halvings: tiles begin at multiples of 2^depth cells.

It is found by the name of an entry point in the group `bevseg.networks`, as `package.module:Class`, or by a name that
was given to `register`.
"""

from __future__ import annotations

from typing import Any

from bevseg.config.domains import did_you_mean
from bevseg.config.plugins import entry_points, import_object
from bevseg.errors import UsageError

GROUP = "bevseg.networks"
"""Group of entry points: each name stands for a class."""

NETWORKS: dict[str, str] = {
    "unet": "bevseg.seg.models.unet:UNet",
    "paper_unet": "bevseg.seg.models.paper_unet:PaperUNet",
    "fcn8s": "bevseg.seg.models.fcn8s:FCN8s",
    "segnet": "bevseg.seg.models.segnet:SegNet",
    "fast_scnn": "bevseg.seg.models.fast_scnn:FastSCNN",
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
        raise UsageError(
            f"No network {kind!r}",
            where="net.kind",
            hint=f"name one of: {', '.join(known)}; or a class of your own, as package.module:Class"
            f"{did_you_mean(kind, known)}",
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
    for point in entry_points(GROUP).values():
        if kind in (point.name, point.value):
            return _import(point.value, kind)
    return None


def known_names() -> list[str]:
    """Return the names of all networks that bevseg, installed packages and this process have registered."""
    return [*NETWORKS, *sorted({*entry_points(GROUP), *_registered})]


def _import(path: str, kind: str) -> type[Any]:
    """Import `package.module:Class`."""
    found = import_object(path, f"network {kind!r}", "net.kind")
    if not isinstance(found, type):
        raise UsageError(
            f"The network {kind!r} is not a class",
            where="net.kind",
            hint="name a class, as package.module:Class",
        )
    return found
