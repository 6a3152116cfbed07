"""One piece of work on each of many clouds."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from bevseg.errors import BevsegError, InputError, OutOfMemoryError
from bevseg.runtime.batch import CloudResult, for_each_cloud


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
    """End the process as the system does when memory runs out."""
    os._exit(9)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failing_cloud_is_listed_and_the_others_are_done(jobs):
    outcome = for_each_cloud("test", work, ITEMS, jobs=jobs)
    assert list(outcome.done) == ["a", "d"]
    assert outcome.written == [Path("a.laz"), Path("d.laz")]
    assert [(f.stem, type(f.error)) for f in outcome.failures] == [("b", InputError), ("c", OutOfMemoryError)]
    assert (outcome.done["a"].facts["process"] == os.getpid()) == (jobs == 1)


def test_a_process_that_is_ended_from_outside_is_an_error_that_says_so():
    with pytest.raises(OutOfMemoryError, match="--jobs"):
        for_each_cloud("test", die, ITEMS, jobs=2)


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
