from pathlib import Path

import pytest

from bevseg.errors import CloudNotFoundError, UsageError
from bevseg.seg.losses.registry import LOSSES
from bevseg.study import grid, plan
from bevseg.study.run_study import plan_runs

READY = sorted((Path(__file__).parents[2] / "benchmarks" / "studies").glob("*.toml"))

HEAD = 'title = "t"\ntask = "curves"\n'


def study(tmp_path, text):
    path = tmp_path / "study.toml"
    path.write_text(HEAD + text)
    return plan.read_study(path)


def keys(tmp_path, text):
    return [run.key for run in grid.grid(study(tmp_path, text), "study.toml")]


def test_the_grid_is_the_product_of_the_axes(tmp_path):
    runs = grid.grid(study(tmp_path, '[settings]\nc = 1\n[axes]\na = [1, 2]\nb = ["x", "y", "z"]'), "")
    assert [(run.given["a"], run.given["b"], run.given["c"]) for run in runs] == [
        (a, b, 1) for a in (1, 2) for b in "xyz"
    ]
    assert len({run.key for run in runs}) == 6


def test_a_run_is_known_by_its_settings_wherever_the_data_lie_and_however_they_are_written(tmp_path):
    here = keys(tmp_path, '[settings]\ndata = "/here"\nb = 2\n[axes]\na = [1]')
    there = keys(tmp_path, '[settings]\nb = 2\ndata = "/there"\n[axes]\na = [1]')
    as_axis = keys(tmp_path, '[axes]\na = [{ name = "one", a = 1, b = 2 }]')
    assert here == there == as_axis
    assert here != keys(tmp_path, "[settings]\nb = 3\n[axes]\na = [1]")


def test_a_run_starts_from_the_one_with_the_same_seed_which_comes_first(tmp_path):
    text = '[axes]\nloss = [{ name = "tuned", loss = "b", init = { loss = "a" } }, "a"]\nseed = [0, 1]'
    runs = grid.grid(study(tmp_path, text), "")
    sources = {run.at["seed"]: run.key for run in runs if run.at["loss"] == "a"}
    assert [run.at["loss"] for run in runs] == ["a", "a", "tuned", "tuned"]
    assert [run.sources for run in runs[2:]] == [{"init": sources[0]}, {"init": sources[1]}]
    assert runs[2].given == {"loss": "b", "seed": 0}


def test_a_run_may_need_a_run_that_needs_another_and_comes_after_both(tmp_path):
    text = """
    [axes]
    loss = [
      { name = "student", loss = "c", init = { loss = "a" }, teacher = { loss = "tuned" } },
      { name = "tuned", loss = "b", init = { loss = "a" } },
      "a",
    ]
    """
    runs = grid.grid(study(tmp_path, text), "")
    a, tuned, student = runs
    assert [run.at["loss"] for run in runs] == ["a", "tuned", "student"]
    assert student.sources == {"init": a.key, "teacher": tuned.key}
    assert student.given == {"loss": "c"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('colour = "red"', "'colour'"),
        ('[[table]]\nby = []\nscores = "x"', "'table.0.scores'"),
        ("[[table]]\n", "table.0.by is missing"),
        ('[[table]]\nby = ["seed"]', "No axis 'seed'"),
        ("[axes]\na = 3", "'axes.a'"),
        ('[axes]\na = [1]\n[[table]]\nby = ["a"]\n[[table]]\nby = ["a"]', "Two tables"),
        ("[axes\n", "Not a TOML file"),
    ],
)
def test_a_bad_study_is_refused_with_the_key_named(tmp_path, text, message):
    with pytest.raises(UsageError, match="(?s).*" + message.replace("[", r"\[")):
        study(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[axes]\na = [1]\nb = [{ name = "x", a = 2 }]', "Two axes set 'a'"),
        ("[axes]\na = [1, 1]", "the same"),
        ('[axes]\na = [{ name = "x", a = 2, init = { a = 3 } }]', "names no run"),
        ('[axes]\na = [{ name = "x", a = 2, teacher = { a = 3 } }]', "`teacher` names no run"),
        ('[axes]\na = [{ name = "x", a = 2, init = { a = "x" } }]', "Runs need each other"),
        (
            '[axes]\na = [{ name = "x", a = 2, init = { a = "y" } }, { name = "y", a = 3, teacher = { a = "x" } }]',
            "Runs need each other",
        ),
    ],
)
def test_a_grid_that_contradicts_itself_is_refused(tmp_path, text, message):
    with pytest.raises(UsageError, match=message) as caught:
        keys(tmp_path, text)
    assert caught.value.where and caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[axes]\nloss = [{ init = 5 }]", r"axes\.loss\.0\.init = 5: expected a table"),
        ("[axes]\nloss = [{ teacher = 5 }]", r"axes\.loss\.0\.teacher = 5: expected a table"),
        ("[axes]\nloss = [{ name = [] }]", r"axes\.loss\.0\.name = "),
        ("[axes]\nd = [1979-05-27]", r"axes\.d\.0 = .*: expected a finite number, a text"),
        ("[axes]\nd = [nan]", r"axes\.d\.0 = nan"),
        ("[axes]\nd = [[1]]", r"axes\.d\.0 = "),
        ("[axes]\nd = [{ a = [07:32:00] }]", r"axes\.d\.0 = "),
        ("[axes]\nloss = []", r"axes\.loss = \[\]: expected one value at least"),
        ("axes = 3", r"axes = 3: expected a table"),
        ("[settings]\nd = 1979-05-27", r"settings\.d = "),
        ("table = [3]", r"table\.0 = 3: expected a table"),
        ("[[paper]]\nat = { d = 1979-05-27 }", r"paper\.0\.at\.d = "),
        ('[[table]]\nby = ["seed"]', "the study has no axes"),
        (
            '[axes]\nloss = ["ce"]\n[[table]]\nby = []\nagainst = { loss = "cee" }',
            "No value 'cee' of the axis 'loss'",
        ),
        ('[axes]\nloss = ["ce"]\n[[table]]\nby = []\nagainst = { los = "ce" }', "No axis 'los'"),
        ('[axes]\nloss = ["ce"]\n[[table]]\nby = []\nwhere = { loss = ["ce", "cee"] }', "No value 'cee'"),
        ('[axes]\nloss = ["ce"]\n[[paper]]\nat = { loss = "cee" }', "No value 'cee' of the axis 'loss'"),
        ('[axes]\nloss = ["ce"]\n[[paper]]\nat = { los = "ce" }', "No axis 'los'"),
        ('[[table]]\nby = []\nname = "../elsewhere"', "No table can have the name"),
        ('[[table]]\nby = []\nname = "runs"', "No table can have the name 'runs'"),
        ("[[paper]]\nat = {}\nfacts = { iou_Car = 0.4 }", "No column 'iou_Car'"),
    ],
)
def test_a_value_that_no_run_can_have_is_refused_by_its_key(tmp_path, text, message):
    with pytest.raises(UsageError, match=message) as caught:
        study(tmp_path, text)
    assert "study.toml" in str(caught.value.where)


