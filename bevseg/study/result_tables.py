"""Tables of the records of a study beside the paper's numbers (Markdown, CSV), and a plot of each table."""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bevseg.config.domains import did_you_mean, shown
from bevseg.runtime.atomic import replacing
from bevseg.study import plot
from bevseg.study.plan import Published, StudyFile, TablePlan, label, matches
from bevseg.study.records import Record
from bevseg.study.task import Draw

Z = 1.959963984540054
"""Quantile of the normal distribution for a 95 % interval."""


@dataclass(frozen=True)
class Line:
    """One line of a table: the runs at one place of the grid, and the numbers of the paper."""

    at: dict[str, Any]
    runs: int
    scores: list[float]
    converged: int | None
    facts: dict[str, list[Any]]
    paper: Published | None
    differences: list[float]

    @property
    def mean(self) -> float:
        """Mean over all runs, converged or not."""
        return float(_mean(self.scores))

    @property
    def std(self) -> float:
        """Standard deviation of a sample (n - 1); NaN for a single run."""
        return _deviation(self.scores)

    @property
    def best(self) -> float:
        """Largest score."""
        return max(self.scores, default=math.nan)


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a proportion, from `hits` in `trials` (Wilson 1927)."""
    if not trials:
        return 0.0, 1.0
    share, square = hits / trials, Z * Z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = (
        Z * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials)) / (1 + square / trials)
    )
    return max(middle - half, 0.0), min(middle + half, 1.0)


def lines(study: StudyFile, table: TablePlan, records: Sequence[Record]) -> list[Line]:
    """Return the lines of a table, each with its records pooled, in the order of the grid."""
    groups: dict[tuple[Any, ...], list[Record]] = {}
    chosen = [record for record in records if matches(record["at"], table.where)]
    scored = {_place(record["at"]): record["facts"].get(table.score) for record in chosen}
    for record in chosen:
        groups.setdefault(tuple(record["at"][axis] for axis in table.by), []).append(record)
    order = {axis: [label(v) for v in study.axes[axis]] for axis in table.by}
    table_lines = []
    for place in sorted(
        groups, key=lambda place: [order[a].index(v) for a, v in zip(order, place, strict=True)]
    ):
        at = dict(zip(table.by, place, strict=True))
        facts = [record["facts"] for record in groups[place]]
        scores = _known(facts, table.score)
        converged = None
        if table.clear is not None and all("collapsed" in fact for fact in facts):
            converged = sum(
                (fact.get(table.score) or 0.0) > fact["collapsed"] + table.clear for fact in facts
            )
        more = {name: _known(facts, name) for name in table.columns}
        whole = at | {axis: value for axis, value in table.where.items() if not isinstance(value, list)}
        paper = next((entry for entry in study.paper if matches(whole, entry.at)), None)
        differences = _differences(table, groups[place], scored)
        table_lines.append(Line(at, len(facts), scores, converged, more, paper, differences))
    return table_lines


def rows(table: TablePlan, table_lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Return the rows of the CSV file of a table; with the numbers of the paper, if it has any."""
    csv_rows = []
    for line in table_lines:
        row: dict[str, Any] = dict(line.at)
        row["runs"] = line.runs
        if line.converged is not None:
            low, high = wilson(line.converged, line.runs)
            row |= {"converged": line.converged, "converged_low": low, "converged_high": high}
        if table.score:
            row |= {"mean": line.mean, "std": line.std, "best": line.best}
        if table.against:
            row |= {"difference": _mean(line.differences), "difference_std": _deviation(line.differences)}
            row |= {"pairs": len(line.differences), "larger": _larger(line.differences)}
        for name, values in line.facts.items():
            row |= {name: _mean(values), f"{name}_std": _deviation(values)}
        if any(other.paper for other in table_lines):
            paper = line.paper or Published(at={})
            row |= {
                f"paper_{name}": getattr(paper, name) for name in ("converged", "of", "mean", "std", "best")
            }
            row |= {f"paper_{name}": paper.facts.get(name) for name in _published(table, table_lines)}
        csv_rows.append(row)
    return csv_rows


