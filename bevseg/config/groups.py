"""All settings and their defaults, in small typed groups; units stand beside the numbers.

A stage is handed its own group, never the whole tree. A command shows a default from here and does not
repeat it. `load` reads a TOML file (checked by pydantic) or a named configuration.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bevseg.errors import CloudNotFoundError, UsageError
from bevseg.config.names import GROUND_METHODS


class Domain(NamedTuple):
    """The values that a setting may have, in words and as a test."""

    text: str
    holds: Callable[[float], bool]


_COUNT = Domain("a whole number of at least 1", lambda value: value >= 1)
_POSITIVE = Domain("a number above 0", lambda value: 0 < value < math.inf)
_NOT_NEGATIVE = Domain("0, or a number above", lambda value: 0 <= value < math.inf)
_SHARE = Domain("a share from 0 to 1", lambda value: 0 <= value <= 1)

GROUND_DOMAINS: dict[str, Domain] = {
    "window": Domain("a number of metres above 0, at most 500", lambda value: 0 < value <= 500),
    "slope": _NOT_NEGATIVE,
    "threshold": _POSITIVE,
    "scalar": _NOT_NEGATIVE,
}
"""Setting of the ground -> its values. Each metre of the window is an opening more."""


@dataclass(frozen=True)
class GroundConfig:
    """How the ground is found. The names are those that users of SMRF know; one set serves all scans."""

    method: str = "auto"
    """`smrf`, `flat-zones`, or `auto`: by the density of the points."""
    window: float = 18.0
    """`smrf`: largest radius of the openings, m. Larger removes larger buildings and shaves hilltops."""
    slope: float = 0.06
    """`smrf`: steepest ground kept by the openings, m per m, beside what is given back. Raise it on hills."""
    threshold: float = 0.45
    """`smrf`: height off the surface that is still ground, m."""
    scalar: float = 1.2
    """`smrf`: and so much more where the surface is steep, m per unit of slope."""

    def __post_init__(self) -> None:
        if self.method not in GROUND_METHODS:
            raise UsageError(
                f"No ground method {self.method!r}",
                where="ground.method",
                hint=f"choose one of {', '.join(GROUND_METHODS)}",
            )
        _refuse_outside(self, GROUND_DOMAINS, "ground", "cannot be worked with")


@dataclass(frozen=True)
class SliceConfig:
    """The two slabs of height above ground."""

    ground_band: float = 0.2
    """Points less than this above the DEM are ground, m."""
    foot: float = 0.06
    """In a cell whose low slice is an object, ground ends here already, and the rest of the band is its foot, m."""
    split: float = 3.0
    """Low slice below, high slice from here up, m. Vans stay in the low one."""
    reference: str = "dem"
    """`dem`: heights above ground. `mode`: one horizontal plane per cloud, as in the paper."""


@dataclass(frozen=True)
class RasterConfig:
    """The rasters the networks see."""

    cell: float = 0.2
    """Cell size, m."""
    features: str = "heights"
    """Band set: `heights`, or the literal `paper` one."""


@dataclass(frozen=True)
class NetConfig:
    """The U-Net, the same for both slices."""

    filters: int = 16
    """Filters of the first level; each level down doubles them."""
    depth: int = 4
    """Number of halvings."""
    widest: int | None = None
    """Most filters of a level; None: no limit. A limit keeps deep networks small."""
    dropout: float = 0.2
    """Share of the channels that training leaves out at the coarse levels: a few streets are soon learnt by heart."""


@dataclass(frozen=True)
class TrainConfig:
    """How the networks are trained; the numbers hold for each slice."""

    loss: str = "ce:0.5+power_jaccard:1.5"
    """A loss, or a weighted sum: `ce+0.5*lovasz_softmax`. `ce:0.5` weights classes by frequency^-0.5."""
    steps: int = 1500
    """Optimiser steps at most."""
    batch: int = 4
    """Crops in a step."""
    crop: int = 192
    """Side of a crop, cells."""
    sampling: str = "classes"
    """`classes`: half of the crops around a class drawn evenly; `equibatch`: the classes in turn;
    `half_positive:car`: every other crop with a car (without a name: with the rarest class)."""
    optimiser: str = "adamw"
    """`adamw`, `adam`, `adadelta` or `sgd`."""
    learning_rate: float = 2e-3
    """Largest learning rate; the schedule takes shares of it."""
    weight_decay: float = 1e-2
    """Weight decay; AdamW keeps it apart from the gradient, the others add it to that."""
    momentum: float = 0.9
    """Of `sgd`."""
    schedule: str = "one_cycle"
    """Of the learning rate: `one_cycle`, `poly`, `constant` or `plateau`."""
    power: float = 0.9
    """Of `poly`: (1 - progress)^power."""
    plateau_patience: int = 3
    """Of `plateau`: looks without a better score that reduce the rate."""
    plateau_factor: float = 0.1
    """Of `plateau`: what the rate is multiplied by then."""
    smooth_boundary: float = 0.0
    """Share of the label that cells at the boundary of two classes give to all classes alike."""
    teacher_weight: float = 0.5
    """Share of a teacher in the loss; the labels have the rest."""
    unlabelled_weight: float = 0.5
    """Weight of the loss of crops without labels."""
    confidence: float = 0.5
    """Least probability of a class that a network gives to a cell without a label for the cell to count."""
    average: float = 0.995
    """Decay of the running average of the weights that is kept."""
    init_worth: float = 0.0
    """How many labelled clouds the model that a training starts from is worth: beside n of them it has the share
    init_worth / (init_worth + n) of the weights that are kept (Wortsman et al. 2022). No start, no part."""
    validate_every: int = 150
    """Steps between two looks at the validation clouds."""
    patience: int = 6
    """Looks without improvement before training stops."""
    val_share: float = 0.15
    """Share of the clouds held out for early stopping when none are named: at least one, unless it is 0."""
    max_minutes: float | None = None
    """Wall-clock limit for both slices together, minutes."""


@dataclass(frozen=True)
class CrfConfig:
    """The dense CRF behind the networks: how much neighbouring cells agree."""

    steps: int = 5
    """Mean-field steps."""
    smoothness: float = 1.0
    """Weight of the term that looks at the distance of two cells alone."""
    reach: float = 0.3
    """Standard deviation of that term, m."""
    appearance: float = 2.0
    """Weight of the term that looks at distance and bands."""
    far: float = 0.8
    """Standard deviation of that term, m."""
    alike: float = 0.15
    """Standard deviation of that term in every band, as a share of the band's scale: 0.45 m of height, low slice."""


