import math

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from bevseg.study import plot, result_tables
from bevseg.study.plan import StudyFile, TablePlan, build_settings


def study(**more):
    table = {
        "title": "t",
        "task": "mnist",
        "axes": {"loss": ["b", "a"], "seed": [0, 1, 2]},
        "table": [{"by": ["loss"], "clear": 0.25}],
    }
    return build_settings(StudyFile, table | more, "test")


def record(loss, seed, score, **facts):
    return {"at": {"loss": loss, "seed": seed}, "facts": {"score": score, "collapsed": 0.4, **facts}}


SOME = [record("a", 0, 0.9), record("a", 1, 0.4), record("a", 2, 0.8), record("b", 0, 0.5)]


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    # Newcombe (Statistics in Medicine 1998), table I, and the two ends, where the textbook interval has no width.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (29, 29, 0.8830, 1.0)],
)
def test_the_interval_is_wilsons(hits, of, low, high):
    assert result_tables.wilson(hits, of) == pytest.approx((low, high), abs=5e-5)


def test_runs_are_pooled_along_the_axes_that_have_no_line_in_the_order_of_the_grid():
    b, a = result_tables.lines(study(), study().table[0], SOME)
    assert (b.at, a.at) == ({"loss": "b"}, {"loss": "a"})
    assert (a.runs, a.converged, b.converged) == (3, 2, 0)
    assert a.mean == pytest.approx(0.7)
    assert a.std == pytest.approx(math.sqrt((0.2**2 + 0.3**2 + 0.1**2) / 2))
    assert a.best == 0.9
    assert math.isnan(b.std)


def test_the_papers_numbers_stand_beside_ours():
    with_paper = study(paper=[{"at": {"loss": "a"}, "mean": 0.123, "std": 0.01, "converged": 1, "of": 5}])
    text = result_tables.markdown_of_all(with_paper, SOME)
    (line,) = [line for line in text.splitlines() if line.startswith("| a ")]
    assert line.split(" | ")[1:] == [
        "2 of 3 (21–94 %)",
        "0.700 ± 0.265",
        "0.900",
        "1 of 5",
        "0.123 ± 0.010",
        "– |",
    ]
    assert all(line.count("|") == text.splitlines()[2].count("|") for line in text.splitlines()[3:6])


def test_the_papers_numbers_of_further_facts_have_columns_of_their_own():
    table = TablePlan(by=["loss"], score="dice", columns=["ece", "iou_Car"])
    numbers = {"at": {"loss": "a"}, "mean": 0.5, "facts": {"iou_Car": 0.462}}
    with_paper = study(paper=[numbers])
    facts = [record(loss, 0, 1.0, dice=0.6, ece=0.1, iou_Car=0.4) for loss in "ab"]
    text = result_tables.markdown(with_paper, table, result_tables.lines(with_paper, table, facts))
    head, _, b, a = text.splitlines()[2:6]
    assert head == (
        "| loss | dice, mean ± std | best | ece | iou_Car | paper: dice, mean ± std | paper: best | paper: iou_Car |"
    )
    assert a == "| a | 0.600 | 0.600 | 0.100 | 0.400 | 0.500 | – | 0.462 |"
    assert b.endswith("| 0.400 | – | – | – |")
    rows = result_tables.rows(table, result_tables.lines(with_paper, table, facts))
    assert [row["paper_iou_Car"] for row in rows] == [None, 0.462]


def test_lines_are_compared_pair_by_pair_with_the_line_that_is_named():
    table = TablePlan(by=["loss"], against={"loss": "b"})
    some = [*SOME, record("b", 2, 0.7), record("b", 1, None)]
    b, a = result_tables.lines(study(), table, some)
    assert b.differences == []
    assert a.differences == pytest.approx([0.4, 0.1])  # seeds 0 and 2; seed 1 of b has no score
    head, _, of_b, of_a = result_tables.markdown(study(), table, [b, a]).splitlines()[2:6]
    assert head == "| loss | mean ± std | best | minus b | larger |"
    assert of_b.endswith("| – | – |")
    assert of_a.endswith("| +0.250 ± 0.212 | 2 of 2 |")
    rows = result_tables.rows(table, [b, a])
    assert [(row["pairs"], row["larger"]) for row in rows] == [(0, 0), (2, 2)]


