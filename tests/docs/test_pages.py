"""README and documentation name every command, and nothing that is not there."""

import re

import click
import pytest

from bevseg.cli.main import COMMANDS, cli
from tests.docs.pages import DOCS, PAGES, ROOT, commands_in, prose_of
from tests.test_floors import FLOORS

MKDOCS = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
INCLUDED = {
    "contributing.md": ROOT / "CONTRIBUTING.md",
    "model_card.md": ROOT / "bevseg" / "weights" / "README.md",
}
"""Pages that are files of elsewhere."""


def read(page):
    return INCLUDED.get(page.name, page).read_text(encoding="utf-8")


def name(page):
    return str(page.relative_to(ROOT))


def anchors(text):
    """The anchors of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", prose_of(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.replace("`", "")).strip().lower().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_page_and_stands_in_the_readme(command):
    page = DOCS / "stages" / f"{command}.md"
    assert f"::: options {command}\n" in page.read_text(encoding="utf-8")
    assert f"stages/{command}.md\n" in MKDOCS
    assert f"`bevseg {command}" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_of_a_command_gets_every_option_with_its_help(command, monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    import site_hooks

    text = site_hooks.on_page_markdown(f"# {command}\n\n::: options {command}\n")
    for option in cli.get_command(None, command).params:
        if isinstance(option, click.Option) and not option.hidden:
            assert re.search(rf"^\| `[^`]*{option.opts[-1]}\b[^`]*` \| \w", text, re.MULTILINE), option.opts


def test_every_page_stands_in_the_navigation_and_every_entry_is_a_page():
    entries = set(re.findall(r": ([\w/-]+\.md)$", MKDOCS, re.MULTILINE))
    assert entries == {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_to_a_file_and_a_heading(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(page.read_text(encoding="utf-8"))):
        if re.match(r"\w+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = page.parent / file if file else page
        assert there.exists(), f"{name(page)}: {target}"
        if anchor:
            assert anchor in anchors(read(there)), f"{name(page)}: {target}"


@pytest.mark.parametrize("page", [*PAGES, INCLUDED["model_card.md"]], ids=name)
def test_every_command_line_has_options_that_exist(page):
    for words in commands_in(page.read_text(encoding="utf-8")):
        command = cli.get_command(None, words[0])
        assert command is not None, f"{name(page)}: bevseg {' '.join(words)}"
        known = {option for p in command.params if isinstance(p, click.Option) for option in p.opts}
        given = {word.partition("=")[0] for word in words if re.fullmatch(r"--?[a-z][\w-]*(=.*)?", word)}
        assert given <= known | {"--help", "-h"}, f"{name(page)}: bevseg {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_lines_of_prose_are_short_enough_to_read(page):
    text = prose_of(re.sub(r"<!-- (?!end)(.*?) -->.*?<!-- end -->", "", read(page), flags=re.DOTALL))
    long = [line for line in text.splitlines() if len(line) > 118 and not line.startswith(("|", "!["))]
    assert long == []


def test_the_floors_of_the_architecture_are_those_that_hold():
    table = read(DOCS / "architecture.md").partition("<!-- floors -->")[2].partition("<!-- end -->")[0]
    rows = [tuple(re.findall(r"`(\w+)`", line)) for line in table.splitlines() if "`" in line]
    assert tuple(reversed(rows)) == FLOORS


def test_the_readme_is_one_page():
    assert 90 <= len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120
