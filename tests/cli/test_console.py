"""Results on stdout, everything else on stderr; bars on a terminal only; quiet is quiet."""

import logging
import warnings

import pytest

from bevseg.cli import console as module
from bevseg.cli.console import Console
from bevseg.errors import InputError, PartialFailureError
from bevseg.runtime.batch import BatchResult, CloudResult, Failure
from bevseg.runtime.progress import Step
from tests.cli.invoke import bevseg


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test can put forward."""

    class Clock:
        now = 100.0

    monkeypatch.setattr(module.time, "monotonic", lambda: Clock.now)
    return Clock


def test_a_line_of_progress_has_points_per_second_and_the_time_left(clock, capsys):
    with Console.opened(0) as console:
        console.progress(Step("label", 0, 4, 0, "0 of 4 clouds"))
        clock.now += 20
        console.progress(Step("label", 1, 4, 30_000_000, "1 of 4 clouds"))
    assert capsys.readouterr().err == "label: 1 of 4 clouds, 30.0 M points, 1.5 M/s, 1 min 00 s left\n"


def test_what_an_earlier_call_has_done_says_nothing_of_the_time_left(clock, capsys):
    with Console.opened(0) as console:
        console.progress(Step("mnist", 60, 90, note="60 of 90 runs"))
        clock.now += 60
        console.progress(Step("mnist", 62, 90, note="62 of 90 runs"))
    assert capsys.readouterr().err == "mnist: 62 of 90 runs, 14 min 00 s left\n"


def test_lines_do_not_follow_too_fast_but_the_end_is_always_told(clock, capsys):
    with Console.opened(0) as console:
        for done in range(1, 101):
            clock.now += 0.3
            console.progress(Step("train", done, 100, note=f"step {done}"))
    lines = capsys.readouterr().err.splitlines()
    assert 3 <= len(lines) <= 6
    assert lines[-1].startswith("train: step 100")


@pytest.mark.parametrize(
    ("loudness", "expected"),
    [
        (1, {"debug", "info", "warning: warned", "error: wrong", "written:"}),
        (0, {"info", "warning: warned", "error: wrong", "written:"}),
        (-1, {"warning: warned", "error: wrong"}),
        (-2, {"error: wrong"}),
    ],
)
def test_how_much_is_said(loudness, expected, capsys, tmp_path):
    log = logging.getLogger("bevseg.somewhere")
    with Console.opened(loudness) as console:
        log.debug("debug")
        log.info("info")
        log.warning("warned")
        log.error("wrong")
        console.progress(Step("x", 1, 1)) if loudness < 0 else None
        console.finish(BatchResult([tmp_path]))
    assert {line for line in capsys.readouterr().err.splitlines() if not line.startswith(" ")} == expected


def test_warnings_of_the_library_are_one_line(capsys):
    with Console.opened(0):
        warnings.warn("codes 7 become undefined", stacklevel=1)
    assert capsys.readouterr().err == "warning: codes 7 become undefined\n"


def test_the_logging_of_the_process_is_given_back():
    logger = logging.getLogger("bevseg")
    before = list(logger.handlers), logger.propagate
    with pytest.raises(KeyError), Console.opened(2):
        raise KeyError
    assert (list(logger.handlers), logger.propagate) == before


def test_a_hushed_console_says_nothing_but_errors(capsys):
    with Console.opened(0) as console:
        console.hush()
        logging.getLogger("bevseg").warning("no cloud is held out")
        console.progress(Step("train low", 1, 1))
        console.finish(BatchResult([]))
        logging.getLogger("bevseg").error("it cannot go on")
    assert capsys.readouterr().err.splitlines() == ["error: it cannot go on"]


def test_failures_are_listed_after_the_files(capsys, tmp_path):
    failed = Failure("b", tmp_path / "b.laz", InputError("Cut short", why="3 of 9 points"))
    outcome = BatchResult([tmp_path / "a.laz"], [failed], {"a": CloudResult()})
    with Console.opened(0) as console, pytest.raises(PartialFailureError) as caught:
        console.finish(outcome)
    assert capsys.readouterr().err == f"written:\n  {tmp_path / 'a.laz'}\n"
    assert "1 of 2 clouds failed" in str(caught.value)
    assert "b: Cut short (3 of 9 points)" in str(caught.value)
    assert caught.value.exit_code == 3


def test_bars_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(module, "_on_terminal", lambda: True)
    with Console.opened(0) as console:
        console.progress(Step("label", 0, 2, 0, "0 of 2 clouds"))
        logging.getLogger("bevseg").warning("odd")
        console.progress(Step("label", 2, 2, 10, "2 of 2 clouds"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "2 of 2 clouds" in captured.err
    assert "warning: odd" in captured.err


@pytest.mark.parametrize(("variable", "value"), [("CI", "true"), ("TERM", "dumb")])
def test_no_bars_where_nobody_watches(variable, value, monkeypatch):
    monkeypatch.setattr(module.sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert module._on_terminal()
    monkeypatch.setenv(variable, value)
    assert not module._on_terminal()


def test_quiet_prints_results_only(streets, tmp_path):
    result = bevseg("ingest", streets, "-o", tmp_path / "work", "-q")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.25, "0.2 s"), (12.4, "12 s"), (61, "1 min 01 s"), (3720, "1 h 02 min")]
)
def test_durations_for_people(seconds, text):
    assert module._duration(seconds) == text


def test_a_part_of_a_task_names_its_file_and_stage_until_it_is_done(monkeypatch):
    monkeypatch.setattr(module, "_on_terminal", lambda: True)
    with Console.opened(0) as console:
        console.progress(Step("label", 0, 2, 0, "0 of 2 clouds"))
        console.progress(Step("[a].laz", 1, 8, note="ground", part_of="label"))
        shown = [(task.description, task.completed, task.fields["note"]) for task in console._bars.tasks]
        assert shown == [("label", 0, "0 of 2 clouds"), ("[a].laz", 1, "ground")]
        console.progress(Step("[a].laz", 8, 8, part_of="label"))
        assert [task.description for task in console._bars.tasks] == ["label"]


def test_without_a_terminal_parts_of_a_task_are_not_told(clock, capsys):
    with Console.opened(0) as console:
        clock.now += 20
        console.progress(Step("a.laz", 1, 8, note="ground", part_of="label"))
    assert capsys.readouterr().err == ""


def test_bars_have_come_to_rest_when_a_result_is_printed(monkeypatch, capsys):
    monkeypatch.setattr(module, "_on_terminal", lambda: True)
    with Console.opened(0) as console:
        console.progress(Step("label", 2, 2, 10, "2 of 2 clouds"))
        assert console._bars.live.is_started
        console.result("the scores")
        assert not console._bars.live.is_started
    assert capsys.readouterr().out == "the scores\n"