def test_pairs_agree_on_all_axes_but_those_of_the_comparison():
    table = TablePlan(by=["loss", "seed"], against={"loss": "b"})
    _, *of_a = result_tables.lines(study(), table, SOME)
    assert [line.differences for line in of_a] == [pytest.approx([0.4]), [], []]


def test_without_the_score_of_a_collapsed_run_none_is_counted_and_it_is_told():
    table = study().table[0]
    some = [{"at": {"loss": "a", "seed": 0}, "facts": {"score": 0.5}}]
    text = result_tables.markdown(study(), table, result_tables.lines(study(), table, some))
    assert text.splitlines()[2] == "| loss | mean ± std | best |"
    (warning,) = result_tables.unknown_facts(study(), some)
    assert "'collapsed'" in warning


def test_a_fact_that_is_a_list_has_no_mean_and_is_told():
    table = TablePlan(by=["loss"], columns=["confusion"])
    some = [record("a", 0, 0.5, confusion=[[1, 2], [3, 4]])]
    one = study(table=[{"by": ["loss"], "columns": ["confusion"]}])
    assert "| a | 0.500 | 0.500 | – |" in result_tables.markdown(
        one, table, result_tables.lines(one, table, some)
    )
    (warning,) = result_tables.unknown_facts(one, some)
    assert "'confusion', as a number or text" in warning


def test_a_table_takes_only_the_runs_it_asks_for():
    only = TablePlan(by=["loss"], where={"seed": [0, 1]})
    assert [line.runs for line in result_tables.lines(study(), only, SOME)] == [1, 2]


def test_further_facts_are_averaged_and_texts_printed_once():
    table = TablePlan(by=["loss"], score="", columns=["ece", "refused"])
    facts = [record("a", seed, 1.0, ece=0.1 * seed, refused="no") for seed in range(3)]
    line = result_tables.markdown(study(), table, result_tables.lines(study(), table, facts)).splitlines()[4]
    assert line == "| a | 0.100 ± 0.100 | no |"


def test_a_number_that_is_whole_in_all_runs_has_no_decimals():
    table = TablePlan(by=["loss"], score="", columns=["parameters", "epochs"])
    facts = [record("a", seed, 1.0, parameters=120160, epochs=9 + seed) for seed in range(2)]
    line = result_tables.markdown(study(), table, result_tables.lines(study(), table, facts)).splitlines()[4]
    assert line == "| a | 120,160 | 9.500 ± 0.707 |"


def test_a_long_title_is_not_cut_off(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(plot, "_save", lambda figure, path: drawn.append(figure))
    plot.spread("a title " * 40, result_tables.lines(study(), study().table[0], SOME), tmp_path, "score")
    renderer = FigureCanvasAgg(drawn[0]).get_renderer()
    drawn[0].draw(renderer)
    page = drawn[0].bbox
    for box in (text.get_window_extent(renderer) for text in drawn[0].texts):
        assert page.x0 <= box.x0 < box.x1 <= page.x1
        assert page.y0 <= box.y0 < box.y1 <= page.y1


def test_a_score_that_is_no_number_neither_counts_as_converged_nor_spoils_the_mean():
    (line,) = result_tables.lines(study(), study().table[0], [record("a", 0, None), record("a", 1, 0.9)])
    assert (line.runs, line.converged, line.mean) == (2, 1, 0.9)
    assert "| 0.900 (1 of 2 runs) |" in result_tables.markdown(study(), study().table[0], [line])
