"""A loss of a user's own that gives up in one of several processes: in that of the variable GIVES_UP."""

import os

from bevseg.errors import TrainingError
from bevseg.seg.losses.cross_entropy_loss import cross_entropy

steps = 0


def loss(logits, target, ignore_index=255):
    """Cross-entropy, until the fourth step."""
    global steps
    steps += len(logits) > 1  # a loss is tried on one picture before a training
    if steps == 4 and os.environ.get("RANK") == os.environ.get("GIVES_UP", "nobody"):
        raise TrainingError("The loss gave up", where=f"process {os.environ['RANK']}")
    return cross_entropy(logits, target, ignore_index)
