"""A trained network and crops -> the NeuroIoU loss that goes on from it: maps, a surrogate fitted to them, a check.

The four steps of Nagendar et al. (BMVC 2018): train with cross-entropy; make pairs of its maps; fit the surrogate;
train on with the surrogate frozen. The second and third are here, the others are trainings like any.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial

from torch import Tensor, nn

from bevseg.config import TrainConfig
from bevseg.core.raster import Band
from bevseg.errors import UsageError
from bevseg.seg import device as devices
from bevseg.seg.losses.registry import Loss, parse
from bevseg.seg.neuro_iou.loss import neuro_iou
from bevseg.seg.neuro_iou.surrogate import STEPS, Report, fit, pairs_of
from bevseg.seg.training.batches import Batch, Sampler, batches

CROPS = 400
"""Crops whose maps make the pairs; about a thousand pairs."""

SPELLINGS = "neuro_iou, neuro_iou:6, neuro_hinge, each also with :no_init behind it"

RECIPE = {
    "optimiser": "sgd",
    "momentum": 0.99,
    "learning_rate": 1e-5,
    "schedule": "constant",
    "weight_decay": 5e-4,
    "batch": 1,
}
"""Of the paper, for training on: fixed small steps, image by image."""

_NAME = re.compile(r"neuro_(?:iou(?::(?P<count>3|6))?|(?P<hinge>hinge))(?P<scratch>:no_init)?")


@dataclasses.dataclass(frozen=True)
class Variant:
    """A form of the loss: the `inputs` of its surrogate, and whether the network starts `from_scratch`."""

    inputs: str
    from_scratch: bool


def variant(loss: str, *, has_init: bool) -> Variant | None:
    """Return which NeuroIoU a text names; None for any other loss.

    `neuro_iou` and `neuro_iou:6` have 3 and 6 inputs, `neuro_hinge` those of the hinge. `:no_init` behind them starts
    the network anew; the given one then only lends its maps. Hyphens do for underscores.

    Raises
    ------
    UsageError
        For a form that does not exist, and without a network that the maps can be made with.
    """
    name = loss.strip().replace("-", "_")
    if not name.startswith("neuro"):
        return None
    match = _NAME.fullmatch(name)
    if match is None:
        raise UsageError(f"No loss {loss!r}", where="--loss", hint=f"NeuroIoU is one of: {SPELLINGS}")
    if not has_init:
        raise UsageError(
            f"The loss {loss!r} needs a trained model to learn from",
            where="--init",
            why="its surrogate of the IoU is fitted to the maps of a network, and none is given",
            hint="train one with --loss ce, and give it to `bevseg train` with --init",
        )
    return Variant("hinge" if match["hinge"] else match["count"] or "3", bool(match["scratch"]))


def refuse_unknown_loss(loss: str, *, has_init: bool) -> None:
    """Raise UsageError unless a text names a NeuroIoU that can be learned, or a loss or sum of losses."""
    if variant(loss, has_init=has_init) is None:
        parse(loss)


def recipe(config: TrainConfig, form: Variant) -> TrainConfig:
    """Return the settings with those of RECIPE wherever they are bevseg's defaults.

    A network from scratch keeps bevseg's: the steps of the recipe are made for the last touch, and would take it
    nowhere.
    """
    if form.from_scratch:
        return config
    default = TrainConfig()
    own = {name: value for name, value in RECIPE.items() if getattr(config, name) == getattr(default, name)}
    return dataclasses.replace(config, **own)  # type: ignore[arg-type]


def learn(
    form: Variant,
    net: nn.Module,
    sampler: Sampler,
    bands: Sequence[Band],
    *,
    seed: int = 0,
    device: str = "auto",
    on_crop: Callable[[int, int], None] | None = None,
) -> tuple[Loss, Report]:
    """Fit a surrogate to the maps that a network makes of CROPS crops, and return the loss made with it.

    Whether that may be trained with is for `Report.refuse` to say.

    Parameters
    ----------
    form
        Of the loss.
    net
        Trained with cross-entropy, say; it is not changed.
    sampler, bands, seed
        As for `train`; the crops are those of its first steps at one crop a step.
    device
        Where the maps are made, and the loss will be computed.
    on_crop
        Told the number of crops done, and of all.

    Raises
    ------
    SurrogateError
        If there is too little to fit.
    """
    place, count = devices.resolve(device), CROPS

    def told(stream: Iterable[Batch]) -> Iterator[tuple[Tensor, Tensor]]:
        for done, batch in enumerate(stream, 1):
            yield batch.bands, batch.target
            if on_crop is not None:
                on_crop(done, count)

    with closing(batches(sampler, bands, 1, count, seed)) as stream:
        pairs = pairs_of(net, told(stream), form.inputs, place)
    surrogate, report = fit(pairs, steps=STEPS, seed=seed)
    return partial(neuro_iou, surrogate=surrogate.to(place), inputs=form.inputs), report
