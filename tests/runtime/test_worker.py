"""A worker leaves when it is asked to, at once and without a word, whatever it is at."""

import os
import time
from pathlib import Path

import pytest

from bevseg.runtime.serve import LEFT, pickled_call
from bevseg.runtime.worker import Worker

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows ends processes otherwise")


class Finalized:
    """What takes a second to be thrown away, and says when it begins."""

    def __init__(self, place):
        self.place = place

    def __del__(self):
        Path(self.place).write_text("half")
        for _ in range(100):
            time.sleep(0.01)


def work_in_a_finalizer(place):
    """Hold a file for a minute, first in a finalizer, where an exception is lost."""
    try:
        Finalized(place)
        for _ in range(6000):
            time.sleep(0.01)
    finally:
        Path(place).unlink()


def wait_for(happened):
    deadline = time.monotonic() + 60
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert happened()


def test_a_worker_that_is_still_loading_leaves_without_a_word(capfd):
    worker = Worker("tests.runtime.loads_slowly")
    said = []
    wait_for(lambda: said.append(capfd.readouterr().err) or "loading" in "".join(said))
    worker.ask_to_leave()
    assert worker.exit_code() == 0
    assert capfd.readouterr().err == ""


def test_a_worker_that_is_in_a_finalizer_cleans_up_and_leaves_without_a_word(tmp_path, capfd):
    place = tmp_path / "half"
    worker = Worker()
    assert worker.send(pickled_call(None, work_in_a_finalizer)(str(place)))
    wait_for(place.exists)
    worker.ask_to_leave()
    assert worker.exit_code() == LEFT
    assert not place.exists() and capfd.readouterr().err == ""
