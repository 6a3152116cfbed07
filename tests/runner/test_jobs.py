"""As many processes as the work is worth, and as fit."""

import pytest

from bevseg.runner import jobs
from bevseg.runner.jobs import MEMORY, WORTH, Jobs, jobs_of

MUCH = 1 << 60


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch):
    monkeypatch.setattr(jobs, "cores", lambda: 8)
    monkeypatch.setattr(jobs, "is_kept", lambda: True)


@pytest.mark.parametrize(
    ("asked", "memory", "free", "most"),
    [
        (None, None, MUCH, 8),
        (None, None, 3 * MEMORY, 3),
        (None, MEMORY, MEMORY, 1),
        (3, None, MEMORY, 3),
        (3, 9 * MEMORY, 9 * MEMORY, 3),
        (3, 2 * MEMORY, 2 * MEMORY, 2),
        (3, MEMORY // 2, MEMORY // 2, 1),
    ],
)
def test_processes_fit_in_the_memory_that_is_allowed(asked, memory, free, most):
    assert jobs_of(asked, memory, free, "cpu").most == most


def test_fewer_processes_than_asked_for_are_told(caplog):
    jobs_of(4, MEMORY, MEMORY, "cpu")
    assert "1 processes in place of 4" in caplog.text


def test_a_gpu_is_not_shared_unasked():
    assert jobs_of(None, None, MUCH, "cuda:0").most == 1
    assert jobs_of(2, None, MUCH, "cuda:0").most == 2


def test_a_script_starts_no_processes_unasked(monkeypatch):
    monkeypatch.setattr(jobs, "is_kept", lambda: False)
    assert jobs_of(None, None, MUCH, "cpu").most == 1


def test_little_work_is_left_to_one_process_unless_more_are_asked_for():
    found = Jobs(8, always=False)
    assert [found.for_work(seconds) for seconds in (0, WORTH - 1, WORTH, 3 * WORTH, 99 * WORTH)] == [
        1,
        1,
        2,
        4,
        8,
    ]
    assert Jobs(8, always=True).for_work(0) == 8