def markdown(study: StudyFile, table: TablePlan, table_lines: Sequence[Line]) -> str:
    """Return a table as Markdown."""
    has_paper = any(line.paper for line in table_lines)
    counted = all(line.converged is not None for line in table_lines)
    columns = ["converged"] if counted else []
    columns += [_head_of_mean(table), "best"] if table.score else []
    published = _published(table, table_lines)
    compared = [f"minus {_words(table.against)}", "larger"] if table.against else []
    head = [
        *table.by,
        *columns,
        *compared,
        *table.columns,
        *([f"paper: {name}" for name in (*columns, *published)] if has_paper else []),
    ]
    body = []
    for line in table_lines:
        cells = [str(value) for value in line.at.values()]
        if line.converged is not None and counted:
            low, high = wilson(line.converged, line.runs)
            cells.append(f"{line.converged} of {line.runs} ({100 * low:.0f}–{100 * high:.0f} %)")
        short = f" ({len(line.scores)} of {line.runs} runs)" if len(line.scores) < line.runs else ""
        cells += [_spread(line.mean, line.std) + short, _number(line.best)] if table.score else []
        if compared:
            pairs = len(line.differences)
            cells += [_signed(line.differences), f"{_larger(line.differences)} of {pairs}" if pairs else "–"]
        cells += [_cell(values) for values in line.facts.values()]
        if has_paper:
            paper = line.paper or Published(at={})
            if counted:
                cells.append(
                    f"{paper.converged} of {paper.of or '?'}" if paper.converged is not None else "–"
                )
            cells += [_spread(paper.mean, paper.std), _number(paper.best)] if table.score else []
            cells += [_number(paper.facts.get(name)) for name in published]
        body.append(cells)
    parts = [f"# {table.title or study.title}", ""]
    parts += [_line(head), _line(["---"] * len(head)), *(_line(cells) for cells in body), ""]
    parts += _notes(study, table)
    return "\n".join(parts)


def markdown_of_all(study: StudyFile, records: Sequence[Record]) -> str:
    """Return all tables of a study as Markdown."""
    return "\n".join(markdown(study, table, lines(study, table, records)) for table in study.table)


def unknown_facts(study: StudyFile, records: Sequence[Record]) -> list[str]:
    """Return a sentence for each fact that a table names and no run has as a number or text: runs alone tell."""
    known = {name for record in records for name, value in record["facts"].items() if _is_printable(value)}
    named = [name for table in study.table for name in (table.score, *table.columns) if name]
    named += ["collapsed" for table in study.table if table.clear is not None]
    return [
        f"no run has the fact {shown(name)}, as a number or text, that a table names{did_you_mean(name, known)}"
        for name in dict.fromkeys(named)
        if records and name not in known
    ]


def write_tables(study: StudyFile, records: Sequence[Record], folder: Path) -> list[Path]:
    """Write NAME.md and NAME.csv of each table; return the files."""
    written = []
    for table in study.table:
        table_lines = lines(study, table, records)
        contents = {".md": markdown(study, table, table_lines), ".csv": _csv(rows(table, table_lines))}
        for suffix, content in contents.items():
            written.append(folder / f"{table.name}{suffix}")
            with replacing(written[-1]) as temporary:
                temporary.write_text(content, encoding="utf-8")
    return written


def write_plots(
    study: StudyFile, records: Sequence[Record], folder: Path, draw: Draw | None = None
) -> list[Path]:
    """Write NAME.png of each table with a score, and the plot of the task; return the files."""
    written = []
    for table in study.table:
        if table.score:
            written.append(folder / f"{table.name}.png")
            with replacing(written[-1]) as temporary:
                plot.spread(table.title or study.title, lines(study, table, records), temporary, table.score)
    if draw is not None and records:
        written.append(folder / f"{study.task}.png")
        with replacing(written[-1]) as temporary:
            draw(records, folder, temporary)
    return written


