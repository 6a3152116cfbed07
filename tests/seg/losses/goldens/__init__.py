"""Golden set -> how our functions compute its cases; one module per family of losses."""

import importlib

from tests.seg.losses.goldens.case import Adapter, Departure

FAMILIES = (
    "distribution",
    "region",
    "lovasz",
    "boundary",
    "compound",
    "metric_losses",
    "neuro",
    "evaluation",
    "scales",
)


def adapters() -> dict[str, Adapter]:
    return {name: adapter for family in _families() for name, adapter in family.SETS.items()}


def departures() -> tuple[Departure, ...]:
    return tuple(rule for family in _families() for rule in family.DEPARTURES)


def _families():
    return [importlib.import_module(f"tests.seg.losses.goldens.{name}") for name in FAMILIES]
