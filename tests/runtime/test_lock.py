"""One process at a time writes into a directory, or several on different parts; dead locks are taken over."""

import contextlib
import dataclasses
import os
import subprocess
import sys
import threading

import pytest

from bevseg.errors import OutputInUseError, OutputWriteError
from bevseg.runtime import lock as lock_module
from bevseg.runtime import lock_file
from bevseg.runtime.lock import NAME, locked
from bevseg.runtime.lock_file import Holder, look, renew, take_away

NEVER = 1e6
"""Patience of a test that must not need any."""

HOLDING = """
import sys
from pathlib import Path
from bevseg.errors import OutputInUseError
from bevseg.runtime.lock import locked

folder, part = Path(sys.argv[1]), sys.argv[2] or None
print("ready", flush=True)
sys.stdin.readline()
try:
    with locked(folder, part=part, beat=0.05, patience=0.5) as lock:
        print("held", flush=True)
        sys.stdin.readline()
        lock.ensure_held()
except OutputInUseError as error:
    print("refused", flush=True)
"""


@pytest.fixture
def start():
    """Start processes that take a lock at a line of input, and release it at another."""
    started = []

    def start(folder, part=""):
        command = [sys.executable, "-c", HOLDING, str(folder), part]
        running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(running)
        return running

    yield start
    for running in started:
        running.kill()
        running.communicate()


def answer(running):
    return running.stdout.readline().strip()


def go_on(running):
    running.stdin.write("\n")
    running.stdin.flush()


def holding(start, folder, part=""):
    """Return a process that holds the lock."""
    running = start(folder, part)
    assert answer(running) == "ready"
    go_on(running)
    assert answer(running) == "held"
    return running


def write_lock(folder, part=None, **changes):
    """Write the lock of a process that differs from this one."""
    holder = dataclasses.replace(Holder.this_process(part or ""), **changes)
    name = NAME if part is None else f"{NAME}-part-{part.replace('/', '-of-')}"
    (folder / name).write_bytes(holder.content(0))
    return folder / name, holder


ELSEWHERE = {"machine": "0" * 12, "host": "faraway", "process": 1}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_second_process_is_refused_and_told_who_holds_the_lock(start, tmp_path):
    first = holding(start, tmp_path)
    with pytest.raises(OutputInUseError) as caught, locked(tmp_path, patience=NEVER):
        pytest.fail("two at once")
    holder = look(tmp_path / NAME).holder
    assert caught.value.exit_code == 6
    assert str(tmp_path) in str(caught.value)
    for word in (f"process {first.pid}", holder.host, holder.since, "wait until it is done"):
        assert word in str(caught.value)
    assert names(tmp_path) == [NAME]
    go_on(first)
    assert first.wait() == 0
    assert names(tmp_path) == []
    with locked(tmp_path):
        assert names(tmp_path) == [NAME]
    assert names(tmp_path) == []


def test_two_threads_of_one_process_exclude_each_other(tmp_path):
    with locked(tmp_path), pytest.raises(OutputInUseError), locked(tmp_path, patience=NEVER):
        pytest.fail("two at once")


@pytest.mark.parametrize("reason", [RuntimeError("broken"), KeyboardInterrupt(), SystemExit(143)])
def test_whatever_ends_the_block_the_lock_is_gone(tmp_path, reason):
    with pytest.raises(type(reason)), locked(tmp_path):
        raise reason
    assert names(tmp_path) == []


def test_the_lock_of_a_killed_process_is_taken_over_at_once(start, tmp_path):
    first = holding(start, tmp_path)
    first.kill()
    first.wait()
    assert names(tmp_path) == [NAME]
    with locked(tmp_path, patience=NEVER) as lock:
        lock.ensure_held()
    assert names(tmp_path) == []


def test_a_number_that_another_process_has_now_is_not_the_holder(tmp_path):
    write_lock(tmp_path, began=Holder.this_process().began + 5000)
    with locked(tmp_path, patience=NEVER) as lock:
        lock.ensure_held()


