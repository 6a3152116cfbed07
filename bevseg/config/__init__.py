"""All settings: their groups, defaults and domains, the words to choose from, the files they are read from."""

from bevseg.config.groups import (
    FINE_TUNING,
    NAMED,
    NO_TTA,
    VAL_BLOCKS,
    GroundConfig,
    Group,
    NetConfig,
    PredictConfig,
    RasterConfig,
    RunConfig,
    Settings,
    SimulateConfig,
    SliceConfig,
    TrainConfig,
)
from bevseg.config.tables import from_table, load, to_table, with_training

__all__ = [
    "FINE_TUNING",
    "NAMED",
    "NO_TTA",
    "VAL_BLOCKS",
    "GroundConfig",
    "Group",
    "NetConfig",
    "PredictConfig",
    "RasterConfig",
    "RunConfig",
    "Settings",
    "SimulateConfig",
    "SliceConfig",
    "TrainConfig",
    "from_table",
    "load",
    "to_table",
    "with_training",
]
