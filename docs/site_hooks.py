"""Hooks of the documentation site: `::: options NAME` on a page becomes the usage and the options of a command.

The text is that of `bevseg NAME --help`, so page and help cannot differ.
"""

from __future__ import annotations

import re
from typing import Any

import click

from bevseg.cli.main import cli

_PLACE = re.compile(r"^::: options ([\w-]+)$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return the page with its options; mkdocs calls it for every page."""
    return _PLACE.sub(lambda place: options(place[1]), markdown)


def options(name: str) -> str:
    """Return the usage of a command, and a table of its options."""
    group = click.Context(cli, info_name="bevseg", **cli.context_settings)
    command = cli.get_command(group, name)
    if command is None:
        raise ValueError(f"::: options {name}: there is no command of this name")
    context = click.Context(command, group, info_name=name, max_content_width=10_000, terminal_width=10_000)
    usage = command.get_usage(context).removeprefix("Usage: ")
    parameters = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    records = filter(None, (option.get_help_record(context) for option in parameters))
    rows = (f"| `{names}` | {_cell(text)} |" for names, text in records)
    return "\n".join([f"    {usage}", "", "| option | what it does |", "|---|---|", *rows])


def _cell(text: str) -> str:
    """Return a help text as the cell of a table; names of files and variables keep their underscores and stars."""
    return re.sub(r"([|*_<>\[\]`])", r"\\\1", text)