@dataclass(frozen=True)
class PredictConfig:
    """What a prediction takes beyond one look of the network; no part of `Settings`, which a model brings along."""

    scales: tuple[float, ...] = (1.0,)
    """Sizes at which the raster is looked at, in eighths up to 2; the probabilities are averaged."""
    turns: int = 1
    """Symmetries in which it is looked at: 1, 2 (half a turn), 4 (quarter turns) or 8 (mirrored, too)."""
    crf: CrfConfig | None = None
    """Dense CRF over the probabilities; None: none."""

    def __post_init__(self) -> None:
        if not self.scales or any(not 0 < s <= 2 or s * 8 % 1 for s in self.scales):
            raise UsageError(
                f"Scales {', '.join(f'{s:g}' for s in self.scales)} cannot be used",
                where="--scales",
                hint="name eighths from 0.125 to 2, for example 1,0.75,0.5",
            )
        if self.turns not in (1, 2, 4, 8):
            raise UsageError(f"No {self.turns} turns", where="--turns", hint="name one of: 1, 2, 4, 8")


ONE_LOOK = PredictConfig()
"""The network's own answer."""


@dataclass(frozen=True)
class RunConfig:
    """How a command works; nothing here changes what is computed but the seed."""

    seed: int = 0
    """Start of all chance."""
    device: str = "auto"
    """Compute device; `auto` takes the GPU where there is one."""
    jobs: int = 1
    """Processes."""
    on_error: str = "skip"
    """What a bad cloud does to the others: `skip` it, or `stop`."""


@dataclass(frozen=True)
class SimulateConfig:
    """Simulated scans; no part of `Settings`, because no result depends on it."""

    points: int | None = None
    """Points of a cloud; None: as many as is usual for the preset."""
    length: float | None = None
    """Length of the drive, m; points per metre then decide how dense the scan is. None: the sensor decides that, and
    the drive is as long as the points need."""
    resolution: float | None = None
    """Step of the coordinates, m; None: that of the preset."""
    preset: str = "shrec20"
    """How the street is surveyed, and what kind of street it is."""


@dataclass(frozen=True)
class Settings:
    """Everything, for `--config` and for the record beside the results."""

    ground: GroundConfig = field(default_factory=GroundConfig)
    slices: SliceConfig = field(default_factory=SliceConfig)
    raster: RasterConfig = field(default_factory=RasterConfig)
    net: NetConfig = field(default_factory=NetConfig)
    train: TrainConfig = field(default_factory=TrainConfig)


