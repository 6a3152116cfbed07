"""What is wrong with the description that a model file holds: tables of settings, bands and networks."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from bevseg.config import NetConfig, Settings
from bevseg.config.domains import Domain, Fault, Number, Text, checked, unknown_keys, wrong_value
from bevseg.config.groups import COUNT
from bevseg.config.names import SLICES
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.models.build import arguments

MOST_BANDS = 1000
"""Bands of a slice at most; real ones have eight."""

TABLES = ("settings", "bands", "nets", "scores", "versions")
"""Keys of the description that hold tables."""

BAND: dict[str, Domain] = {"name": Text(), "scale": Number(least=1e-9, most=1e9), "unit": Text()}
"""Field of a band -> its values."""


TEMPERATURE = Number(least=0.05, most=20)
"""What logits can be divided by: at these ends, confidences hardly say more than the class itself, or nothing."""


def wrong_shape(table: dict[str, Any]) -> list[Fault]:
    """Return what of a description is missing, or is of another kind, so that nothing in it can be looked at."""
    faults = []
    for key in (*TABLES, "classes", "seed"):
        if key not in table:
            faults.append(Fault(key, " is missing"))
        elif key in TABLES and not isinstance(table[key], dict):
            faults.append(wrong_value(key, table[key], "a table"))
    classes, settings, nets = table.get("classes", []), table.get("settings"), table.get("nets")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        faults.append(wrong_value("classes", classes, "a list of names"))
    if nets == {}:
        faults.append(wrong_value("nets", nets, "one network at least"))
    if isinstance(settings, dict):
        for group in dataclasses.fields(Settings):
            if group.name not in settings:
                faults.append(Fault(f"settings.{group.name}", " is missing"))
            elif not isinstance(settings[group.name], dict):
                faults.append(
                    wrong_value(f"settings.{group.name}", settings[group.name], "a table of settings")
                )
    return faults


def split_unknown(table: dict[str, Any]) -> tuple[list[Fault], dict[str, Any]]:
    """Return a fault for each setting that this version does not have, and the table of the others.

    Settings of a training are no fault, since no prediction depends on them.
    """
    groups: dict[str, Any] = {group.name: group.default_factory for group in dataclasses.fields(Settings)}
    unknown = unknown_keys(table, groups, "settings")
    for name, group in groups.items():
        if name != "train":
            unknown += unknown_keys(table[name], group.domains(), name)
    known = {
        name: {key: value for key, value in table[name].items() if key in group.domains()}
        for name, group in groups.items()
    }
    return unknown, known


def wrong_bands(bands: Any, key: str) -> list[Fault]:
    """Return what is wrong with the bands of a slice."""
    is_list = isinstance(bands, list) and 0 < len(bands) <= MOST_BANDS
    if not is_list or not all(isinstance(band, dict) for band in bands):
        return [wrong_value(key, bands, f"a list of 1 to {MOST_BANDS} bands")]
    faults: list[Fault] = []
    names: set[object] = set()
    for number, band in enumerate(bands):
        values, wrong = checked(BAND, band, f"{key}.{number}")
        faults += unknown_keys(band, BAND, f"{key}.{number}") + wrong
        name = values.get("name")
        if name in names:
            faults.append(wrong_value(f"{key}.{number}.name", name, "a name that no band before it has"))
        names |= {name} if name is not None else set()
    return faults


def wrong_scans(scans: Any) -> list[Fault]:
    """Return what is wrong with the statistics of the training clouds."""
    if not isinstance(scans, dict):
        return [wrong_value("scans", scans, "a table of statistics")]
    return [
        wrong_value(f"scans.{name}", values, "a list of numbers")
        for name, values in scans.items()
        if not isinstance(values, list) or not all(_is_number(value) for value in values)
    ]


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def wrong_temperatures(temperatures: Any, key: str) -> list[Fault]:
    """Return what is wrong with the temperatures of the slices."""
    if not isinstance(temperatures, dict):
        return [wrong_value(key, temperatures, "a table")]
    values = {name: TEMPERATURE for name in SLICES if name in temperatures}
    return unknown_keys(temperatures, SLICES, key) + checked(values, temperatures, key)[1]


def wrong_net(described: Any, config: NetConfig | None, bands: Any, key: str) -> list[Fault]:
    """Return what is wrong with the arguments of the network of a slice.

    Parameters
    ----------
    described
        What the file says of it, from `arguments`. Its kind may be missing: older files have none.
    config
        Of the model; None: it is faulty, and nothing is held against it.
    bands
        What the file says of its bands.
    key
        Stands before the keys in the faults.
    """
    if not isinstance(described, dict):
        return [wrong_value(key, described, "the arguments of a network")]
    if config is None:
        domains: dict[str, Domain] = {"in_bands": COUNT, "classes": COUNT, **NetConfig.domains()}
        given = {name: domain for name, domain in domains.items() if name in described}
        return unknown_keys(described, domains, key) + checked(given, described, key)[1]
    expected = arguments(config, len(bands) if isinstance(bands, list) else 0, len(OUTPUTS))
    found = {"kind": NetConfig.kind, "widest": None} | described
    faults = unknown_keys(described, expected, key)
    for name, value in expected.items():
        if name not in found:
            faults.append(Fault(f"{key}.{name}", " is missing"))
        elif isinstance(found[name], bool) or found[name] != value:
            source = {"in_bands": "the number of bands", "classes": "the number of classes"}.get(
                name, f"net.{name}"
            )
            faults.append(wrong_value(f"{key}.{name}", found[name], f"{value}, {source}"))
    return faults
