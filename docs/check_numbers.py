"""Check that the numbers in the text of a page are those of its tables.

python docs/check_numbers.py docs/papers.md docs/losses.md

A passage is the text from a heading, a table or the last list of numbers to the next one. Each of its numbers with
two decimals or more stands in the list of numbers that follows it, which no reader of the page sees:

    <!--
    numbers
    0.535 ± 0.040 = cross_loss table | lovasz_softmax | mean ± std
    0.001 = the learning rate of the paper
    -->

A line names the table by its marker `<!-- table: STUDY TABLE -->`, the row by its first cells and the column by its
head. A number may have fewer decimals than the cell. A line without `|` says where else a number comes from. Blocks
and words of code are not read, and neither is the p of a loss, as in "p = 1.25".
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

Table = list[list[str]]
"""Rows of cells; the first one is the head."""

_TABLE = re.compile(r"<!-- table: (?P<name>\w+ \w+) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL)
_LIST = re.compile(r"<!--\nnumbers\n(?P<lines>.*?)-->", re.DOTALL)
_NOT_READ = re.compile(
    r"^```[^`]*^```$|^ {4}[^\n]*$|^\|[^\n]*$|`[^`]*`|\]\([^)]*\)|<!--.*?-->", re.MULTILINE | re.DOTALL
)
_POWER = re.compile(r"\bp = \d+(\.\d+)?")
_NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d\d+(?![\w.]*\d)")


def main() -> None:
    """Print what is wrong with the pages of the command line, and fail if anything is."""
    pages = {Path(name): Path(name).read_text(encoding="utf-8") for name in sys.argv[1:]}
    tables = {name: table for page in pages.values() for name, table in tables_in(page).items()}
    faults = [f"{path}: {fault}" for path, page in pages.items() for fault in faults_in(page, tables)]
    print("\n".join(faults) or "all numbers agree")
    sys.exit(1 if faults else 0)


def tables_in(page: str) -> dict[str, Table]:
    """Return STUDY TABLE -> rows of all marked tables of a page."""
    return {block["name"]: _rows(block["body"]) for block in _TABLE.finditer(page)}


def _rows(text: str) -> Table:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    return rows[:1] + rows[2:]


def faults_in(page: str, tables: Mapping[str, Table]) -> Iterator[str]:
    """Yield what is wrong with the numbers of a page."""
    for passage, lines in _passages(page):
        known = [line.partition(" = ")[::2] for line in lines]
        for number, source in known:
            if not re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", passage) or not source:
                yield f"{number} is listed, and it has no source or is not in the text before"
            elif " | " in source:
                yield from _disagreement(number, source, tables)
        listed = {value for number, _ in known for value in _NUMBER.findall(number)}
        for number in _NUMBER.findall(_POWER.sub("", passage)):
            if number not in listed:
                near = " ".join(passage[: passage.index(number)].split()[-6:])
                yield f"{number} has no source: ... {near} {number}"


def _passages(page: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each passage without code, on one line, and the lines of the list behind it."""
    text = _TABLE.sub("\n# table\n", page)
    for section in re.split(r"^#+ .*$", text, flags=re.MULTILINE):
        start = 0
        for block in _LIST.finditer(section):
            yield _prose(section[start : block.start()]), block["lines"].splitlines()
            start = block.end()
        yield _prose(section[start:]), []


def _prose(text: str) -> str:
    return " ".join(_NOT_READ.sub(" ", text).split())


def _disagreement(number: str, source: str, tables: Mapping[str, Table]) -> Iterator[str]:
    """Yield what is wrong with one number that comes from a table."""
    name, row, column = (part.strip() for part in source.split(" | "))
    if not tables.get(name):
        yield f"{number}: no table {name!r}, or an empty one"
        return
    head, *rows = tables[name]
    found = [cells for cells in rows if row in (", ".join(cells[:n]) for n in range(1, len(cells)))]
    if len(found) != 1 or column not in head:
        yield f"{number}: {len(found)} rows {row!r} in {name}, and {head.count(column)} columns {column!r}"
        return
    cell = found[0][head.index(column)]
    for given, true in zip(number.split(" ± "), [*cell.split(" ± "), "", ""], strict=False):
        if not _agrees(given, true):
            yield f"{number}: {name}, {row}, {column} has {cell}"
            return


def _agrees(given: str, true: str) -> bool:
    """Return whether a number is another one rounded; that one is itself rounded."""
    try:
        decimals = [len(text.partition(".")[2]) for text in (given, true)]
        return abs(float(given) - float(true)) <= (
            10.0 ** -decimals[0] + 10.0 ** -decimals[1]
        ) / 2 + 1e-12 and (decimals[0] < decimals[1] or given == true)
    except ValueError:
        return False


if __name__ == "__main__":
    main()
