"""The tables of docs/papers.md are those of the records, and the numbers of its text are those of the tables."""

import json

import pytest

from tests.docs.pages import DOCS

PAGES = [DOCS / "papers.md", DOCS / "losses.md"]

PAGE = """# One

<!-- table: cross_loss table -->
| recipe | loss | mean ± std | best |
| --- | --- | --- | --- |
| ours | ce | 0.377 ± 0.031 | 0.399 |
| paper, Adam | power_jaccard:1 | 0.494 ± 0.043 | 0.524 |

*two runs*
<!-- end -->

Cross-entropy has 0.377 ± 0.031, `0.999` in code is not read, and p = 1.25 is no score. The learning rate is 0.001.

    0.888 in a block

<!--
numbers
0.377 ± 0.031 = cross_loss table | ours, ce | mean ± std
0.001 = the learning rate of the paper
-->

The best run of the other has 0.52.

<!--
numbers
0.52 = cross_loss table | paper, Adam, power_jaccard:1 | best
-->
"""


@pytest.fixture
def scripts(monkeypatch):
    """The modules that stand beside the pages."""
    monkeypatch.syspath_prepend(DOCS)
    import check_numbers
    import paper_tables

    return check_numbers, paper_tables


def faults(scripts, text):
    check_numbers, _ = scripts
    return list(check_numbers.faults_in(text, check_numbers.tables_in(text)))


def test_the_numbers_of_the_pages_are_those_of_their_tables(scripts):
    check_numbers, _ = scripts
    texts = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
    tables = {name: table for text in texts.values() for name, table in check_numbers.tables_in(text).items()}
    assert [
        (name, fault) for name, text in texts.items() for fault in check_numbers.faults_in(text, tables)
    ] == []
    assert len(tables) >= 14


def test_the_tables_of_the_page_are_those_of_the_records(scripts):
    _, paper_tables = scripts
    text = (DOCS / "papers.md").read_text(encoding="utf-8")
    assert paper_tables.filled(text) == text, "call python docs/paper_tables.py"


def test_every_table_of_a_study_of_the_page_stands_on_it(scripts):
    from bevseg.study.plan import read_study

    check_numbers, paper_tables = scripts
    on_page = set(check_numbers.tables_in((DOCS / "papers.md").read_text(encoding="utf-8")))
    for study in {name.split()[0] for name in on_page}:
        tables = read_study(paper_tables.STUDIES / f"{study}.toml").table
        assert {f"{study} {table.name}" for table in tables} <= on_page


def test_records_name_no_place_and_are_short(scripts):
    _, paper_tables = scripts
    files = list(paper_tables.RECORDS.glob("*.jsonl"))
    assert files
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert len(line) <= paper_tables.MOST_BYTES
            assert '"/' not in line  # no absolute path
            assert "data" not in json.loads(line)["settings"]


def test_a_page_whose_numbers_agree_has_no_fault(scripts):
    assert faults(scripts, PAGE) == []


@pytest.mark.parametrize(
    ("true", "changed", "fault"),
    [
        ("Cross-entropy has 0.377", "Cross-entropy has 0.378", "0.378 has no source"),
        ("0.377 ± 0.031 |", "0.370 ± 0.031 |", "has 0.370 ± 0.031"),
        ("0.377 ± 0.031 |", "0.377 ± 0.030 |", "has 0.377 ± 0.030"),
        ("0.524 |", "0.526 |", "has 0.526"),
        ("| ours, ce |", "| ours, focal |", "0 rows 'ours, focal'"),
        ("| best\n-->", "| worst\n-->", "0 columns 'worst'"),
        ("0.52 = cross_loss table", "0.52 = cross_loss other", "no table 'cross_loss other'"),
        ("rate is 0.001.", "rate is small.", "0.001 is listed"),
        ("rate is 0.001.", "rate is 0.0012.", "0.001 is listed"),
        ("has 0.52.", "has 0.52, or 0.61.", "0.61 has no source"),
        ("0.001 = the learning rate of the paper\n", "", "0.001 has no source"),
    ],
)
def test_a_number_that_does_not_agree_is_found(scripts, true, changed, fault):
    assert PAGE.count(true) >= 1
    assert any(fault in found for found in faults(scripts, PAGE.replace(true, changed)))


def test_a_table_without_records_stays_and_one_with_records_is_replaced(scripts, tmp_path, monkeypatch):
    _, paper_tables = scripts
    page = "<!-- table: soft_label_curves table -->\nold\n<!-- end -->\n"
    made = paper_tables.filled(page)
    assert "old" not in made and "| JML1 | 0.100 | 0.000 |" in made and "*1 run behind each line." in made
    monkeypatch.setattr(paper_tables, "RECORDS", tmp_path)
    assert paper_tables.filled(page) == page


def test_a_record_that_is_too_long_loses_its_largest_lists(scripts):
    _, paper_tables = scripts
    record = {"key": "k", "facts": {"score": 0.5, "confusion": list(range(100)), "curve": [0.5] * 5000}}
    assert json.loads(paper_tables.short(record)) == {
        "key": "k",
        "facts": {"score": 0.5, "confusion": list(range(100))},
    }


def test_finished_studies_leave_records_and_small_pictures(scripts, tmp_path, monkeypatch):
    import numpy as np
    from skimage.io import imread, imsave

    from bevseg.study import records

    _, paper_tables = scripts
    folder = tmp_path / "studies" / "loss_curves"
    folder.mkdir(parents=True)
    records.append(folder, {"key": "k", "at": {}, "settings": {}, "facts": {"score": 0.5}})
    records.append(folder, {"key": "k", "at": {}, "settings": {}, "facts": {"score": 0.6}})
    imsave(folder / "curves.png", np.full((8, 8, 3), 200, np.uint8), check_contrast=False)
    monkeypatch.setattr(paper_tables, "RECORDS", tmp_path / "runs")
    monkeypatch.setattr(paper_tables, "IMAGES", tmp_path / "images")
    paper_tables.take(tmp_path / "studies")
    (kept,) = (tmp_path / "runs").iterdir()
    assert [json.loads(line)["facts"]["score"] for line in kept.read_text().splitlines()] == [0.6]
    assert not (tmp_path / "images").exists()  # no history: nothing was drawn into the picture
    (folder / "runs").mkdir()
    (folder / "runs" / "k.csv").touch()
    paper_tables.take(tmp_path / "studies")
    assert imread(tmp_path / "images" / "loss_curves.png").shape[:2] == (8, 8)
