"""Model <-> ONE safetensors file that holds all that prediction needs, and nothing that runs code when read."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

import bevseg
from bevseg.config import NetConfig, RunConfig, Settings, to_table
from bevseg.config.domains import (
    MOST_FAULTS,
    Fault,
    checked,
    did_you_mean,
    refusal,
    shown,
    unknown_keys,
    wrong_value,
)
from bevseg.config.files import parse_json
from bevseg.config.names import DEFAULT_MODEL, SLICES
from bevseg.config.tables import check_table
from bevseg.core.labels import CLASS_NAMES, COLOURS
from bevseg.core.raster import Band
from bevseg.errors import InputError, ModelError, UsageError
from bevseg.runtime.atomic import replacing
from bevseg.seg.description import (
    BAND,
    split_unknown,
    wrong_bands,
    wrong_net,
    wrong_scans,
    wrong_shape,
    wrong_temperatures,
)
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.models.build import arguments, build
from bevseg.seg.models.registry import NETWORKS, registered_class

MAGIC = "bevseg"
"""Key of the metadata of a safetensors file under which the description stands, as JSON."""

FORMAT = 1
"""Version of that description."""

MOST_BYTES = 16_000_000
"""Size of that description at most; the scores of thousands of clouds have less."""

NO_MODEL = "This is no model of bevseg"
"""What is wrong with a file that `bevseg train` did not write."""

AGAIN = "name a file that `bevseg train` wrote"
"""What to do about a file that is no model."""


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
    scores
        What training measured; plain numbers, texts, lists and tables, and NaN becomes None in the file.
    seed
        Of the training.
    versions
        Library -> version that trained it.
    source
        The file it was read from, for messages.
    scans
        Statistic of `core.scan_counts` -> its values in the clouds of the training; empty if they are not known. What
        is labelled is compared with them.
    temperatures
        Slice -> what the logits of its network are divided by, so that the confidence of cells is the share that is
        right; 1 for a slice that is not in it. No class depends on it.
    """

    nets: dict[str, nn.Module]
    bands: dict[str, tuple[Band, ...]]
    settings: Settings
    scores: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    versions: dict[str, str] = field(default_factory=_versions)
    source: str | None = None
    scans: dict[str, list[float]] = field(default_factory=dict)
    temperatures: dict[str, float] = field(default_factory=dict)

    def require(self, slice_name: str) -> nn.Module:
        """Return the network of a slice.

        Raises
        ------
        ModelError
            If there is none.
        """
        if slice_name in self.nets:
            return self.nets[slice_name]
        raise ModelError(
            f"The model has no network for the {slice_name} slice",
            where=self.source,
            why=f"its networks: {', '.join(sorted(self.nets)) or 'none'}",
            hint=f"add it: bevseg train --slice {slice_name} --init MODEL",
        )


def describe(model: Model) -> dict[str, Any]:
    """Return everything but the weights as a table that JSON can hold.

    Names and colours of the classes are the same in every file: they are for readers without bevseg.
    """
    known = {"scans": model.scans} if model.scans else {}
    return _plain(
        known
        | {
            "format": FORMAT,
            "nets": {
                name: arguments(model.settings.net, len(model.bands[name]), len(OUTPUTS))
                for name in model.nets
            },
            "bands": {name: [dataclasses.asdict(b) for b in bands] for name, bands in model.bands.items()},
            "settings": _settings_table(model.settings),
            "classes": CLASS_NAMES,
            "colours": COLOURS,
            "scores": model.scores,
            "seed": model.seed,
            "versions": model.versions,
        }
        | ({"temperatures": model.temperatures} if model.temperatures else {})
    )


