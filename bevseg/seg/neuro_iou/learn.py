"""A trained network and crops -> the NeuroIoU loss that goes on from it: maps, a surrogate fitted to them, a check.

The four steps of Nagendar et al. (BMVC 2018): train with cross-entropy; make pairs of its maps; fit the surrogate;
train on with the surrogate frozen. The second and third are here, the others are trainings like any.
"""

from __future__ import annotations

import dataclasses
from functools import partial

from torch import nn

from bevseg.config import TrainConfig
from bevseg.errors import SurrogateError, UsageError
from bevseg.seg.device import resolve
from bevseg.seg.losses.learner import Crops, Learned
from bevseg.seg.neuro_iou import loss
from bevseg.seg.neuro_iou.surrogate import STEPS, fit, pairs_of

CROPS = 400
"""Crops whose maps make the pairs; about a thousand pairs."""

RECIPE = {
    "optimiser": "sgd",
    "momentum": 0.99,
    "learning_rate": 1e-5,
    "schedule": "constant",
    "weight_decay": 5e-4,
    "batch": 1,
}
"""Of the paper, for training on: fixed small steps, image by image."""


def of_probabilities(*, inputs: int = 3, no_init: bool = False) -> NeuroIoU:
    """Return the loss with a surrogate of probabilities.

    Parameters
    ----------
    inputs
        3 sums, or 6: the sums and the means.
    no_init
        Start the network anew; the trained one then only lends its maps.

    Raises
    ------
    UsageError
        For another number of inputs.
    """
    if inputs not in (3, 6):
        raise UsageError(
            f"NeuroIoU has no variant with {inputs} inputs",
            hint="choose neuro_iou, which has 3, or neuro_iou:6",
        )
    return NeuroIoU(str(inputs), no_init)


def of_hinge_costs(*, no_init: bool = False) -> NeuroIoU:
    """Return the loss with a surrogate of hinge costs; `no_init` as for `of_probabilities`."""
    return NeuroIoU("hinge", no_init)


@dataclasses.dataclass(frozen=True)
class NeuroIoU:
    """A form of the loss: the `inputs` of its surrogate, and whether the network starts anew."""

    inputs: str
    starts_anew: bool

    def recipe(self, config: TrainConfig) -> TrainConfig:
        """Return the settings with those of RECIPE wherever they are bevseg's defaults.

        A network that starts anew keeps bevseg's: the steps of the recipe are made for the last touch, and would
        take it nowhere.
        """
        if self.starts_anew:
            return config
        default = TrainConfig()
        own = {
            name: value for name, value in RECIPE.items() if getattr(config, name) == getattr(default, name)
        }
        return dataclasses.replace(config, **own)  # type: ignore[arg-type]

    def learn(self, net: nn.Module, crops: Crops, *, seed: int, device: str) -> Learned:
        """Fit a surrogate to the maps that a network makes of CROPS crops; parameters as for `Loss.prepared`."""
        place = resolve(device)
        pairs = pairs_of(net, crops(CROPS), self.inputs, place)
        surrogate, report = fit(pairs, steps=STEPS, seed=seed)
        fault = None
        try:
            report.ensure_sound()
        except SurrogateError as error:
            fault = error
        function = partial(loss.neuro_iou, surrogate=surrogate.to(place), inputs=self.inputs)
        return Learned(function, {"surrogate": dataclasses.asdict(report)}, str(report), fault)