def test_wrong_values_of_a_study_come_in_one_message(tmp_path):
    with pytest.raises(UsageError, match="3 settings"):
        study(tmp_path, "[settings]\nd = 1979-05-27\n[axes]\na = []\nb = [nan]")


def test_a_grid_too_large_is_refused_before_it_takes_memory(tmp_path):
    axes = "".join(f"a{axis} = {list(range(30))}\n" for axis in range(10))
    with pytest.raises(UsageError, match="too large") as caught:
        keys(tmp_path, f"[axes]\n{axes}")
    assert "590490000000000 runs" in caught.value.why
    assert len(keys(tmp_path, f"[axes]\na = {list(range(1000))}")) == 1000


def test_a_missing_study_is_bad_input(tmp_path):
    with pytest.raises(CloudNotFoundError):
        plan.read_study(tmp_path / "none.toml")


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_every_ready_study_can_be_planned_and_its_papers_numbers_find_their_line(path):
    study, works = plan_runs(path)
    assert works
    for entry in study.paper:
        assert any(plan.matches(work.run.at, entry.at) for work in works), entry
    for table in study.table:
        assert any(plan.matches(work.run.at, table.where) for work in works), table


def test_the_study_of_every_loss_names_every_loss_of_the_register():
    path = next(path for path in READY if path.stem == "camvid_losses")
    ready = {name for name, entry in LOSSES.items() if not entry.learned}
    assert set(plan.read_study(path).axes["loss"]) == ready


def test_a_wrong_setting_of_a_task_is_refused_with_its_key(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text('title = "t"\ntask = "mnist"\n[settings]\nfilter = 2\n[axes]\nloss = ["ce"]\nseed = [0]')
    with pytest.raises(UsageError, match=r"(?s)filter: no such key.*did you mean 'filters'"):
        plan_runs(path)
    path.write_text('title = "t"\ntask = "mnist"\n[axes]\nloss = ["no_loss"]\nseed = [0]')
    with pytest.raises(UsageError, match="no_loss"):
        plan_runs(path)
    path.write_text('title = "t"\ntask = "street"\n[settings]\nlos = 2')
    with pytest.raises(UsageError, match="los: no such key") as caught:
        plan_runs(path)
    assert caught.value.where == str(path)
    path.write_text('title = "t"\ntask = "nothing"')
    with pytest.raises(UsageError, match="name one of: approximation, bias"):
        plan_runs(path)


def test_all_faults_of_a_run_come_in_one_message(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(
        'title = "t"\ntask = "street"\n[settings]\noptimisr = "sgd"\nschedule = "cosin"\ndepth = -1\n'
        'learning_rate = 0\n[axes]\nloss = ["ce"]\nseed = [0]'
    )
    with pytest.raises(UsageError, match="4 settings") as caught:
        plan_runs(path)
    for message in ("did you mean 'optimiser'", "schedule = 'cosin'", "depth = -1", "learning_rate = 0"):
        assert message in caught.value.why


def test_bounds_and_choices_of_a_setting_are_told_in_words(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(
        'title = "t"\ntask = "images"\n[settings]\nloss = "ce"\nseed = 0\nepochs = 0\nflips = "up"\n'
        "labelled_share = 0\nteacher_weight = 2\n"
    )
    with pytest.raises(UsageError) as caught:
        plan_runs(path)
    assert caught.value.why.split("\n         ") == [
        "epochs = 0: expected a number of at least 1",
        "flips = 'up': expected one of 'none', 'horizontal' or 'both'",
        "teacher_weight = 2: expected a number of at most 1",
        "labelled_share = 0: expected a number above 0",
    ]
