"""Nested tables (of TOML, of model files, of work directories) <-> settings; all faults of a table in one error."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bevseg.config.domains import Fault, OutsideError, did_you_mean, refusal, shown, unknown_keys, wrong_value
from bevseg.config.files import read_toml
from bevseg.config.groups import NAMED, Group, Settings
from bevseg.errors import BevsegError, CloudNotFoundError, UsageError

if TYPE_CHECKING:
    import pydantic


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
    if faults:
        raise refusal(faults, where, kind, hint)
    return Settings(**groups)  # type: ignore[arg-type]


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
    faults = []
    for found in error.errors():
        *tables, key = [str(part) for part in found["loc"]] or [""]
        group = ".".join(tables)
        if found["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            faults += unknown_keys({key: None}, known.get(tables[0] if tables else "", ()), group)
        elif found["type"] in ("missing", "missing_argument"):
            faults.append(Fault(".".join([*tables, key]), " is missing"))
        else:
            refused = found.get("ctx", {}).get("error")
            full = ".".join([*tables, key])
            if isinstance(refused, OutsideError):
                faults.append(wrong_value(full, found["input"], refused))
            else:
                faults.append(Fault(full, f" = {shown(found['input'])}: {found['msg']}"))
    # What is misspelt is missing as well: who first reads the wrong key sees both.
    return sorted(faults, key=lambda fault: "no such key" not in fault.text)
