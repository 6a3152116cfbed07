"""Nested tables (of TOML, of model files, of work directories) <-> settings; all faults of a table in one error."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bevseg.config.domains import (
    MOST_FAULTS,
    Fault,
    OutsideError,
    did_you_mean,
    refusal,
    shown_key,
    unknown_keys,
    wrong_value,
)
from bevseg.config.files import read_toml
from bevseg.config.groups import NAMED, Group, Settings
from bevseg.errors import BevsegError, CloudNotFoundError, UsageError

if TYPE_CHECKING:
    import pydantic
    from pydantic_core import ErrorDetails

_UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")
"""Types of error that pydantic has for a key that it does not know."""

_EXPECTED = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dataclass_type": "a table",
    "dict_type": "a table",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a table",
    "string_type": "a text",
    "too_short": "one value at least",
}
"""Type of error of pydantic -> what is expected, in the words of the domains."""

_BOUNDS = {
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "literal_error": "one of {expected}",
}
"""The same, with what pydantic says about the bounds."""


def load(name_or_path: str, base: Settings | None = None) -> Settings:
    """Return a named configuration, or the one in a TOML file with the groups of `Settings` as tables.

    Parameters
    ----------
    name_or_path
        One of `NAMED`, which is taken whole, or the file.
    base
        What a file does not name; None: the defaults.

    Raises
    ------
    UsageError
        For keys that the groups do not know and values outside of their domains: one error for all of them.
    CloudNotFoundError
        For a path that does not exist.
    """
    if name_or_path in NAMED:
        return NAMED[name_or_path]
    path = Path(name_or_path)
    if not path.exists():
        raise CloudNotFoundError(
            f"No configuration {name_or_path!r}",
            why=f"it is not a file; the named configurations are {', '.join(NAMED)}"
            f"{did_you_mean(name_or_path, NAMED)}",
            hint="name one of these or a TOML file",
        )
    return from_table(read_toml(path), where=str(path), base=base)


def with_training(settings: Settings | None, **values: object) -> Settings:
    """Return settings (None: the defaults) in which the training has other values; those that are None stay."""
    base = settings or NAMED["default"]
    given = {name: value for name, value in values.items() if value is not None}
    return dataclasses.replace(base, train=dataclasses.replace(base.train, **given))  # type: ignore[arg-type]


def from_table(
    table: Mapping[str, Any],
    where: str,
    base: Settings | None = None,
    *,
    kind: type[BevsegError] = UsageError,
    hint: str = "correct it and try again",
) -> Settings:
    """Check a nested table (from TOML, a model file or a work directory) and return Settings.

    Parameters
    ----------
    table
        Group -> setting -> value.
    where
        The file, for the error.
    base
        What the table does not name; None: the defaults.
    kind, hint
        Of the error.

    Raises
    ------
    UsageError, or another `kind`
        For unknown keys and values outside of their domains: one error for all of them.
    """
    groups, faults = check_table(table, base)
    if faults:
        raise refusal(faults, where, kind, hint)
    return Settings(**groups)  # type: ignore[arg-type]


def check_table(
    table: Mapping[str, Any], base: Settings | None = None
) -> tuple[dict[str, Group], list[Fault]]:
    """Return the groups of a nested table that can be built, by name, and all that is wrong with the others."""
    kinds: dict[str, Any] = {group.name: group.default_factory for group in dataclasses.fields(Settings)}
    faults = unknown_keys(table, kinds)
    groups: dict[str, Group] = {}
    for name, inner in kinds.items():
        given = table.get(name, {})
        if not isinstance(given, dict):
            faults.append(wrong_value(name, given, "a table of settings"))
            continue
        faults += unknown_keys(given, inner.domains(), name)
        values, wrong = inner.check(dataclasses.asdict(getattr(base or NAMED["default"], name)) | given)
        faults += wrong
        if not wrong:
            groups[name] = inner(**values)
    return groups, faults


def to_table(settings: Settings) -> dict[str, dict[str, object]]:
    """Return the settings as a nested table, for JSON and for model files."""
    return dataclasses.asdict(settings)


def domain_check(group: type[Group], name: str) -> pydantic.AfterValidator:
    """Return what gives a field of a pydantic model the domain of a setting of a group."""
    import pydantic

    return pydantic.AfterValidator(group.domains()[name].read)


def pydantic_faults(error: pydantic.ValidationError, known: Mapping[str, Sequence[str]]) -> list[Fault]:
    """Return what pydantic found wrong with a table, as `from_table` says it.

    Parameters
    ----------
    error
        Of pydantic.
    known
        Key of a table within the table, or `""` for the table itself -> the keys it may have, for those misspelt.
    """
    # What is misspelt is missing as well: who first reads the wrong key sees both.
    found = sorted(error.errors(include_url=False), key=lambda one: one["type"] not in _UNKNOWN)
    return [
        # A suggestion takes time: only those faults have one that a message shows.
        _pydantic_fault(one, known) if number < MOST_FAULTS else Fault("", "")
        for number, one in enumerate(found)
    ]


def _pydantic_fault(found: ErrorDetails, known: Mapping[str, Sequence[str]]) -> Fault:
    parts = found["loc"] or ("",)
    *tables, key = [str(part) for part in parts]
    full = ".".join(shown_key(str(part)) for part in parts)
    if found["type"] in _UNKNOWN:
        group = ".".join(shown_key(part) for part in tables)
        return unknown_keys({key: None}, known.get(tables[0] if tables else "", ()), group)[0]
    if found["type"] in ("missing", "missing_argument"):
        return Fault(full, " is missing")
    context = found.get("ctx", {})
    refused = context.get("error")
    if isinstance(refused, OutsideError):
        return wrong_value(full, found["input"], refused)
    if found["type"] in _BOUNDS:
        return wrong_value(full, found["input"], _BOUNDS[found["type"]].format(**context))
    return wrong_value(full, found["input"], _EXPECTED.get(found["type"], found["msg"]))