def _settings_table(settings: Settings) -> dict[str, dict[str, object]]:
    """Return the settings as a table, without `net.kind` if it is the default.

    Versions before there was a choice of networks know no such setting, and read what is left.
    """
    table = to_table(settings)
    if settings.net.kind == NetConfig.kind:
        del table["net"]["kind"]
    return table


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
    # One key: safetensors keeps no order among several.
    text = json.dumps(describe(model), sort_keys=True, allow_nan=False)
    with replacing(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(to_bytes(_tensors(model, half=half), {MAGIC: text}))


def weights_sha256(model: Model) -> str:
    """Return the SHA-256 of all weights and their names, 64 hexadecimal digits, whatever file they are in."""
    return hashlib.sha256(to_bytes(_tensors(model, half=False))).hexdigest()


def _tensors(model: Model, *, half: bool) -> dict[str, Tensor]:
    return {
        f"{name}/{key}": _stored(value.detach().cpu().contiguous(), half)
        for name, net in model.nets.items()
        for key, value in net.state_dict().items()
    }


def _stored(weights: Tensor, half: bool) -> Tensor:
    return weights.half() if half and weights.is_floating_point() and weights.ndim > 1 else weights


def load(path: Path) -> Model:
    """Read a model.

    Raises
    ------
    ModelError
        If the file is missing, is not ours, is damaged, holds settings outside of their domains, is of another
        version of the format, or holds networks of a class that is not registered here: a file never makes bevseg
        import a module that it names.
    """
    if not path.exists():
        raise ModelError(
            "No such model file",
            where=path,
            hint=f"name a file that exists, or {DEFAULT_MODEL!r}, the model that ships with bevseg"
            f"{did_you_mean(str(path), (DEFAULT_MODEL,))}",
        )
    if not path.is_file():  # a pipe would be waited for
        raise _refusal(path, "it is no regular file")
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(MAGIC)
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise _refusal(path, str(error)) from error
    if text is None:
        raise _refusal(path, "it is a safetensors file, but its metadata does not speak of bevseg")
    try:
        table = parse_json(text, path, InputError, hint=AGAIN, most_bytes=MOST_BYTES)
        _ensure_version(table, path)
        return _model(table, weights, path)
    except ModelError:
        raise
    except InputError as error:
        raise _refusal(path, f"its description is damaged: {error.what}: {error.why}") from error
    except UsageError as error:  # a network that is registered, but cannot be built here
        raise ModelError(error.what, where=path, why=error.why, hint=error.hint) from error
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise _refusal(path, f"its description or weights are damaged: {reason}") from error


def _ensure_version(table: dict[str, Any], path: Path) -> None:
    """Raise ModelError unless the description of a file is in the format of this version."""
    if "format" not in table:
        raise refusal([Fault("format", " is missing")], path, ModelError, AGAIN, NO_MODEL)
    version = table["format"]
    if type(version) is not int or version != FORMAT:
        raise _other_version(path, f"its format is {shown(version)}; this version reads {FORMAT}")


def _model(table: dict[str, Any], weights: dict[str, Tensor], path: Path) -> Model:
    faults = wrong_shape(table)
    if faults:
        raise refusal(faults, path, ModelError, AGAIN, NO_MODEL)
    unknown, known = split_unknown(table["settings"])
    groups, faults = check_table(known)
    net: Any = groups.get("net")
    if net is not None and registered_class(net.kind) is None:
        raise _not_registered(net.kind, path)
    if tuple(table["classes"]) != CLASS_NAMES:
        faults.append(wrong_value("classes", table["classes"], ", ".join(CLASS_NAMES)))
    faults += unknown_keys(table["nets"], SLICES, "nets") + unknown_keys(table["bands"], SLICES, "bands")
    for name in SLICES:
        if name in table["bands"]:
            faults += wrong_bands(table["bands"][name], f"bands.{name}")
        elif name in table["nets"]:
            faults.append(Fault(f"bands.{name}", " is missing"))
        if name in table["nets"]:
            faults += wrong_net(table["nets"][name], net, table["bands"].get(name), f"nets.{name}")
    faults += checked({"seed": RunConfig.domains()["seed"]}, table)[1]
    faults += wrong_scans(table.get("scans", {}))
    temperatures = table.get("temperatures", {})  # files from before there were any: all are 1
    faults += wrong_temperatures(temperatures, "temperatures")
    if faults:
        raise refusal(unknown + faults, path, ModelError, AGAIN, NO_MODEL)
    if unknown:
        raise _other_version(
            path, "it has settings that are unknown here: " + "; ".join(map(str, unknown[:MOST_FAULTS]))
        )
    settings = Settings(**groups)  # type: ignore[arg-type]
    bands = {
        name: tuple(Band(**checked(BAND, band)[0]) for band in of_slice)
        for name, of_slice in table["bands"].items()
    }
    return Model(
        {name: _net(name, weights, settings.net, len(bands[name])) for name in table["nets"]},
        bands,
        settings,
        table["scores"],
        table["seed"],
        table["versions"],
        str(path),
        table.get("scans", {}),
        {name: float(value) for name, value in temperatures.items()},
    )


def _net(name: str, weights: dict[str, Tensor], config: NetConfig, bands: int) -> nn.Module:
    """Build the network of a slice and give it its weights.

    Parameters
    ----------
    name
        Of the slice.
    weights
        Of all slices.
    config
        Of the model; its kind is registered.
    bands
        How many it reads.
    """
    prefix = f"{name}/"
    state = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
    _check_finite(state)
    if config.kind in NETWORKS:
        _check_sizes(config, bands, len(OUTPUTS), state)
    with torch.random.fork_rng(devices=[]):  # the first weights, which are drawn, are replaced at once
        net = build(config, bands, len(OUTPUTS))
    net.load_state_dict(state)
    return net.eval()


def _check_finite(state: Mapping[str, Tensor]) -> None:
    """Raise ValueError if a weight of a file is NaN or infinite."""
    for key, weight in state.items():
        if weight.is_floating_point() and not bool(torch.isfinite(weight.float()).all()):
            raise ValueError(f"{key} has weights that are not finite")


def _check_sizes(config: NetConfig, in_bands: int, classes: int, state: Mapping[str, Tensor]) -> None:
    """Raise ValueError if the weights of a file are not those of the network, before it takes any memory."""
    with torch.device("meta"):
        expected = build(config, in_bands, classes).state_dict()
    for key, weight in expected.items():
        if key not in state:
            continue
        if state[key].shape != weight.shape:
            raise ValueError(
                f"size mismatch for {key}: {tuple(state[key].shape)}, expected {tuple(weight.shape)}"
            )
        if state[key].is_floating_point() != weight.is_floating_point() or state[key].is_complex():
            raise ValueError(f"{key} is of type {state[key].dtype}, expected {weight.dtype}")
    for problem, keys in (("misses", expected.keys() - state), ("has unknown", state.keys() - expected)):
        if keys:
            raise ValueError(f"it {problem} weights: {', '.join(sorted(keys)[:3])}")


def _not_registered(kind: str, path: Path) -> ModelError:
    """Return the error of a file whose networks are of a kind that may not be imported."""
    return ModelError(
        "The network class of this model is not registered",
        where=path,
        why=f"net.kind is {shown(kind)}; a model file may not make bevseg import a module",
        hint="install the package that registers it (entry point group bevseg.networks), or in Python import the "
        f"class and call bevseg.seg.models.registry.register({shown(kind)}, TheClass)",
    )


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
        "The model file is from another version of bevseg",
        where=path,
        why=why,
        hint="install the version that wrote it, or train the model again",
    )


def _refusal(path: Path, why: str) -> ModelError:
    return ModelError(NO_MODEL, where=path, why=why, hint=AGAIN)
