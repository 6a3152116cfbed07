"""All settings and their defaults, in small typed groups that check themselves; units stand beside the numbers.

A stage is handed its own group, never the whole tree. Default and domain of a setting stand here, and nowhere else:
the command line takes both from here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from bevseg.config.domains import (
    Domain,
    Fault,
    Flag,
    Number,
    OneOf,
    Several,
    Text,
    checked,
    refusal,
    wrong_value,
)
from bevseg.config.names import (
    DEVICES,
    FEATURES,
    GROUND_METHODS,
    ON_ERROR,
    OPTIMISERS,
    REFERENCES,
    SAMPLINGS,
    SCHEDULES,
    SYMMETRIES,
)

COUNT = Number(least=1, most=1_000_000_000, whole=True)
UP_TO_1000 = Number(least=0, most=1000)
SHARE = Number(least=0, most=1)
VAL_BLOCKS = Number(above=0, below=1)
"""Share of the labelled points that a training holds out in blocks: an option, not a setting that a model keeps."""


def setting(default: Any, domain: Domain, *, above: str | None = None) -> Any:
    """Return the field of a setting.

    Parameters
    ----------
    default
        Its default.
    domain
        Its values.
    above
        Name of another setting of the group that this one has to exceed.
    """
    return field(default=default, metadata={"domain": domain, "above": above})


class Group:
    """A group of settings. It checks itself when it is built, and names everything that is wrong in one error."""

    group: ClassVar[str]
    """Its name in TOML files and in messages."""

    def __post_init__(self) -> None:
        values, faults = self.check(vars(self))
        if faults:
            raise refusal(faults)
        for name, value in values.items():  # a whole number where a float is expected, a list for a tuple
            object.__setattr__(self, name, value)

    @classmethod
    def domains(cls) -> dict[str, Domain]:
        """Return setting -> domain."""
        return {one.name: one.metadata["domain"] for one in dataclasses.fields(cls)}  # type: ignore[arg-type]

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
        """Return the values in the types that are kept, and all that is wrong with them.

        Parameters
        ----------
        values
            Setting -> value, for each setting of the group.
        """
        taken, faults = checked(cls.domains(), values, cls.group)
        for one in dataclasses.fields(cls):  # type: ignore[arg-type]
            other = one.metadata["above"]
            if one.name in taken and other in taken and taken[one.name] <= taken[other]:
                expected = f"a number above {other}, which is {taken[other]:g}"
                faults.append(wrong_value(f"{cls.group}.{one.name}", taken[one.name], expected))
        return taken, faults


@dataclass(frozen=True)
class GroundConfig(Group):
    """How the ground is found. The names are those that users of SMRF know; one set serves all scans."""

    group: ClassVar[str] = "ground"

    method: str = setting("auto", OneOf(GROUND_METHODS))
    """`smrf`, `flat-zones`, or `auto`: by the density of the points."""
    window: float = setting(18.0, Number(above=0, most=500, unit="m"))
    """`smrf`: largest radius of the openings, m. Larger removes larger buildings and shaves hilltops; each metre
    is an opening more."""
    slope: float = setting(0.06, UP_TO_1000)
    """`smrf`: steepest ground kept by the openings, m per m, beside what is given back. Raise it on hills."""
    threshold: float = setting(0.45, Number(above=0, most=1000, unit="m"))
    """`smrf`: height off the surface that is still ground, m."""
    scalar: float = setting(1.2, UP_TO_1000)
    """`smrf`: extra height per unit of slope, m."""


@dataclass(frozen=True)
class SliceConfig(Group):
    """The two slabs of height above ground."""

    group: ClassVar[str] = "slices"

    ground_band: float = setting(0.2, Number(least=0, most=1000, unit="m"))
    """Points less than this above the DEM are ground, m."""
    foot: float = setting(0.06, Number(least=0, most=1000, unit="m"))
    """In a cell whose low slice is an object, ground ends here, and the rest of the band is its foot, m. Above the
    band it has no effect."""
    split: float = setting(3.0, Number(above=0, most=10_000, unit="m"), above="ground_band")
    """Low slice below, high slice from here up, m. Vans stay in the low one."""
    reference: str = setting("dem", OneOf(REFERENCES))
    """`dem`: heights above ground. `mode`: one horizontal plane per cloud, as in the paper."""


@dataclass(frozen=True)
class RasterConfig(Group):
    """The rasters the networks see."""

    group: ClassVar[str] = "raster"

    cell: float = setting(0.2, Number(least=0.001, most=1000, unit="m"))
    """Cell size, m."""
    features: str = setting("shape", OneOf(FEATURES))
    """Band set: `heights`; `shape`, the same with bands of thickness and profile; or the literal `paper` one."""


@dataclass(frozen=True)
class NetConfig(Group):
    """The network, of the same kind for both slices; it takes those of the options that it knows."""

    group: ClassVar[str] = "net"

    kind: str = setting("unet", Text("the name of a network", most=1000))
    """`unet`; `paper_unet`, that of the power-Jaccard paper; `fcn8s`, `segnet`, `fast_scnn`; or one of your own, such
    as `package.module:Class`."""
    filters: int = setting(16, Number(least=1, most=1024, whole=True))
    """Filters of the first level; each level down doubles them."""
    depth: int = setting(4, Number(least=0, most=10, whole=True))
    """Number of halvings. `fcn8s` and `fast_scnn` have five, whatever it says."""
    widest: int | None = setting(None, Number(least=1, most=1_000_000, whole=True, optional=True))
    """Most filters of a level; None: no limit. A limit keeps deep networks small."""
    dropout: float = setting(0.2, Number(least=0, below=1))
    """Share of the channels that training leaves out at the coarse levels: a few streets are soon learnt by heart."""


@dataclass(frozen=True)
class TrainConfig(Group):
    """How the networks are trained; the numbers hold for each slice."""

    group: ClassVar[str] = "train"

    loss: str = setting("ce:0.5+power_jaccard:1.5", Text("a loss or a sum of losses", most=1000))
    """A loss, or a weighted sum: `ce+0.5*lovasz_softmax`. `ce:0.5` weights classes by frequency^-0.5."""
    steps: int | None = setting(1500, Number(least=1, most=1_000_000_000, whole=True, optional=True))
    """Optimiser steps at most. None: chosen by the labelled clouds in fine-tuning, else 1,500."""
    batch: int = setting(4, Number(least=1, most=100_000, whole=True))
    """Crops in a step."""
    crop: int = setting(192, Number(least=1, most=100_000, whole=True, unit="cells"))
    """Side of a crop, cells."""
    sampling: str = setting("classes", OneOf(SAMPLINGS, ":"))
    """`classes`: half of the crops around a class drawn evenly; `equibatch`: the classes in turn;
    `half_positive:car`: every other crop with a car (without a name: with the rarest class)."""
    views: float = setting(0.0, SHARE)
    """Share of the crops that show what a scanner with a narrow view would see: beams that end a few degrees above
    the horizon, circles, fewer points far off, a hidden sector. The model that ships was trained with 0.3."""
    optimiser: str = setting("adamw", OneOf(OPTIMISERS))
    """`adamw`, `adam`, `adadelta` or `sgd`."""
    learning_rate: float = setting(2e-3, Number(above=0, most=1000))
    """Largest learning rate. The schedule multiplies it by a factor."""
    weight_decay: float = setting(1e-2, UP_TO_1000)
    """Weight decay. AdamW decouples it from the gradient; the other optimizers add it to the gradient."""
    momentum: float = setting(0.9, Number(least=0, below=1))
    """Of `sgd`."""
    schedule: str = setting("one_cycle", OneOf(SCHEDULES))
    """Of the learning rate: `one_cycle`, `poly`, `step`, `constant` or `plateau`."""
    power: float = setting(0.9, UP_TO_1000)
    """Of `poly`: (1 - progress)^power."""
    plateau_patience: int = setting(3, COUNT)
    """Of `plateau`: validation steps without a better score, after which the learning rate is reduced."""
    plateau_factor: float = setting(0.1, Number(above=0, below=1))
    """Of `plateau`: factor on the learning rate."""
    smooth_boundary: float = setting(0.0, SHARE)
    """Share of the label that cells at a class boundary distribute evenly over all classes."""
    teacher_weight: float = setting(0.5, SHARE)
    """Weight of the teacher in the loss; the labels have the rest."""
    unlabelled_weight: float = setting(0.5, UP_TO_1000)
    """Weight of the loss of crops without labels."""
    confidence: float = setting(0.5, SHARE)
    """Smallest predicted probability at which a cell without a label counts."""
    average: float = setting(0.995, Number(least=0, below=1))
    """Decay of the running average of the weights. The model gets the average."""
    init_worth: float | None = setting(0.0, Number(least=0, most=1000, optional=True))
    """Number of labelled clouds that the initial model counts for. With n training clouds its weights have the share
    init_worth / (init_worth + n) in the final weights (Wortsman et al. 2022). None: chosen by the labelled clouds.
    Without a model to start from it has no effect."""
    simulated: float | None = setting(0.0, Number(least=0, below=1, optional=True))
    """Share of the crops that show simulated streets, so that a training from a model forgets less of what the
    labelled clouds do not show. None: chosen by the labelled clouds in fine-tuning, else 0."""
    validate_every: int = setting(150, COUNT)
    """Training steps between two validation steps."""
    patience: int = setting(6, COUNT)
    """Validation steps without improvement after which training stops."""
    val_share: float = setting(0.15, Number(least=0, below=1))
    """Share of the clouds held out for early stopping when none are named: at least one, unless it is 0."""
    max_minutes: float | None = setting(
        None, Number(least=0.001, most=1_000_000, optional=True, unit="minutes")
    )
    """Wall-clock limit for both slices together, minutes."""


@dataclass(frozen=True)
class PredictConfig(Group):
    """Settings of test-time augmentation and CRF. They are not part of `Settings`; a model stores those."""

    group: ClassVar[str] = "predict"

    scales: tuple[float, ...] = setting(
        (1.0,), Several(Number(above=0, most=2, multiple_of=0.125), "1,0.75,0.5")
    )
    """Scales for test-time augmentation, in eighths up to 2. The probabilities are averaged."""
    turns: int = setting(1, OneOf(SYMMETRIES))
    """Symmetries for test-time augmentation: 1, 2 (half turn), 4 (quarter turns) or 8 (also mirrored)."""
    crf: bool = setting(False, Flag())
    """Whether a dense CRF refines the probabilities."""


NO_TTA = PredictConfig()
"""The network's own answer."""


