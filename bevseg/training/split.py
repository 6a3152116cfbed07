"""Labelled clouds -> those that train, and those that are held out: whole clouds, or blocks of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bevseg.config import VAL_BLOCKS, Settings
from bevseg.config.domains import OutsideError, shown
from bevseg.errors import UsageError
from bevseg.training.block_split import BlockSplit, split_by_blocks
from bevseg.training.examples import Example
from bevseg.training.holdout import hold_out
from bevseg.training.touching import Touch, find_touching, groups_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Split:
    """The two sides of a training.

    Attributes
    ----------
    learned, validation
        What trains, and what is held out to know when to stop.
    asked
        Names of the clouds held out, or the facts of a split by blocks: a training that goes on has the same.
    blocks
        The blocks that are held out; None: whole clouds.
    facts
        What the model keeps of a split by blocks, under `split`. Of whole clouds it keeps the names.
    """

    learned: list[Example]
    validation: list[Example]
    asked: Sequence[str] | Mapping[str, Any]
    blocks: BlockSplit | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def without_held_out(self, examples: Sequence[Example]) -> list[Example]:
        """Return clouds without labels, without the points that lie in blocks held out, or in the guard band."""
        return list(examples) if self.blocks is None else self.blocks.to_train(examples)


def check_val(val: Sequence[str] | None, val_blocks: float | None) -> None:
    """Raise UsageError unless the options of a split agree."""
    if val_blocks is None:
        return
    try:
        VAL_BLOCKS.read(val_blocks)
    except OutsideError as error:
        raise UsageError(
            f"No such share of blocks: {shown(val_blocks)}",
            where="--val-blocks",
            why=f"expected {error}",
            hint="0.2 holds out a fifth of the labelled points",
        ) from error
    if val is not None:
        raise UsageError(
            "Either whole clouds are held out, or blocks",
            where="--val, --val-blocks",
            why="both are given",
            hint="give one of the two",
        )


def split_of(
    examples: Sequence[Example],
    settings: Settings,
    *,
    val: Sequence[str] | None,
    val_blocks: float | None,
    seed: int,
) -> Split:
    """Split labelled clouds.

    Without `val` and `val_blocks`, clouds that touch are held out together or not at all. If all of them belong
    together, blocks are held out, where there are enough.

    Parameters
    ----------
    examples
        Labelled clouds with names of their own.
    settings
        The cell of the rasters, and the share that is held out if nothing is named.
    val
        Names of clouds to hold out.
    val_blocks
        Share of the labelled points to hold out in blocks.
    seed
        Of the choice.

    Raises
    ------
    UsageError
        If the options do not agree; if names are unknown, or nothing is left to train on; if clouds on both sides
        touch; if there are too few blocks.
    """
    check_val(val, val_blocks)
    if val_blocks is not None:
        return _by_blocks(examples, settings, val_blocks, seed)
    counts = {example.cloud.name: example.counts for example in examples}
    share = settings.train.val_share
    if val is None and (share == 0 or len(counts) == 1):
        return _by_name(examples, hold_out(counts, None, share, seed))
    if val is not None:
        held_out = hold_out(counts, val, share, seed)
        _ensure_apart(held_out, _touching(examples, settings))
        return _by_name(examples, held_out)
    groups = groups_of(sorted(counts), _touching(examples, settings))
    if len(groups) > 1:
        return _by_name(examples, hold_out(counts, None, share, seed, groups))
    log.info("all labelled clouds touch: blocks of them are held out")
    try:
        return _by_blocks(examples, settings, share, seed)
    except UsageError as error:
        log.warning(
            "all labelled clouds touch, and blocks cannot be held out (%s): none is held out for early stopping",
            error.why,
        )
        return _by_name(examples, ())


def _touching(examples: Sequence[Example], settings: Settings) -> list[Touch]:
    return find_touching([example.cloud for example in examples], settings.raster.cell)


def _by_name(examples: Sequence[Example], held_out: Sequence[str]) -> Split:
    learned = [example for example in examples if example.cloud.name not in held_out]
    return Split(learned, [example for example in examples if example.cloud.name in held_out], held_out)


def _by_blocks(examples: Sequence[Example], settings: Settings, share: float, seed: int) -> Split:
    blocks = split_by_blocks(examples, settings.raster.cell, share, seed)
    facts = blocks.facts([example.cloud for example in examples], share, seed)
    log.info("%d of %d blocks are held out", len(blocks.held_out), len(blocks.held_out + blocks.training))
    return Split(blocks.to_train(examples), blocks.to_score(examples), facts, blocks, {"split": facts})


def _ensure_apart(held_out: Sequence[str], touching: Sequence[Touch]) -> None:
    """Raise UsageError if a cloud that is held out touches one that trains."""
    for touch in touching:
        if (touch.first in held_out) != (touch.second in held_out):
            inside, outside = sorted(touch[:2], key=lambda name: name not in held_out)
            raise UsageError(
                f"{inside} is held out, and {outside} shows the same place to the training",
                where="--val",
                why=touch.why,
                hint=f"name {outside} in --val as well, or hold out blocks of all clouds (--val-blocks 0.2)",
            )
