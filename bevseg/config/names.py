"""The words a user can choose from, apart from the things they name.

The command line offers these as choices without importing what is behind them (torch, laspy, numba);
`tests/config/test_names.py` holds every tuple equal to the keys of its table.
"""

SLICES = ("low", "high")
FEATURES = ("heights", "paper")
SCHEMES = ("shrec20", "oakland", "asprs")
GROUND_METHODS = ("auto", "flat-zones", "smrf")
REFERENCES = ("dem", "mode")
PRODUCTS = ("dem", "dsm", "ndsm")
LOSSES = (
    "ce",
    "weighted_ce",
    "balanced_ce",
    "distance_ce",
    "focal",
    "hinge",
    "kl",
    "power_jaccard",
    "jml",
    "soft_jaccard",
    "dice",
    "power_dice",
    "log_cosh_dice",
    "tversky",
    "focal_tversky",
    "sensitivity_specificity",
    "lovasz_softmax",
    "lovasz_hinge",
    "hausdorff_dt",
    "hausdorff_one_sided",
    "hausdorff_erosion",
    "hausdorff_cv",
    "shape_aware",
    "boundary",
    "combo",
    "exp_log",
    "ssl",
)
OPTIMISERS = ("adamw", "adam", "adadelta", "sgd")
SCHEDULES = ("one_cycle", "poly", "constant", "plateau")
SAMPLINGS = ("classes", "equibatch", "half_positive")
SYMMETRIES = (1, 2, 4, 8)
ON_ERROR = ("skip", "stop")
DEVICES = ("auto", "cpu", "cuda")
DEFAULT_MODEL = "default"
"""The model that ships, wherever a model is asked for."""
