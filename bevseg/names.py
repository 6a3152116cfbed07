"""The words a user can choose from, apart from the things they name.

The command line offers these as choices without importing what is behind them (torch, laspy, numba);
`tests/test_names.py` holds every tuple equal to the keys of its table.
"""

SLICES = ("low", "high")
FEATURES = ("heights", "paper")
SCHEMES = ("shrec20", "oakland", "asprs")
FORMATS = ("laz", "las", "ply", "txt")
LOSSES = ("ce", "power_jaccard", "lovasz_softmax", "lovasz_hinge")
OPTIMISERS = ("adamw", "adam", "adadelta", "sgd")
SCHEDULES = ("one_cycle", "poly", "constant", "plateau")
SAMPLINGS = ("classes", "equibatch", "half_positive")
DEVICES = ("auto", "cpu", "cuda")
TRUTH_FORMATS = ("laz", "las", "txt", "txt.gz")
