"""Work on a cluster of two workers: results, errors, deaths of workers, and refusals before any work."""

import os
import signal
import socket
import sys
import threading
import time
import warnings
from contextlib import closing
from functools import partial

import pytest

from bevseg.errors import ClusterError, DependencyError, InputError, UsageError
from bevseg.runtime import cluster as cluster_module
from bevseg.runtime import cluster_client
from bevseg.runtime.cluster import AHEAD, cluster
from bevseg.runtime.cluster_client import versions

distributed = pytest.importorskip("distributed", reason="distributed, of the extra cluster, is not installed")


NAP = 0.3
"""Seconds of the task `nap`."""


@pytest.fixture(scope="module")
def address():
    """Address of the scheduler of a cluster of two workers, which gives up on a task after the first death."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", processes=True
    ) as local:
        local.scheduler.allowed_failures = 0
        yield local.scheduler_address


@pytest.fixture(scope="module")
def executor(address):
    with cluster(address) as made:
        yield made


@pytest.fixture
def many_at_once(monkeypatch):
    """Send all tasks of a test to the scheduler at once."""
    monkeypatch.setattr(cluster_module, "AHEAD", 30)


def doubled(number):
    """Warn of odd numbers."""
    if number % 2:
        warnings.warn(f"{number} is odd", stacklevel=1)
    return 2 * number, os.getpid()


def fail(number):
    raise KeyError(number)


def refuse(number):
    raise InputError(f"No cloud {number}", where="here", why="so", hint="go")


class TwoPartsError(Exception):
    """Pickles, but not back."""

    def __init__(self, one, two):
        super().__init__(one + two)


def fail_in_two_parts(number):
    raise TwoPartsError("left", "right")


def lock_of(number):
    """Return what cannot be sent."""
    return threading.Lock()


def die_at_first(folder, number):
    """At number 3 kill this process the first time."""
    mark = folder / "died"
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def die_always(number):
    if number == 1:
        time.sleep(0.3)  # until another task waits at this worker
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def begin(folder):
    with (folder / f"{os.getpid()}").open("a") as file:
        file.write("begun ")


def nap(folder, number):
    (folder / f"{number}").touch()
    time.sleep(NAP)


def nap_or_refuse(folder, number):
    if number == 0:
        refuse(number)
    nap(folder, number)


def own_pid(number):
    time.sleep(0.05)
    return os.getpid()


def test_every_item_is_done_once_by_the_workers_and_their_warnings_come_back(executor, caplog):
    found = list(executor(doubled, range(20)))
    assert sorted((item, result[0]) for item, result in found) == [(n, 2 * n) for n in range(20)]
    assert os.getpid() not in {result[1] for _, result in found}
    assert sorted(record.getMessage() for record in caplog.records) == sorted(
        f"{n} is odd" for n in range(1, 20, 2)
    )


def test_start_is_called_once_in_each_worker(executor, tmp_path):
    used = {result for _, result in executor(own_pid, range(10), start=partial(begin, tmp_path))}
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        str(pid): "begun " for pid in used
    }


def test_an_error_of_the_work_is_raised_with_its_traceback(executor):
    with pytest.raises(KeyError) as caught:
        list(executor(fail, [1]))
    assert "in fail" in str(caught.value.__cause__)


def test_an_error_of_bevseg_comes_back_with_all_its_parts(executor):
    with pytest.raises(InputError) as caught:
        list(executor(refuse, [1]))
    error = caught.value
    assert (error.what, error.where, error.why, error.hint) == ("No cloud 1", "here", "so", "go")


@pytest.mark.parametrize(
    ("work", "text"), [(lock_of, "pickle"), (fail_in_two_parts, "TwoPartsError: leftright")]
)
def test_what_cannot_be_sent_is_an_error_and_no_hang(executor, work, text):
    with pytest.raises(RuntimeError, match=text):
        list(executor(work, [1]))


def test_a_worker_that_is_killed_costs_no_result(executor, tmp_path):
    found = dict(executor(partial(die_at_first, tmp_path), range(8)))
    assert (tmp_path / "died").exists()
    assert found == {n: 2 * n for n in range(8)}


def test_a_task_that_kills_its_workers_is_the_only_one_that_fails(executor):
    found = dict(executor(die_always, range(6)))
    assert isinstance(found[1], ClusterError)
    assert {n: result for n, result in found.items() if n != 1} == {n: 2 * n for n in range(6) if n != 1}


def test_closing_the_generator_drops_what_waits(executor, tmp_path, many_at_once):
    with closing(executor(partial(nap, tmp_path), range(30))) as results:
        next(results)
    time.sleep(5 * NAP)
    assert len(list(tmp_path.iterdir())) <= 4


def test_after_an_error_what_waits_is_dropped_also_while_the_error_is_kept(executor, tmp_path, many_at_once):
    with pytest.raises(InputError) as caught:
        list(executor(partial(nap_or_refuse, tmp_path), range(30)))
    time.sleep(5 * NAP)
    assert len(list(tmp_path.iterdir())) <= 4
    assert caught.value.what == "No cloud 0"


def test_the_scheduler_gets_few_tasks_at_a_time(executor, tmp_path):
    with closing(executor(partial(nap, tmp_path), range(30))) as results:
        next(results)
        time.sleep(5 * NAP)  # time for ten tasks, if the scheduler had them
    assert len(list(tmp_path.iterdir())) <= 2 * AHEAD


def test_a_run_leaves_the_cluster_running(address):
    for _ in range(2):
        with cluster(address) as made:
            assert dict(made(doubled, [2]))[2][0] == 4


def test_an_address_where_nothing_listens_is_refused(monkeypatch):
    monkeypatch.setattr(cluster_client, "CONNECT_SECONDS", 0.2)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(ClusterError, match="No scheduler") as caught, cluster(address):
            pass
    assert caught.value.where == address
    assert "0.2 s" in caught.value.why


@pytest.mark.parametrize("address", ["host", "smoke://host:8786"])
def test_a_text_that_is_no_address_is_a_wrong_option(address):
    with pytest.raises(UsageError, match="no address"), cluster(address):
        pass


def test_without_distributed_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DependencyError, match=r"bevseg\[cluster\]"), cluster("tcp://host:8786"):
        pass


def test_workers_of_another_version_are_refused_by_name(address, monkeypatch):
    monkeypatch.setattr(cluster_client, "__version__", "9.9")
    with pytest.raises(ClusterError, match="other versions") as caught, cluster(address):
        pass
    assert "here: bevseg 9.9" in caught.value.why
    assert "tcp://127.0.0.1:" in caught.value.why


def test_a_worker_of_another_version_that_comes_later_is_refused(executor, monkeypatch):
    own = versions()["bevseg"]
    monkeypatch.setattr(cluster_client, "__version__", "9.9")
    with pytest.raises(ClusterError, match=f"a worker has bevseg {own}"):
        list(executor(doubled, [1]))


def test_a_worker_that_does_not_see_the_files_is_refused(address, tmp_path):
    (tmp_path / "here").touch()
    with cluster(address, shared=[tmp_path / "here"]):
        pass
    missing = tmp_path / "elsewhere"
    with pytest.raises(ClusterError, match=f"does not see {missing}"), cluster(address, shared=[missing]):
        pass


def test_a_cluster_that_is_gone_is_an_error_and_no_hang(monkeypatch):
    monkeypatch.setattr(cluster_client, "CONNECT_SECONDS", 2)
    local = distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, dashboard_address=":0", processes=False
    )
    with (
        pytest.raises(ClusterError, match="connection to the cluster was lost"),
        cluster(local.scheduler_address) as made,
    ):
        for _ in made(time.sleep, [0, 0.2, 0.2, 0.2]):
            local.close()
