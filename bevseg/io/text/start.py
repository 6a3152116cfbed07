"""The first lines of a text file, as far as they say what its columns are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bevseg.io.text.header import is_comment
from bevseg.io.text.tokens import Dialect

_MOST_DIGITS = 15


@dataclass(frozen=True)
class Start:
    """The lines before the points, the first of these, and a comment behind the last of them."""

    heading: dict[int, str]
    rows: list[list[str]]
    dialect: Dialect
    path: Path
    last: str = ""

    @property
    def header(self) -> str | None:
        """The last line before the points that is no comment."""
        return next((text for text in reversed(self.heading.values()) if not is_comment(text.strip())), None)


def counts(fields: list[str]) -> bool:
    """Whether the fields are whole numbers that rise by one."""
    if not all(field.isascii() and field.isdigit() and len(field) <= _MOST_DIGITS for field in fields):
        return False
    numbers = [int(field) for field in fields]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] in (0, 1)