TRAIN_DOMAINS: dict[str, Domain] = {
    "steps": _COUNT,
    "batch": _COUNT,
    "crop": _COUNT,
    "learning_rate": _POSITIVE,
    "weight_decay": _NOT_NEGATIVE,
    "momentum": Domain("a share from 0 to below 1", lambda value: 0 <= value < 1),
    "power": _NOT_NEGATIVE,
    "teacher_weight": _SHARE,
    "unlabelled_weight": _NOT_NEGATIVE,
    "confidence": _SHARE,
    "average": _SHARE,
    "init_worth": _NOT_NEGATIVE,
    "validate_every": _COUNT,
    "patience": _COUNT,
    "val_share": _SHARE,
    "max_minutes": _POSITIVE,
}
"""Setting of a training -> its values; what the loss, the schedule and the sampling need they say themselves."""


def refuse_outside(config: TrainConfig) -> None:
    """Raise UsageError if a setting of a training lies outside its domain."""
    _refuse_outside(config, TRAIN_DOMAINS, "train", "cannot be trained with")


def _refuse_outside(config: object, domains: dict[str, Domain], group: str, verdict: str) -> None:
    for name, domain in domains.items():
        value = getattr(config, name)
        if value is not None and not domain.holds(value):
            raise UsageError(
                f"{name} {value:g} {verdict}", where=f"{group}.{name}", hint=f"choose {domain.text}"
            )


FINE_TUNING: dict[str, object] = {"steps": 400, "init_worth": 3.0, "val_share": 0.0}
"""Settings of a training that starts from a model, in place of the defaults above. The networks know streets already:
few steps, what they knew is worth three labelled clouds, and every labelled cloud teaches, since those who fine-tune
have one or three."""

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


def load(name_or_path: str, base: Settings | None = None) -> Settings:
    """Return a named configuration, or the one in a TOML file with the groups above as tables.

    Parameters
    ----------
    name_or_path
        One of `NAMED`, which is taken whole, or the file.
    base
        What a file does not name; None: the defaults.

    Raises
    ------
    UsageError
        For a key or a value that the groups do not know.
    CloudNotFoundError
        For a path that does not exist.
    """
    if name_or_path in NAMED:
        return NAMED[name_or_path]
    path = Path(name_or_path)
    if not path.exists():
        raise CloudNotFoundError(
            f"No configuration {name_or_path!r}",
            why=f"it is no file, and the named ones are {', '.join(NAMED)}",
            hint="name one of these or a TOML file",
        )
    import tomllib

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            "Not a TOML file", where=path, why=str(error), hint="correct it and try again"
        ) from error
    return from_table(table, where=str(path), base=base)


def with_training(settings: Settings | None, **values: object) -> Settings:
    """Return settings (None: the defaults) in which the training has other values; those that are None stay."""
    base = settings or NAMED["default"]
    given = {name: value for name, value in values.items() if value is not None}
    return dataclasses.replace(base, train=dataclasses.replace(base.train, **given))  # type: ignore[arg-type]


def from_table(table: dict[str, Any], where: str, base: Settings | None = None) -> Settings:
    """Check a nested table (from TOML or from a model file) and return Settings; unknown keys raise.

    What the table does not name is that of `base`, or the default.
    """
    import pydantic

    adapter = pydantic.TypeAdapter(Settings)
    _refuse_unknown(table, Settings, where)
    whole = {name: group | table.get(name, {}) for name, group in to_table(base or Settings()).items()}
    try:
        return adapter.validate_python(whole)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        if isinstance(refused := first.get("ctx", {}).get("error"), UsageError):
            raise UsageError(refused.what, where=f"{where}: {refused.where}", hint=refused.hint) from error
        key = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"Setting {key!r} cannot be used",
            where=where,
            why=f"{first['msg']}, given {first['input']!r}",
            hint="correct the value",
        ) from error


def to_table(settings: Settings) -> dict[str, dict[str, object]]:
    """Return the settings as a nested table, for JSON and for model files."""
    return dataclasses.asdict(settings)


def _refuse_unknown(table: dict[str, object], group: type, where: str) -> None:
    known = {f.name: f for f in dataclasses.fields(group)}
    for key, value in table.items():
        if key not in known:
            raise UsageError(
                f"No setting {key!r}",
                where=where,
                why=f"known here: {', '.join(known)}",
                hint="correct the key",
            )
        default = known[key].default_factory
        if default is not dataclasses.MISSING:
            if not isinstance(value, dict):
                raise UsageError(f"{key!r} is a table of settings", where=where, why=f"given {value!r}")
            _refuse_unknown(value, type(default()), where)