@pytest.mark.parametrize(
    "changes", [ELSEWHERE, {"boot": "another"}, {"began": 0}], ids=["machine", "boot", "unknown"]
)
def test_a_process_that_cannot_be_asked_is_at_work_while_its_lock_changes(changes, tmp_path, caplog):
    path, holder = write_lock(tmp_path, **changes)
    done = threading.Event()

    def live():
        count = 0
        while not done.wait(0.02):
            count += 1
            renew(path, holder, count)

    living = threading.Thread(target=live)
    living.start()
    try:
        with (
            pytest.raises(OutputInUseError, match=holder.host),
            locked(tmp_path, beat=0.05, patience=NEVER),
        ):
            pytest.fail("two at once")
    finally:
        done.set()
        living.join()
    assert "waiting at most" in caplog.text
    assert names(tmp_path) == [NAME]


@pytest.mark.parametrize("content", [None, b"", b"[]", b"[" * 10_000, b'{"id": 1}'])
def test_a_lock_that_does_not_change_is_taken_over_in_the_end(content, tmp_path, caplog):
    path, _ = write_lock(tmp_path, **ELSEWHERE)
    if content is not None:
        path.write_bytes(content)
    with locked(tmp_path, beat=0.05, patience=0.2) as lock:
        lock.ensure_held()
    assert "waiting at most 0.2 s" in caplog.text
    assert names(tmp_path) == []


def test_the_clock_of_another_machine_does_not_matter(tmp_path):
    path, _ = write_lock(tmp_path, **ELSEWHERE)
    os.utime(path, (4e9, 4e9))
    with locked(tmp_path, beat=0.05, patience=0.2) as lock:
        lock.ensure_held()


def test_a_lock_changes_while_it_is_held(tmp_path):
    with locked(tmp_path, beat=0.01):
        first = look(tmp_path / NAME)
        while look(tmp_path / NAME) == first:
            pass
        assert look(tmp_path / NAME).holder == first.holder


@pytest.mark.parametrize("changes", [{"began": 1}, ELSEWHERE], ids=["here", "elsewhere"])
def test_of_several_that_take_over_at_once_one_succeeds(changes, start, tmp_path):
    write_lock(tmp_path, **changes)
    processes = [start(tmp_path) for _ in range(4)]
    for running in processes:
        assert answer(running) == "ready"
    for running in processes:
        go_on(running)
    answers = [answer(running) for running in processes]
    assert sorted(answers) == ["held", "refused", "refused", "refused"]
    winner = processes[answers.index("held")]
    go_on(winner)
    assert winner.wait() == 0  # it held the lock to the end
    assert names(tmp_path) == []


def test_a_late_look_at_a_dead_lock_does_not_take_away_its_successor(tmp_path, monkeypatch):
    path, _ = write_lock(tmp_path, **ELSEWHERE)
    dead = look(path)
    path.unlink()
    with locked(tmp_path) as lock:
        answers = [dead]
        monkeypatch.setattr(lock_file, "look", lambda path: answers.pop() if answers else look(path))
        assert not take_away(path, lambda seen: seen == dead)
        assert answers == []  # it was renamed, and put back
        lock.ensure_held()
        assert names(tmp_path) == [NAME]


def take_aside(path):
    """Rename a lock, and put it back a moment later."""
    aside = path.with_name("aside")
    path.rename(aside)
    threading.Timer(0.2, aside.rename, [path]).start()


def test_a_holder_waits_while_its_lock_is_away_for_a_moment(tmp_path, monkeypatch):
    monkeypatch.setattr(lock_module, "_LOOKS", 10_000)
    with locked(tmp_path) as lock:
        take_aside(lock.path)
        lock.ensure_held()
        assert names(tmp_path) == [NAME]
        take_aside(lock.path)
    assert names(tmp_path) == []


def test_a_holder_notices_that_its_lock_was_taken_over_and_leaves_the_new_one(tmp_path):
    steps = []
    with locked(tmp_path, beat=0.01) as lock:
        progress = lock.guarding(steps.append)
        progress("first")
        path, _ = write_lock(tmp_path, **ELSEWHERE)
        seen = look(path)
        with pytest.raises(OutputInUseError, match="taken away") as caught:
            progress("second")
        assert "faraway" in str(caught.value)
        assert steps == ["first"]
        threading.Event().wait(0.05)  # some beats
    assert look(path) == seen


