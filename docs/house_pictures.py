"""Draw what imports what: folders and modules of a package as boxes on floors, imports as lines downward.

    python docs/house_pictures.py docs/images/house/after.svg bevseg
    python docs/house_pictures.py docs/images/house/before.svg OLD/bevseg OLD/cli=bevseg_cli

Each argument after the picture is the folder of a package; `=NAME` gives the name that it is imported by. A module
beside `__init__.py` is a thin box, a folder a thick one, with the number of its files. A box stands one floor above
the highest box that it imports. The picture is SVG, and depends on the code alone.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HEIGHT, GAP, FLOOR = 30, 18, 84
"""Height of a box, least space between two, height of a floor; pixels."""
LETTER = 7.4
"""Width of a letter, pixels."""


class Box(NamedTuple):
    """A folder or a module of the package."""

    files: int
    is_folder: bool


def main() -> None:
    """Draw the picture, and print its numbers."""
    picture, *packages = sys.argv[1:]
    boxes, arrows = read(packages)
    floors = floors_of(boxes, arrows)
    Path(picture).write_text(draw(boxes, arrows, floors), encoding="utf-8")
    print(f"{picture}: {len(boxes)} boxes, {len(arrows)} arrows, {max(floors.values()) + 1} floors")


def read(packages: list[str]) -> tuple[dict[str, Box], set[tuple[str, str]]]:
    """Return the boxes by name, and (importing, imported) of every pair of them."""
    boxes: dict[str, Box] = {}
    arrows: set[tuple[str, str]] = set()
    roots = {}
    for package in packages:
        folder, _, name = package.partition("=")
        roots[name or Path(folder).name] = Path(folder)
    first = next(iter(roots))
    for package, folder in roots.items():
        own_box = package if package != first else ""
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            name = own_box or parts[0]
            if name.startswith("__"):
                continue
            is_folder = bool(own_box) or len(parts) > 1
            boxes[name] = Box(boxes[name].files + 1 if name in boxes else 1, is_folder)
            module = [package, *(part for part in parts if part != "__init__")]
            base = module if path.name == "__init__.py" else module[:-1]
            for imported in imports(path.read_text(encoding="utf-8"), base):
                root, *inside = imported.split(".")
                if root in roots:
                    arrows.add((name, root if root != first else "".join(inside[:1])))
    known = {(a, b) for a, b in arrows if a != b and a in boxes and b in boxes}
    return boxes, known


def imports(source: str, package: list[str]) -> Iterator[str]:
    """Yield the full name of everything that a file imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1], *filter(None, [node.module])]
            start = base if node.level else (node.module or "").split(".")
            yield from (".".join([*start, alias.name]) for alias in node.names)


def floors_of(boxes: dict[str, Box], arrows: set[tuple[str, str]]) -> dict[str, int]:
    """Return the floor of each box: one above the highest that it imports."""
    floors = dict.fromkeys(boxes, 0)
    for _ in boxes:  # enough rounds for any chain; a circle of imports stops there, too
        for above, below in sorted(arrows):
            floors[above] = max(floors[above], min(floors[below] + 1, len(boxes)))
    return floors


def draw(boxes: dict[str, Box], arrows: set[tuple[str, str]], floors: dict[str, int]) -> str:
    """Return the picture as SVG."""
    rows = [sorted(name for name in boxes if floors[name] == n) for n in range(max(floors.values()) + 1)]
    widths = {name: LETTER * len(label(name, boxes)) + 16 for name in boxes}
    width = max(860.0, *(sum(widths[name] + GAP for name in row) + GAP for row in rows))
    middles: dict[str, float] = {}
    for row in rows:  # below what it imports, so that lines are short
        wanted = {name: _mean([middles[b] for a, b in arrows if a == name and b in middles]) for name in row}
        row.sort(key=lambda name: (wanted[name], name))
        free = (width - sum(widths[name] for name in row)) / (len(row) + 1)
        x = free
        for name in row:
            middles[name] = x + widths[name] / 2
            x += widths[name] + free
    total = FLOOR * len(rows)
    tops = {name: total - FLOOR * (floors[name] + 1) + FLOOR - HEIGHT - 12 for name in boxes}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {total + 24}" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for above, below in sorted(arrows):
        x, y, to_x, to_y = middles[above], tops[above] + HEIGHT, middles[below], tops[below]
        bend = (to_y - y) / 2
        near = floors[above] - floors[below] == 1
        lines.append(
            f'<path d="M{x:.0f} {y}C{x:.0f} {y + bend:.0f} {to_x:.0f} {to_y - bend:.0f} {to_x:.0f} {to_y}" '
            f'fill="none" stroke="{"#3b6ea5" if near else "#9db7d1"}" stroke-width="{1.4 if near else 0.8}"/>'
        )
    for name, box in sorted(boxes.items()):
        x, y = middles[name] - widths[name] / 2, tops[name]
        fill, line = ("#dbe7f3", 1.6) if box.is_folder else ("#f6f1e4", 0.8)
        lines.append(
            f'<rect x="{x:.0f}" y="{y}" width="{widths[name]:.0f}" height="{HEIGHT}" rx="4" fill="{fill}" '
            f'stroke="#333333" stroke-width="{line}"/>'
        )
        lines.append(
            f'<text x="{middles[name]:.0f}" y="{y + 20}" text-anchor="middle">{label(name, boxes)}</text>'
        )
    lines.append(
        f'<text x="{GAP}" y="{total + 14}" fill="#555555">{len(boxes)} boxes, {len(arrows)} imports between them; '
        "blue: folder (files), sand: single module; a line goes from what imports down to what is imported</text>"
    )
    return "\n".join([*lines, "</svg>", ""])


def label(name: str, boxes: dict[str, Box]) -> str:
    """Return the text in a box."""
    return f"{name}/ ({boxes[name].files})" if boxes[name].is_folder else name


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


if __name__ == "__main__":
    main()
