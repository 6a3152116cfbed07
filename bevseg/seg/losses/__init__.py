"""Losses by name: `parse` reads a text such as `ce+0.5*power_jaccard(p=1.5)`, `registry.LOSSES` holds the names.

The contract
------------
Every loss is a function `loss(logits, target, ignore_index=255, **options)` of one module here. So is a loss of the
user's own, which is named by an entry point of the group `bevseg.losses` or as `package.module:function`.

logits
    (B, C, H, W): images, classes, rows, columns. For two classes also (B, H, W) or (B, 1, H, W), the logit of the
    foreground, class 1, against class 0 (binary logits). Any finite value, float16 to float64. p or q is their
    softmax over the classes, or the sigmoid of binary logits.
target
    (B, H, W) class ids of an integer type, 0 or 1 for binary logits. In formulas y is 1 for the class of the pixel
    and 0 for the others. Losses for soft labels also take probabilities of the shape of the logits.
ignore_index
    Target of the pixels that are left out: they cost nothing, enter no sum and no mean, and have no gradient,
    whatever their logits hold, NaN included.
options
    By keyword. Those of a number, a word, true or false, none, or a list of these can be set in the text of a loss.
    `maps` is made of the target beside the training.

Returns
-------
    A scalar tensor, float32 or wider whatever the logits are, with a gradient for the logits. 0 with zero gradient if
    all pixels are ignored. Finite in value and gradient for every finite logit.
raises
    UsageError for an option outside its domain, ValueError for shapes that do not fit.

A docstring of a loss says what departs from this, and what the options and the value mean.
"""

from __future__ import annotations

import importlib
from typing import Any

from bevseg.seg.losses.registry import LOSSES


def __getattr__(name: str) -> Any:
    """Import `parse`, `Loss` or the function of a loss when it is asked for: the names alone need no torch."""
    homes = {"parse": f"{__name__}.loss", "Loss": f"{__name__}.loss"}
    homes |= {
        function: module
        for module, _, function in (
            entry.function.partition(":") for entry in LOSSES.values() if not entry.learned
        )
    }
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(homes[name]), name)
