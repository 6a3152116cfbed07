"""The folder of a study and one of its runs -> the trained network, ready for other pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bevseg.errors import InputError, ModelError, UsageError
from bevseg.seg.models.registry import registered_class
from bevseg.study import records
from bevseg.study.plan import matches
from bevseg.study.records import Record
from bevseg.study.tasks.images.dataset import Scaling
from bevseg.study.tasks.images.heads import HEADS, Head
from bevseg.study.tasks.images.settings import ImagesSettings
from bevseg.study.tasks.images.train import build_net

INPUTS = "inputs"
"""Fact of a run: mean and deviation of each band, and the names of the classes."""

MOST_LISTED = 8
"""Runs that an error names."""


@dataclass(frozen=True, eq=False)
class ImageNetwork:
    """A trained network of a study of pictures.

    Attributes
    ----------
    net
        In evaluation mode, on the CPU: scaled bands (B, bands, rows, cols) -> logits.
    scaling
        Of the bands.
    classes
        Names of the class ids.
    head
        Meaning of the logits.
    """

    net: nn.Module
    scaling: Scaling
    classes: tuple[str, ...]
    head: Head

    @torch.no_grad()
    def probabilities(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Return the probability of each class, (classes, rows, cols).

        Parameters
        ----------
        image
            (rows, cols) or (rows, cols, bands), as the pictures of the training, and of the size they were shrunk to.

        Raises
        ------
        UsageError
            If the image has other bands.
        """
        bands = image[None] if image.ndim == 2 else np.moveaxis(image, -1, 0)
        if len(bands) != len(self.scaling.mean):
            raise UsageError(
                f"An image of {len(bands)} bands",
                why=f"the network was trained on {len(self.scaling.mean)} bands",
                hint="give an image (rows, cols, bands) like those of the training",
            )
        x = self.scaling(torch.from_numpy(np.ascontiguousarray(bands, np.float32)))
        probabilities = self.head.probabilities(self.net(x[None]))[0]
        return np.asarray(probabilities.numpy(), np.float32)

    def predict(self, image: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the class id of each pixel, (rows, cols)."""
        return np.asarray(self.probabilities(image).argmax(0), np.uint8)


def load_network(folder: Path | str, run: str | Mapping[str, Any]) -> ImageNetwork:
    """Return the trained network of a run.

    Parameters
    ----------
    folder
        Output folder of `bevseg study`.
    run
        Key of the run, or axes and values that one run alone has: `{"loss": "ce", "seed": 0}`. Of several, those
        count that the study had when it was last called.

    Raises
    ------
    UsageError
        If no run, or more than one, is meant.
    ModelError
        If the run has a network of your own that this process has not registered: a file of records never makes
        bevseg import a module.
    InputError
        If the run is no training on pictures, or has no weights.
    """
    record = _record(Path(folder), run)
    inputs = record["facts"].get(INPUTS)
    if record.get("task") != "images" or inputs is None:
        raise InputError(
            "The run has no network for pictures", where=folder, hint='name a trained run of task = "images"'
        )
    known = {one.name for one in fields(ImagesSettings)}
    given = {name: value for name, value in record["settings"].items() if name in known}
    settings = ImagesSettings(**given)
    if registered_class(settings.net) is None:
        raise ModelError(
            f"The network {settings.net!r} is not registered",
            where=folder,
            hint=f"import your class, and call bevseg.seg.models.registry.register({settings.net!r}, YourClass)",
        )
    scaling = Scaling(*(torch.tensor(inputs[name]) for name in ("mean", "deviation")))
    head = HEADS[settings.outputs](len(inputs["classes"]), inputs["has_background"])
    net = build_net(settings, len(scaling.mean), head.outputs)
    net.load_state_dict(records.weights(Path(folder), record["key"]))
    return ImageNetwork(net.eval(), scaling, tuple(inputs["classes"]), head)


def _record(folder: Path, run: str | Mapping[str, Any]) -> Record:
    stored = records.read(folder)
    if isinstance(run, str):
        found = [stored[run]] if run in stored else []
    else:
        found = [record for record in stored.values() if matches(record["at"], run)]
    if len(found) > 1:
        last = records.keys_of_last_call(folder)
        found = [record for record in found if record["key"] in last] or found
    if len(found) != 1:
        listed = [f"{record['key']} {record['at']}" for record in found or stored.values()]
        more = f", and {len(listed) - MOST_LISTED} more" if len(listed) > MOST_LISTED else ""
        raise UsageError(
            f"{len(found)} runs of the study are meant",
            where=folder,
            why=f"{run!r} was given; the {'' if found else 'finished '}runs are "
            f"{', '.join(listed[:MOST_LISTED]) + more or 'none'}",
            hint="give the key of a run, or axes and values that one run alone has",
        )
    return found[0]