def _notes(study: StudyFile, table: TablePlan) -> list[str]:
    notes = []
    if table.clear is not None:
        notes.append(
            f"Converged: {table.clear:g} above what a collapsed run scores on the same test set; "
            "in brackets the 95 % interval of the share (Wilson)."
        )
    if table.score:
        notes.append("The mean and the sample standard deviation are over all runs, converged or not.")
    if table.against:
        notes.append(
            f"Minus {_words(table.against)}: differences between pairs of runs that agree on all other axes, and how "
            "many of them are above 0."
        )
    notes += [f"Source: {study.source}."] if study.source else []
    notes += [study.note.strip()] if study.note else []
    return [line for note in notes for line in (note, "")]


def _head_of_mean(table: TablePlan) -> str:
    """Return the head of the column of means; it names the fact, unless that is `score`."""
    return "mean ± std" if table.score == "score" else f"{table.score}, mean ± std"


def _published(table: TablePlan, table_lines: Sequence[Line]) -> list[str]:
    """Return the columns of a table of which the paper has a number."""
    known = {name for line in table_lines if line.paper for name in line.paper.facts}
    return [name for name in table.columns if name in known]


def _place(at: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(at.items()))


def _differences(
    table: TablePlan, group: Sequence[Record], scored: Mapping[tuple[tuple[str, Any], ...], float | None]
) -> list[float]:
    """Return how much larger the score of each run is than that of the run which it is compared with."""
    if not table.against:
        return []
    pairs = [
        (scored[_place(record["at"])], scored.get(_place(record["at"] | table.against)))
        for record in group
        if not matches(record["at"], table.against)
    ]
    return [own - other for own, other in pairs if own is not None and other is not None]


def _larger(differences: Sequence[float]) -> int:
    return sum(difference > 0 for difference in differences)


def _words(at: Mapping[str, Any]) -> str:
    return ", ".join(map(str, at.values()))


def _known(facts: Sequence[dict[str, Any]], name: str) -> list[Any]:
    return [fact[name] for fact in facts if fact.get(name) is not None and _is_printable(fact[name])]


def _is_printable(value: Any) -> bool:
    """Return whether a fact can stand in a table; None, which stands for no number, can."""
    return value is None or isinstance(value, str | int | float)


def _mean(values: Sequence[Any]) -> Any:
    """Return the mean of numbers, or the distinct texts."""
    if any(isinstance(value, str) for value in values):
        return ", ".join(dict.fromkeys(map(str, values)))
    return statistics.fmean(values) if values else math.nan


def _deviation(values: Sequence[Any]) -> float:
    return statistics.stdev(values) if len(values) > 1 and not isinstance(_mean(values), str) else math.nan


def _csv(csv_rows: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(csv_rows[0]) if csv_rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(csv_rows)
    return out.getvalue()


def _cell(values: Sequence[Any]) -> str:
    """Return the mean of a fact, and its deviation; a number that is whole in all runs has no decimals."""
    if values and all(isinstance(value, int) and value == values[0] for value in values):
        return f"{values[0]:,}"
    return _spread(_mean(values), _deviation(values))


def _spread(mean: Any, std: float | None, sign: str = "") -> str:
    if isinstance(mean, str):
        return mean
    return _number(mean, sign) + ("" if std is None or math.isnan(std) else f" ± {std:.3f}")


def _signed(differences: Sequence[float]) -> str:
    """Return mean and deviation of differences."""
    return "–" if not differences else _spread(_mean(differences), _deviation(differences), sign="+")


def _number(value: float | None, sign: str = "") -> str:
    return "–" if value is None or math.isnan(value) else f"{value:{sign}.3f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