def test_a_holder_notices_that_its_lock_is_gone(tmp_path):
    with locked(tmp_path) as lock:
        lock.path.unlink()
        with pytest.raises(OutputInUseError, match="not there any more"):
            lock.ensure_held()


def test_different_parts_share_a_directory(start, tmp_path):
    first = holding(start, tmp_path, "1/3")
    with locked(tmp_path, part="2/3"):
        assert names(tmp_path) == [f"{NAME}-part-1-of-3", f"{NAME}-part-2-of-3"]
        with pytest.raises(OutputInUseError, match=r"part 1/3"), locked(tmp_path, part="1/3"):
            pytest.fail("one part twice")
        with pytest.raises(OutputInUseError, match=rf"part 1/3, process {first.pid}"), locked(tmp_path):
            pytest.fail("all, and a part")
        assert names(tmp_path) == [f"{NAME}-part-1-of-3", f"{NAME}-part-2-of-3"]


def test_no_part_beside_all(tmp_path):
    with locked(tmp_path), pytest.raises(OutputInUseError), locked(tmp_path, part="1/3"):
        pytest.fail("all, and a part")


def test_dead_parts_and_dead_wholes_do_not_block(tmp_path):
    write_lock(tmp_path, "1/3", began=1)
    write_lock(tmp_path, "2/3", **ELSEWHERE)
    with locked(tmp_path, beat=0.05, patience=0.2):
        assert names(tmp_path) == [NAME]
    write_lock(tmp_path, began=1)
    with locked(tmp_path, part="1/3", patience=NEVER):
        assert names(tmp_path) == [f"{NAME}-part-1-of-3"]


def test_without_hard_links_the_lock_works_as_well(tmp_path, monkeypatch):
    def no_links(source, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    write_lock(tmp_path, began=1)
    with locked(tmp_path, patience=NEVER) as lock:
        lock.ensure_held()
        assert names(tmp_path) == [NAME]
        with pytest.raises(OutputInUseError), locked(tmp_path):
            pytest.fail("two at once")
    assert names(tmp_path) == []


def test_a_link_whose_answer_was_lost_counts(tmp_path, monkeypatch):
    link = os.link

    def lose_the_answer(source, target):
        link(source, target)
        raise FileExistsError

    monkeypatch.setattr(os, "link", lose_the_answer)
    with locked(tmp_path) as lock:
        lock.ensure_held()


def test_a_full_disk_is_a_write_error_and_leaves_nothing(tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lock_file, "_write_new", full)
    with pytest.raises(OutputWriteError, match="free some space"), locked(tmp_path / "out"):
        pytest.fail("unreachable")
    assert names(tmp_path) == []


def test_a_link_to_nowhere_is_refused(tmp_path):
    (tmp_path / NAME).symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputInUseError, match=f"remove {NAME}"), locked(tmp_path):
        pytest.fail("unreachable")


def test_a_directory_that_is_a_file_is_a_write_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputWriteError), locked(tmp_path / "file"):
        pytest.fail("unreachable")


def test_a_directory_made_for_the_lock_stays_if_something_is_in_it(tmp_path):
    for name in ("empty", "full"):
        with locked(tmp_path / name / "out"):
            if name == "full":
                (tmp_path / name / "out" / "a.txt").write_text("")
    assert names(tmp_path) == ["full"]


def test_many_that_take_over_at_once_never_hold_the_lock_together(tmp_path):
    inside, most, barrier = [], [], threading.Barrier(4)

    def take():
        barrier.wait()
        with contextlib.suppress(OutputInUseError), locked(tmp_path, patience=NEVER) as lock:
            inside.append(lock)
            lock.ensure_held()
            most.append(len(inside))
            inside.remove(lock)

    for _ in range(50):
        write_lock(tmp_path, began=1)
        takers = [threading.Thread(target=take) for _ in range(4)]
        for taker in takers:
            taker.start()
        for taker in takers:
            taker.join()
        assert names(tmp_path) == []
    assert len(most) >= 50
    assert set(most) == {1}
