"""Model <-> ONE safetensors file that holds all that prediction needs, and nothing that runs code when read."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

import bevseg
from bevseg.atomic import replacing
from bevseg.config import Settings, to_table
from bevseg.errors import ModelError
from bevseg.labels import CLASS_NAMES, COLOURS
from bevseg.raster import Band
from bevseg.seg.models import MODELS, UNet

MAGIC = "bevseg"
"""Key of the metadata of a safetensors file under which the description stands, as JSON."""

FORMAT = 1
"""Version of that description."""


def _versions() -> dict[str, str]:
    return {"bevseg": bevseg.__version__, "numpy": np.__version__, "torch": str(torch.__version__)}


@dataclass(frozen=True, eq=False)
class Model:
    """Trained networks and all that is needed to use them.

    Attributes
    ----------
    nets
        Slice -> network.
    bands
        Slice -> what its network reads, in order, with scaling.
    settings
        All that were in force: slice limits, cell, features, architecture, training.
    classes, colours
        By train id.
    scores
        What training measured; plain numbers, texts, lists and tables, and NaN becomes None in the file.
    seed
        Of the training.
    versions
        Library -> version that trained it.
    source
        The file it was read from, for messages.
    """

    nets: dict[str, UNet]
    bands: dict[str, tuple[Band, ...]]
    settings: Settings
    classes: tuple[str, ...] = CLASS_NAMES
    colours: tuple[str, ...] = COLOURS
    scores: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    versions: dict[str, str] = field(default_factory=_versions)
    source: str | None = None

    def require(self, slice_name: str) -> UNet:
        """Return the network of a slice.

        Raises
        ------
        ModelError
            If there is none.
        """
        if slice_name in self.nets:
            return self.nets[slice_name]
        raise ModelError(
            f"The model holds no network for the {slice_name} slice",
            where=self.source,
            why=f"it holds: {', '.join(sorted(self.nets)) or 'none'}",
            hint=f"train the other one into it: bevseg train --slice {slice_name} --init MODEL",
        )


def describe(model: Model) -> dict[str, Any]:
    """Return everything but the weights as a table that JSON can hold."""
    return _plain(
        {
            "format": FORMAT,
            "nets": {name: {"kind": "unet", **net.arguments()} for name, net in model.nets.items()},
            "bands": {name: [dataclasses.asdict(b) for b in bands] for name, bands in model.bands.items()},
            "settings": to_table(model.settings),
            "classes": model.classes,
            "colours": model.colours,
            "scores": model.scores,
            "seed": model.seed,
            "versions": model.versions,
        }
    )


def save(model: Model, path: Path, *, overwrite: bool = True, half: bool = False) -> None:
    """Write a model; the same model gives the same bytes.

    Parameters
    ----------
    model
        Networks and all that prediction needs.
    path
        The file.
    overwrite
        Whether it may be replaced.
    half
        Store kernels and matrices as float16, with 11 bits of precision in half the bytes; `load` gives float32
        back. The vectors of the normalisation, small and of any size, stay as they are.

    Raises
    ------
    OutputExistsError
        If `path` exists and `overwrite` is False.
    OutputWriteError
        If the system refuses the write.
    """
    tensors = {
        f"{name}/{key}": _stored(value.detach().cpu().contiguous(), half)
        for name, net in model.nets.items()
        for key, value in net.state_dict().items()
    }
    # One key: safetensors keeps no order among several.
    text = json.dumps(describe(model), sort_keys=True, allow_nan=False)
    with replacing(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(to_bytes(tensors, {MAGIC: text}))


def _stored(weights: Tensor, half: bool) -> Tensor:
    return weights.half() if half and weights.is_floating_point() and weights.ndim > 1 else weights


def load(path: Path) -> Model:
    """Read a model.

    Raises
    ------
    ModelError
        If the file is missing, is not ours, is damaged, or is of another version of the format.
    """
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(MAGIC)
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise _refusal(path, str(error)) from error
    if text is None:
        raise _refusal(path, "it is a safetensors file, but its metadata does not speak of bevseg")
    try:
        table = json.loads(text)
        version = table["format"]
        if version == FORMAT:
            return _model(table, weights, path)
    except ModelError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise _refusal(path, f"its description or weights are damaged: {reason}") from error
    raise _other_version(path, f"its format is {version!r}; this version reads {FORMAT}")


def _model(table: dict[str, Any], weights: dict[str, Tensor], path: Path) -> Model:
    classes = tuple(table["classes"])
    if classes != CLASS_NAMES:
        raise ValueError(f"classes {', '.join(classes)}, expected {', '.join(CLASS_NAMES)}")
    return Model(
        {name: _net(dict(of), name, weights) for name, of in table["nets"].items()},
        {name: tuple(Band(**band) for band in bands) for name, bands in table["bands"].items()},
        _settings(table["settings"], path),
        classes,
        tuple(table["colours"]),
        table["scores"],
        table["seed"],
        table["versions"],
        str(path),
    )


def _net(arguments: dict[str, Any], name: str, weights: dict[str, Tensor]) -> UNet:
    with torch.random.fork_rng(devices=[]):  # the first weights, which are drawn, are replaced at once
        net = MODELS[arguments.pop("kind")](**arguments)
    prefix = f"{name}/"
    state = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
    net.load_state_dict(state)
    return net.eval()


def _settings(table: dict[str, Any], path: Path) -> Settings:
    """Build the settings without the checks of `config.load`: they were checked before they were written.

    Settings of a training that this version does not have are left out, since no prediction depends on them; others
    are refused.
    """
    groups: dict[str, Any] = {}
    for group in dataclasses.fields(Settings):
        make: Any = group.default_factory
        known = {setting.name for setting in dataclasses.fields(make)}
        values = table.get(group.name, {})
        unknown = sorted(set(values) - known)
        if unknown and group.name != "train":
            raise _other_version(path, f"it has settings unknown here: {group.name}.{unknown[0]}")
        groups[group.name] = make(**{name: value for name, value in values.items() if name in known})
    return Settings(**groups)


def _plain(value: Any) -> Any:
    """Return the value with tuples as lists, NumPy numbers as Python's, and NaN as None."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _other_version(path: Path, why: str) -> ModelError:
    return ModelError(
        "The model file is of another version of bevseg",
        where=path,
        why=why,
        hint="install the version that wrote it, or train the model again",
    )


def _refusal(path: Path, why: str) -> ModelError:
    return ModelError(
        "This is no model of bevseg", where=path, why=why, hint="name a file that `bevseg train` wrote"
    )
