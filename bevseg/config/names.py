"""The words a user can choose from, apart from the things they name.

The command line offers these as choices without importing what is behind them (torch, laspy, numba);
`tests/config/test_names.py` holds every tuple equal to the keys of its table.
"""

SLICES = ("low", "high")
FEATURES = ("heights", "shape", "paper")
SCHEMES = ("shrec20", "oakland", "asprs")
GROUND_METHODS = ("auto", "flat-zones", "smrf")
REFERENCES = ("dem", "mode")
PRODUCTS = ("dem", "dsm", "ndsm")
OPTIMISERS = ("adamw", "adam", "adadelta", "sgd")
SCHEDULES = ("one_cycle", "poly", "step", "constant", "plateau")
SAMPLINGS = ("classes", "equibatch", "half_positive")
SYMMETRIES = (1, 2, 4, 8)
ON_ERROR = ("skip", "stop")
DEVICES = ("auto", "cpu", "cuda")
PROBABILITIES = NO_CONFIDENCE, TOP, ALL = "none", "top", "all"
"""Which probabilities are written beside the class: none, that of the class, or those of all classes."""
DEFAULT_MODEL = "default"
"""Name of the default model, in place of a path."""
NO_MODEL = "none"
"""In place of a model to start from: new networks."""