@dataclass(frozen=True)
class RunConfig(Group):
    """How a command works; nothing here changes what is computed but the seed."""

    group: ClassVar[str] = "run"

    seed: int = setting(0, Number(least=0, most=2**63 - 1, whole=True))
    """Random seed."""
    device: str = setting("auto", OneOf(DEVICES, ":"))
    """Compute device; `auto` takes the GPU where there is one."""
    jobs: int | None = setting(None, Number(least=1, most=10_000, whole=True, optional=True))
    """Processes. None: `run` takes as many as the work is worth, other commands take one."""
    on_error: str = setting("skip", OneOf(ON_ERROR))
    """What a bad cloud does to the others: `skip` it, or `stop`."""


@dataclass(frozen=True)
class SimulateConfig(Group):
    """Simulated scans; not part of `Settings`, because no result depends on it."""

    group: ClassVar[str] = "simulate"

    points: int | None = setting(None, Number(least=1, most=2_000_000_000, whole=True, optional=True))
    """Points of a cloud; None: as many as is usual for the preset."""
    length: float | None = setting(None, Number(least=5, most=10_000, optional=True, unit="m"))
    """Length of the drive, m; points per metre then decide how dense the scan is. None: the sensor decides that, and
    the drive is as long as the points need."""
    resolution: float | None = setting(None, Number(least=1e-5, most=1, optional=True, unit="m"))
    """Step of the coordinates, m; None: that of the preset. 32 bits hold the longest drive in the finest."""
    # Which presets there are, the simulator knows: other packages may bring more.
    preset: str = setting("shrec20", Text("the name of a preset", most=100))
    """How the street is surveyed, and what kind of street it is."""


@dataclass(frozen=True)
class Settings:
    """Everything, for `--config` and for the record beside the results."""

    ground: GroundConfig = field(default_factory=GroundConfig)
    slices: SliceConfig = field(default_factory=SliceConfig)
    raster: RasterConfig = field(default_factory=RasterConfig)
    net: NetConfig = field(default_factory=NetConfig)
    train: TrainConfig = field(default_factory=TrainConfig)


FINE_TUNING: dict[str, Any] = {"steps": None, "init_worth": None, "simulated": None, "val_share": 0.0}
"""Settings of a training that starts from a model, in place of the defaults above. Every labelled cloud teaches,
since those who fine-tune have one or three. What is None, `training.fine_tuning` chooses by the labelled clouds."""

NAMED: dict[str, Settings] = {
    "default": Settings(),
    # The method as the power-Jaccard paper prints it (VISAPP 2021, section 3.3): literal features, one
    # absolute slice plane per cloud, a smaller net.
    "paper": Settings(
        slices=SliceConfig(reference="mode"),
        raster=RasterConfig(features="paper"),
        net=NetConfig(filters=8, depth=3, dropout=0.0),
    ),
}
