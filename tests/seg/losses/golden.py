"""`python -m tests.seg.losses.golden DIR`: every case of a folder of reference values, against our losses.

DIR holds a manifest.json and one .npz per set. Each case is computed in float64 and again in float32. Exit status 1
if a case disagrees, or a set is not covered.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.seg.losses import goldens
from tests.seg.losses.goldens.case import Adapter, Case, Departure


@dataclass(frozen=True)
class Tolerance:
    """How far a result may be from the reference."""

    relative: float
    """Of the value."""
    absolute: float
    """Of the value."""
    of_largest: float
    """Of the gradient, as a share of its largest entry."""


TOLERANCES = {
    torch.float64: Tolerance(1e-9, 1e-12, 1e-8),
    torch.float32: Tolerance(2e-5, 1e-6, 2e-4),
}

MOST_DEPARTURES = 15


@dataclass
class Tally:
    """What became of the cases of one set."""

    cases: int = 0
    agree: int = 0
    faults: list[str] = field(default_factory=list)
    departures: dict[str, int] = field(default_factory=dict)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", help="sets, separated by commas")
    options = parser.parse_args()
    torch.set_num_threads(1)
    return check(options.folder, options.only.split(",") if options.only else None)


def check(folder: Path, only: list[str] | None = None) -> int:
    """Print how many cases of each set agree; return the exit status."""
    sets = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["losses"]
    adapters, rules = goldens.adapters(), goldens.departures()
    tallies = {}
    for name in only or sets:
        tallies[name] = tally = _set(folder, name, sets[name], adapters.get(name), rules)
        print(f"{name}: {tally.agree} of {tally.cases} cases agree")
        for fault in tally.faults:
            print(f"    {fault}")
    _print_departures(rules, tallies)
    cases, agree = (sum(getattr(t, key) for t in tallies.values()) for key in ("cases", "agree"))
    print(f"total: {agree} of {cases} cases of {len(tallies)} sets agree, {cases - agree} failures")
    return int(agree < cases or len(rules) > MOST_DEPARTURES)


def _set(
    folder: Path, name: str, entry: dict, adapter: Adapter | None, rules: tuple[Departure, ...]
) -> Tally:
    tally = Tally(cases=len(entry["cases"]))
    if adapter is None:
        tally.faults.append("not covered")
        return tally
    with np.load(folder / entry.get("file", f"{name}.npz")) as stored:
        arrays = dict(stored.items())
    for case in entry["cases"]:
        faults = list(_compare_copies(case, arrays))
        for dtype, tolerance in TOLERANCES.items():
            found, reason = _case(_read(name, case, arrays, dtype), adapter, rules, tolerance)
            faults += [
                f"{case['id']} {case['scenario']} {case['params']} {dtype}: {fault}" for fault in found
            ]
        if reason:
            tally.departures[reason] = tally.departures.get(reason, 0) + 1
        tally.faults += faults
        tally.agree += not faults
    return tally


def _compare_copies(case: dict, arrays: dict[str, np.ndarray]) -> Iterator[str]:
    """The value stands in the manifest and in the arrays."""
    stored = arrays.get(f"{case['id']}/value")
    if "value" in case and stored is not None:
        stated = float(case["value"])  # a number, or "nan", "inf", "-inf"
        if not np.isclose(stated, stored, rtol=1e-12, atol=0, equal_nan=True):
            yield f"{case['id']}: value {stated:.12g} in the manifest, {stored:.12g} in the arrays"


def _read(name: str, case: dict, arrays: dict[str, np.ndarray], dtype: torch.dtype) -> Case:
    prefix = f"{case['id']}/"
    own = {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
    return Case(name, case["id"], case["scenario"], case["params"], own, dtype, case.get("grad_unique", True))


def _case(
    case: Case, adapter: Adapter, rules: tuple[Departure, ...], tolerance: Tolerance
) -> tuple[list[str], str | None]:
    """Return what is wrong with a case, and the reason if a departure applies."""
    rule = next((r for r in rules if case.set in r.sets and r.applies(case)), None)
    reason = rule.reason if rule else None
    try:
        result = adapter(case)
        if isinstance(result, dict):
            return list(_compare_arrays(result, case, tolerance)), reason
        result.backward()
    except Exception as error:  # one broken case must not hide the others
        return [f"{type(error).__name__}: {error}"], reason
    value, gradient = rule.expected(case) if rule else (case.arrays["value"], case.arrays["grad_logits"])
    if not case.grad_unique:
        gradient = None
    return list(_compare_loss(result, case, float(value), gradient, tolerance)), reason


def _compare_loss(
    result: torch.Tensor, case: Case, value: float, gradient: np.ndarray | None, tolerance: Tolerance
) -> Iterator[str]:
    if result.shape != ():
        yield f"a loss of shape {tuple(result.shape)}"
    elif not np.isclose(result.item(), value, rtol=tolerance.relative, atol=tolerance.absolute):
        yield f"value {result.item():.12g}, expected {value:.12g}"
    if gradient is None:
        return
    if case.logits.grad is None:
        yield "no gradient"
        return
    worst = np.abs(case.logits.grad.numpy() - gradient).max(initial=0)
    if not worst <= tolerance.of_largest * np.abs(gradient).max(initial=0) + 1e-12:
        yield f"gradient off by {worst:.3g} of {np.abs(gradient).max():.3g}"


def _compare_arrays(result: dict[str, np.ndarray], case: Case, tolerance: Tolerance) -> Iterator[str]:
    if not result:
        yield "nothing was computed"
    for name, array in result.items():
        expected = case.arrays[name]
        relative = max(tolerance.relative, 2e-7 * (expected.dtype == np.float32))
        if np.shape(array) != expected.shape:
            yield f"{name} of shape {np.shape(array)}, expected {expected.shape}"
        elif not np.allclose(
            array, expected, rtol=relative, atol=max(tolerance.absolute, relative / 10), equal_nan=True
        ):
            yield f"{name} off by {np.abs(np.subtract(array, expected, dtype=float)).max():.3g}"


def _print_departures(rules: tuple[Departure, ...], tallies: dict[str, Tally]) -> None:
    print(f"{len(rules)} deliberate departures:")
    for rule in rules:
        counts = {name: tallies[name].departures.get(rule.reason, 0) for name in rule.sets if name in tallies}
        used = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
        print(f"    {rule.reason} [{used or 'no case here'}]")


if __name__ == "__main__":
    sys.exit(main())
