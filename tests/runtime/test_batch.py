"""One piece of work on each of many clouds."""

import contextlib
import logging
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from bevseg.errors import BevsegError, InputError, OutOfMemoryError
from bevseg.runtime.batch import CloudResult, for_each_cloud
from bevseg.runtime.processes import kept_workers
from bevseg.runtime.progress import Step, emit


@dataclass(frozen=True)
class Item:
    """A cloud by name."""

    stem: str
    path: Path = Path("nowhere")


ITEMS = [Item(name) for name in "abcd"]


def work(item):
    """Fail on b, in a way of its own on c."""
    if item.stem == "b":
        raise InputError("bad b")
    if item.stem == "c":
        raise MemoryError
    return CloudResult((Path(f"{item.stem}.laz"),), 10, {"process": os.getpid()})


def die(item):
    """Die at b, as the item says; the others are done."""
    if item.stem == "b":
        os.abort() if item.path == Path("abort") else os.kill(os.getpid(), signal.SIGKILL)
    return work(Item("a"))


def panic(item):
    """Raise what a Rust library raises: it is no Exception."""
    raise type("PanicException", (BaseException,), {})("called unwrap")


def report_a_step(item):
    """Report how far it is."""
    emit(Step("inner", 1, 2))
    logging.getLogger("bevseg.test").warning("heard of %s", item.stem)
    return CloudResult()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failing_cloud_is_listed_and_the_others_are_done(jobs):
    outcome = for_each_cloud("test", work, ITEMS, jobs=jobs)
    assert list(outcome.done) == ["a", "d"]
    assert outcome.written == [Path("a.laz"), Path("d.laz")]
    assert [(f.stem, type(f.error)) for f in outcome.failures] == [("b", InputError), ("c", OutOfMemoryError)]
    assert (outcome.done["a"].facts["process"] == os.getpid()) == (jobs == 1)


posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@posix
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("how", "kind", "cause"), [("abort", InputError, "SIGABRT"), ("kill", OutOfMemoryError, "SIGKILL")]
)
def test_a_worker_that_dies_costs_its_own_cloud_alone(jobs, how, kind, cause):
    items = [Item(name, Path(how)) for name in "abcd"]
    with kept_workers():
        outcome = for_each_cloud("test", die, items, jobs=jobs)
    assert list(outcome.done) == ["a", "c", "d"]
    (failure,) = outcome.failures
    assert (failure.stem, type(failure.error), failure.error.where) == ("b", kind, Path(how))
    assert cause in failure.error.why


@posix
@pytest.mark.parametrize(("how", "code"), [("abort", 4), ("kill", 5)])
def test_the_only_cloud_whose_worker_dies_is_the_error(how, code):
    with kept_workers(), pytest.raises(BevsegError) as caught:
        for_each_cloud("test", die, [Item("b", Path(how))])
    assert caught.value.exit_code == code


def test_one_worker_serves_all_clouds_of_a_job():
    with kept_workers():
        outcome = for_each_cloud("test", work, ITEMS)
        again = for_each_cloud("test", work, ITEMS[:1])
    processes = {done.facts["process"] for result in (outcome, again) for done in result.done.values()}
    assert len(processes) == 1
    assert os.getpid() not in processes


@pytest.mark.parametrize("kept", [False, True])
def test_steps_and_messages_from_within_a_cloud_are_heard(kept, caplog):
    steps = []
    with kept_workers() if kept else contextlib.nullcontext():
        for_each_cloud("test", report_a_step, ITEMS[:2], progress=steps.append)
    assert [step.task for step in steps] == ["test", "inner", "test", "inner", "test"]
    assert [record.getMessage() for record in caplog.records] == ["heard of a", "heard of b"]


def test_a_panic_of_a_library_is_a_failure_of_its_cloud():
    outcome = for_each_cloud("test", panic, ITEMS[:2])
    assert [failure.error.why for failure in outcome.failures] == ["PanicException: called unwrap"] * 2


def test_a_bug_in_a_worker_comes_with_its_traceback():
    with kept_workers(), pytest.raises(BevsegError, match="this is a bug") as caught:
        for_each_cloud("test", panic, ITEMS[:1])
    assert "in panic" in str(caught.value.__cause__)


def test_an_error_names_the_file_unless_it_names_a_better_place():
    outcome = for_each_cloud("test", work, ITEMS)
    assert str(outcome.failures[0].error.where) == "nowhere"


def test_the_first_failure_stops_if_asked():
    seen = []

    def watched(item):
        seen.append(item.stem)
        return work(item)

    with pytest.raises(InputError, match="bad b"):
        for_each_cloud("test", watched, ITEMS, on_error="stop")
    assert seen == ["a", "b"]


def test_the_error_of_the_only_cloud_is_the_error():
    with pytest.raises(InputError, match="bad b"):
        for_each_cloud("test", work, ITEMS[1:2])


def test_a_bug_keeps_its_cause():
    def broken(item):
        raise KeyError("z")

    with pytest.raises(BevsegError, match="this is a bug") as caught:
        for_each_cloud("test", broken, ITEMS[:1])
    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.exit_code == 1


def test_an_interrupt_is_no_failure_of_a_cloud():
    def interrupted(item):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        for_each_cloud("test", interrupted, ITEMS)


def test_progress_counts_bytes_and_points(tmp_path):
    items = [Item("a", tmp_path / "a"), Item("d", tmp_path / "d")]
    items[0].path.write_bytes(b"x" * 30)
    items[1].path.write_bytes(b"x" * 10)
    steps = []
    for_each_cloud("test", work, items, progress=steps.append)
    assert [(s.done, s.total, s.points) for s in steps] == [(0, 40, 0), (30, 40, 10), (40, 40, 20)]
    assert steps[-1].note == "2 of 2 clouds"
