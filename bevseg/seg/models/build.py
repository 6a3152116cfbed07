"""Settings -> a network: the one place where networks are constructed."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import torch
from torch import nn

from bevseg.config import NetConfig
from bevseg.errors import UsageError
from bevseg.seg.models.registry import NETWORKS, network_class

HALVINGS = 5
"""Halvings that a network without an attribute `depth` is taken to have; more than it has only widens tiles."""

PROBE = (20, 28)
"""Rows and columns of the raster on which a network of a user's own is tried."""


def build(config: NetConfig, in_bands: int, classes: int) -> nn.Module:
    """Return a network with new weights, which are drawn from torch's random numbers.

    Parameters
    ----------
    config
        Its kind and its options. The network gets the options that its constructor names.
    in_bands
        Number of input bands.
    classes
        Number of output logits.

    Raises
    ------
    UsageError
        If there is no such network, or it does not keep to the contract of `bevseg.seg.models.registry`.
    """
    network = network_class(config.kind)
    if config.kind in NETWORKS:
        built: nn.Module = network(in_bands, classes, **_options(network, config))
        return built
    try:
        built = network(in_bands, classes, **_options(network, config))
        shape = _output_shape(built, in_bands)
    except Exception as error:  # the class is the user's: any exception of it is the reason
        raise _broken(config.kind, f"{type(error).__name__}: {error}") from error
    expected = (1, classes, *PROBE)
    if shape != expected:
        raise _broken(config.kind, f"logits of shape {expected} are expected, it returns {shape}")
    return built


def ensure_trainable(config: NetConfig, batch: int, rows: int, cols: int) -> None:
    """Raise UsageError if crops so few and small leave one value for a batch normalisation, which has no deviation.

    The network is tried without memory. A network of a user's own is not tried: it may need some.
    """
    if config.kind not in NETWORKS:
        return
    with torch.device("meta"):
        net, crops = build(config, 1, 2).train(), torch.empty(batch, 1, rows, cols)
        try:
            net(crops)
        except ValueError as error:
            raise UsageError(
                f"The network {config.kind} cannot train on {batch} x {rows} x {cols} cells",
                why="its deepest level has one cell in all, and batch normalisation needs two",
                hint="choose larger crops or more of them in a batch, or a network of less depth",
            ) from error


def arguments(config: NetConfig, in_bands: int, classes: int) -> dict[str, Any]:
    """Return what a model file says of a network: its kind, and all that shapes its weights."""
    options = _options(network_class(config.kind), config)
    options.pop("dropout", None)  # acts in training alone
    return {"kind": config.kind, "in_bands": in_bands, "classes": classes, **options}


def halvings(net: nn.Module) -> int:
    """Return how often a network halves its rasters: windows that begin at multiples of 2^halvings leave no seams."""
    depth = getattr(net, "depth", None)
    return depth if isinstance(depth, int) else HALVINGS


def _options(network: type[Any], config: NetConfig) -> dict[str, Any]:
    """Return the settings that the constructor names."""
    names = inspect.signature(network).parameters
    options = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    return {name: value for name, value in options.items() if name in names and name != "kind"}


def _output_shape(net: nn.Module, in_bands: int) -> tuple[int, ...]:
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        shape = tuple(net.eval()(torch.zeros(1, in_bands, *PROBE)).shape)
    net.train()
    return shape


def _broken(kind: str, why: str) -> UsageError:
    return UsageError(
        f"The network {kind!r} cannot be used",
        where="net.kind",
        why=why,
        hint="its class takes in_bands and classes, and returns logits (B, classes, H, W) of bands "
        "(B, in_bands, H, W) for any H and W",
    )
