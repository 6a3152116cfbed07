"""Model <-> ONE safetensors file that holds all that prediction needs."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import torch
from safetensors.torch import save_file

import bevseg
from bevseg.atomic import replacing
from bevseg.config import GroundConfig, NetConfig, RasterConfig, Settings, SliceConfig, TrainConfig, to_table
from bevseg.errors import ModelError
from bevseg.labels import CLASS_NAMES, COLOURS
from bevseg.raster import Band
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.models import UNet

MAGIC = "bevseg"
"""Key of the metadata under which the description stands."""

FORMAT = 1
"""Version of the file format."""


@dataclass(frozen=True, eq=False)
class Model:
    """Trained networks and all that prediction needs."""

    nets: dict[str, UNet]
    bands: dict[str, tuple[Band, ...]]
    settings: Settings
    classes: tuple[str, ...] = CLASS_NAMES
    colours: tuple[str, ...] = COLOURS
    scores: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    versions: dict[str, str] = field(
        default_factory=lambda: {
            "bevseg": bevseg.__version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
        }
    )
    source: str | None = None

    def require(self, slice_name: str) -> UNet:
        """Return the network of a slice, or raise ModelError if there is none."""
        if slice_name in self.nets:
            return self.nets[slice_name]
        raise ModelError(
            f"The model holds no network for the {slice_name} slice",
            where=self.source,
            why=f"it holds: {', '.join(sorted(self.nets)) or 'none'}",
            hint=f"train it with --slice {slice_name} --init MODEL",
        )


def save(model: Model, path: Path, *, overwrite: bool = True) -> None:
    """Write the model to one safetensors file."""
    tensors = {
        f"{name}/{key}": value.detach().cpu().contiguous()
        for name, net in model.nets.items()
        for key, value in net.state_dict().items()
    }
    with replacing(path, overwrite=overwrite) as temporary:
        save_file(tensors, temporary, metadata={MAGIC: json.dumps(describe(model), sort_keys=True)})


def describe(model: Model) -> dict[str, Any]:
    """Return everything but the weights as a nested table."""
    return {
        "format": FORMAT,
        "bands": {name: [dataclasses.asdict(b) for b in bands] for name, bands in model.bands.items()},
        "nets": {
            name: {
                "kind": "unet",
                "in_bands": n.in_bands,
                "classes": n.classes,
                "filters": n.filters,
                "depth": n.depth,
            }
            for name, n in model.nets.items()
        },
        "settings": to_table(model.settings),
        "classes": list(model.classes),
        "colours": list(model.colours),
        "scores": model.scores,
        "seed": model.seed,
        "versions": model.versions,
    }


def load(path: Path) -> Model:
    """Read a model file."""
    with safetensors.safe_open(path, "pt") as file:
        table = json.loads((file.metadata() or {})[MAGIC])
        weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    nets = {}
    for name, shape in table["nets"].items():
        nets[name] = UNet(shape["in_bands"], OUTPUTS, shape["filters"], shape["depth"])
        nets[name].load_state_dict(
            {key.removeprefix(f"{name}/"): v for key, v in weights.items() if key.startswith(f"{name}/")}
        )
    groups = {
        "ground": GroundConfig,
        "slices": SliceConfig,
        "raster": RasterConfig,
        "net": NetConfig,
        "train": TrainConfig,
    }
    return Model(
        nets,
        {name: tuple(Band(**band) for band in bands) for name, bands in table["bands"].items()},
        Settings(**{key: kind(**table["settings"][key]) for key, kind in groups.items()}),
        tuple(table["classes"]),
        tuple(table["colours"]),
        table["scores"],
        table["seed"],
        table["versions"],
        str(path),
    )
