"""The report of a run that has learned: what was said, and which classes were won and lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CLASS_NAMES
from bevseg.review.edits import EditList
from bevseg.review.run_outputs import RunOutputs
from bevseg.runner import report
from bevseg.runner.relabel import by_class

ARROW = "->"
"""Between the classes of a point before and after, in the report."""


def with_learned(
    outputs: RunOutputs,
    table: Mapping[str, Any],
    corrected: Mapping[str, Mapping[str, Any]],
    edits: EditList,
) -> dict[str, Any]:
    """Return the report of the new results, with what a person said put in, and what changed."""
    pairs = sum(facts["pairs"] for facts in corrected.values())
    assert isinstance(pairs, np.ndarray)  # there are clouds
    clouds = {}
    for name, facts in table["clouds"].items():
        own = corrected[name]
        new = {key: own[key] for key in ("output_sha256", "classes", "scores") if key in own}
        role = {"role": "corrected"} if own["said"] else {}
        clouds[name] = {**facts, **new, **role, "said": own["said"], "changed": _moves(own["pairs"])}
    unseen = [name for name in table["scored"] if not corrected[name]["said"]]
    scored = unseen or list(table["scored"])
    return {
        **table,
        "scored": scored,
        "scored_unseen": bool(unseen),
        **report.pooled(clouds, scored),
        "clouds": clouds,
        "learned": {
            "of": str(outputs.folder),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "edits": len(edits.in_force()),
            "said": sum(own["said"] for own in corrected.values()),
            "before": by_class(pairs.sum(axis=1)),
            "after": by_class(pairs.sum(axis=0)),
            "changed": _moves(pairs),
            "scores_before": outputs.table.get("scores"),
        },
    }


def summary(table: Mapping[str, Any]) -> str:
    """Say what was learned from, and which classes were won and lost."""
    learned = table["learned"]
    said = f"learned from {learned['said']:,} points in {len(learned['corrections']['clouds'])} clouds"
    moves = sorted(learned["changed"].items(), key=lambda item: (-item[1], item[0]))
    lines = [f"{said}; {sum(learned['changed'].values()):,} points have another class than before"]
    lines += [f"  {pair.replace(ARROW, ' to ')}: {count:,}" for pair, count in moves]
    names = [name for name in CLASS_NAMES if learned["before"][name] or learned["after"][name]]
    lines += [f"{'class':<12} {'before':>12} {'after':>12} {'won':>10} {'lost':>10}"]
    for name in names:
        numbers = [learned[key][name] for key in ("before", "after")]
        won, lost = (_moved(learned["changed"], name, to=to) for to in (True, False))
        lines.append(f"{name:<12} {numbers[0]:>12,} {numbers[1]:>12,} {won:>10,} {lost:>10,}")
    return "\n".join(lines)


def _moved(changed: Mapping[str, int], name: str, *, to: bool) -> int:
    """Return how many points a class has won (`to`) or lost."""
    return sum(count for pair, count in changed.items() if pair.split(ARROW)[to] == name)


def _moves(pairs: NDArray[np.integer]) -> dict[str, int]:
    """Return `car->pole` -> points that were the first and are the second class, of (before, after) counts."""
    return {
        f"{CLASS_NAMES[one]}{ARROW}{CLASS_NAMES[other]}": int(pairs[one, other])
        for one, other in zip(*np.nonzero(pairs), strict=True)
        if one != other
    }
