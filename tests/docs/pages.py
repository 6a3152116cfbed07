"""The pages of the documentation, and what stands in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]

_FILE = re.compile(r'^```\w+ title="(?P<name>[^"]+)"\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^ {4}.*$", re.MULTILINE)
_COMMAND = re.compile(r"(?:^ {4}(?:\w+=\S+ )*|`)bevseg ([a-z][^`\n#]*)", re.MULTILINE)


def files_in(page):
    """Name -> content of the blocks of a page that have the name of a file as their title."""
    return {match["name"]: match["text"] for match in _FILE.finditer(page.read_text(encoding="utf-8"))}


def prose_of(text):
    """A page without its blocks of code."""
    return _INDENTED.sub("", _FENCED.sub("", text))


def commands_in(text):
    """Every command line of bevseg in a block or between backticks: its words behind `bevseg`."""
    return [command.split() for command in _COMMAND.findall(text)]
