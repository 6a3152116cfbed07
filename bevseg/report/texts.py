"""All words of a report, in one file per language."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

from bevseg.config.files import parse_toml

FILE = "texts.toml"


class Texts:
    """Texts by name: `texts.map.title`. A name that does not exist is an error."""

    def __init__(self, table: dict[str, Any], where: str = "") -> None:
        self._where = where
        for key, value in table.items():
            setattr(self, key, Texts(value, f"{where}{key}.") if isinstance(value, dict) else value)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{FILE} has no text {self._where}{name}")

    def __getitem__(self, name: str) -> Any:
        """Return a text whose name is known only when it is needed, such as that of a class."""
        return getattr(self, name)

    def get(self, name: str, default: str) -> str:
        """Return a text whose name may have come from outside."""
        return str(self.__dict__.get(name, default))


@functools.cache
def texts() -> Texts:
    """Return the texts."""
    content = resources.files("bevseg.report").joinpath(FILE).read_text(encoding="utf-8")
    return Texts(parse_toml(content, FILE))
