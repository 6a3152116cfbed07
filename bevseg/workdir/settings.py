"""The settings that made the files of a work directory: record them, read them, check them against others."""

from __future__ import annotations

from pathlib import Path

from bevseg.config import NAMED, Settings, from_table, load, to_table
from bevseg.config.files import read_json
from bevseg.errors import InputError, UsageError
from bevseg.runtime.atomic import write_json

SETTINGS_FILE = "settings.json"
"""File beside the folders of the clouds: the settings that made their files."""

GROUPS = ("ground", "slices", "raster")
"""Groups of settings that the files of a work directory depend on."""

ANEW = (
    "make its files anew with your settings: bevseg ground WORK --overwrite --config default, or a TOML file"
)
"""What to do about a damaged record of settings: --overwrite alone would take the settings from it."""

AGAIN = "run the stage that made it again, with --overwrite"
"""What to do about a file of a work directory that is damaged."""


def settings_of(work: Path) -> Settings:
    """Return the settings that made the files of a work directory; the defaults where nothing is recorded.

    Raises
    ------
    InputError
        If the record is damaged, or holds what is no setting.
    """
    path = work / SETTINGS_FILE
    if not path.exists():
        return NAMED["default"]
    return from_table(read_json(path, hint=ANEW), str(path), kind=InputError, hint=ANEW)


def settings_for(work: Path, config: str | None, model: Path | None) -> Settings:
    """Return the settings of a stage: from `config`, from a model, or those recorded in the work directory.

    Raises
    ------
    UsageError
        If both are given.
    """
    if config is not None and model is not None:
        raise UsageError("A model has its own settings", where="--config, -m", hint="give one of the two")
    if model is not None:
        # Only here: without a model no stage waits for torch.
        from bevseg.seg import checkpoint

        return checkpoint.load(model).settings
    return load(config) if config else settings_of(work)


def check_same_settings(work: Path, settings: Settings, groups: tuple[str, ...]) -> None:
    """Raise UsageError if the files of a work directory were made with other settings than those in force.

    Parameters
    ----------
    work
        The directory.
    settings
        Settings in force.
    groups
        The groups that matter to the stage, of `GROUPS`.

    Raises
    ------
    UsageError
        If they were.
    InputError
        If the record is damaged, or holds what is no setting.
    """
    settings_of(work)
    path = work / SETTINGS_FILE
    recorded = read_json(path, hint=ANEW) if path.exists() else {}
    table = to_table(settings)
    for group in groups:
        if recorded.get(group, table[group]) != table[group]:
            raise UsageError(
                f"This work directory was made with other settings [{group}]",
                where=path,
                why=f"recorded {recorded[group]}, requested {table[group]}",
                hint="give --overwrite to write the files again, or use another work directory",
            )


def record_settings(
    work: Path, settings: Settings, groups: tuple[str, ...], *, overwrite: bool = False
) -> None:
    """Record groups of settings.

    Without `overwrite`, `check_same_settings` comes first; with it, all files are made again and nothing can differ,
    and a damaged record is replaced.
    """
    if not overwrite:
        check_same_settings(work, settings, groups)
    path = work / SETTINGS_FILE
    try:
        settings_of(work)
        recorded = read_json(path, hint=ANEW) if path.exists() else {}
    except InputError:
        recorded = {}
    table = to_table(settings)
    updated = recorded | {group: table[group] for group in groups}
    if updated != recorded:
        write_json(updated, path)
