"""Mutated files -> what reading each of them came to. A child process reads them; it may die, hang or run full.

A server, which has loaded the libraries and started no thread, forks a child for each piece of work. The child says
in shared memory which file it is at. So a death or a hang costs one file, and the parent goes on with the next.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bevseg.errors import BevsegError, OutOfMemoryError
from tests.fuzz.mutate import mutated
from tests.fuzz.readers import Reader

PIECE = 2000
"""Files that one child reads."""

LONGEST = 10.0
"""Seconds after which reading a file of a few kilobytes is a hang."""

START = 120.0
"""Seconds that a child has to load its libraries."""

ROOM = 200 << 20
"""Bytes above the imports that every file may take, beside ten times its unpacked size."""


@dataclass
class Faults:
    """The faults of a reader.

    Attributes
    ----------
    count
        Files that were read.
    outcomes
        Kind of outcome -> how often.
    examples
        (kind, place in the code) -> number of a file that shows it; `mutated_file` makes it again.
    """

    count: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    examples: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, number: int, kind: str, place: str = "") -> None:
        """Count an outcome; all but `read` and `refused` are faults."""
        self.count += 1
        self.outcomes[kind] += 1
        if kind not in ("read", "refused"):
            self.examples.setdefault((kind, place), number)


def mutated_file(reader: Reader, seeds: list[bytes], seed: int, number: int) -> bytes:
    """Return the bytes of the file of this number: always the same."""
    rng = np.random.default_rng([seed, number])
    if reader.pack is None:
        return mutated(seeds, rng)
    if rng.random() < 0.5:
        return reader.pack(mutated(seeds, rng))
    return mutated([reader.pack(sound) for sound in seeds], rng)


Maker = Callable[[Reader, list[bytes], int, int], bytes]
"""Makes the file of a number, as `mutated_file` does."""


def fuzz(
    reader: Reader,
    folder: Path,
    *,
    count: int,
    seed: int = 0,
    first: int = 0,
    make: Maker = mutated_file,
) -> Faults:
    """Read `count` mutated files and return what came of them.

    Parameters
    ----------
    reader
        What reads them.
    folder
        Scratch directory.
    count, first
        How many, and the number of the first: pieces of a long run are disjoint.
    seed
        Of all mutations.
    make
        Makes the files.
    """
    seeds = reader.seeds(folder)
    faults, number, end = Faults(), first, first + count
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.fuzz.imported"])
    while number < end:
        place, results = context.Value("q", number - 1, lock=False), context.SimpleQueue()
        last = min(number + PIECE, end)
        child = context.Process(
            target=_read_files, args=(reader, folder, seeds, seed, number, last, make, place, results)
        )
        child.start()
        kind = _waited(child, place, results, faults)
        if kind is None:
            number = last
        else:
            faults.add(place.value, kind, "process")
            number = place.value + 1
    return faults


def _waited(child: Any, place: Any, results: Any, faults: Faults) -> str | None:
    """Collect the results of a child; return how it died, None if it did not."""
    seen, since, done, started = place.value, time.monotonic(), False, False
    while True:
        while not results.empty():
            item = results.get()
            if item is None:
                done = True
            else:
                faults.add(*item)
        if done or not child.is_alive():
            child.join()
            while not results.empty():
                item = results.get()
                done = done or item is None
                if item is not None:
                    faults.add(*item)
            if done:
                return None
            code = child.exitcode
            return f"death by {signal.Signals(-code).name}" if code and code < 0 else f"exit with {code}"
        if place.value != seen:
            seen, since, started = place.value, time.monotonic(), True
        elif time.monotonic() - since > (LONGEST if started else START):
            child.kill()
            child.join()
            return "hang"
        time.sleep(0.005)


def _read_files(
    reader: Reader,
    folder: Path,
    seeds: list[bytes],
    seed: int,
    first: int,
    last: int,
    make: Maker,
    place: Any,
    results: Any,
) -> None:
    """Read the files of the numbers `first` to `last` (in the child)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    path = folder / f"input-{os.getpid()}{reader.suffix}"
    warnings.simplefilter("ignore")
    logging.disable()
    for sound in seeds:  # loads the libraries, and compiles what is compiled
        for load in (reader.load, reader.warm):
            path.write_bytes(reader.pack(sound) if reader.pack else sound)
            if load is not None:
                load(path)
    base = _private_memory()
    for number in range(first, last):
        place.value = number
        data = make(reader, seeds, seed, number)
        path.write_bytes(data)
        room = base + ROOM + 10 * reader.unpacked_size(data)
        resource.setrlimit(resource.RLIMIT_DATA, (room, resource.RLIM_INFINITY))
        kind, where = _outcome(reader, path)
        resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        results.put((number, kind, where))
    path.unlink(missing_ok=True)
    results.put(None)


def _outcome(reader: Reader, path: Path) -> tuple[str, str]:
    """Return the kind of outcome, and where in the code an unexpected exception came from."""
    try:
        absurd = reader.read(path)
    except BevsegError as error:
        if _ran_out(error):
            return "memory", f"{_innermost()}: told as {error.what}"
        if isinstance(error, OutOfMemoryError):
            return "refused", ""
        whole = error.exit_code != 1 and error.what and (error.why or error.hint)
        return ("refused", "") if whole else ("no help in the error", error.what)
    except MemoryError:
        return "memory", _innermost()
    except BaseException as error:  # whatever a library raises, PanicException included
        return type(error).__name__, _innermost()
    return ("absurd", absurd) if absurd else ("read", "")


def _ran_out(error: BaseException | None) -> bool:
    """Return whether memory ran out before an error was raised: a check of sizes beforehand raises no MemoryError."""
    while error is not None:
        if isinstance(error, MemoryError) and "alloc" in str(
            error
        ):  # Python's parsers raise it for deep nesting
            return True
        error = error.__cause__ or error.__context__
    return False


def _innermost() -> str:
    frames = traceback.extract_tb(sys.exc_info()[2])
    ours = [frame for frame in frames if "/bevseg/" in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno} {str(sys.exc_info()[1])[:80]}"


def _private_memory() -> int:
    """Return what `RLIMIT_DATA` limits, bytes: memory that is allocated, used or not, and the stacks of threads.

    It leaves out what `RLIMIT_AS` counts beside these: libraries, and addresses that the C library keeps for each new
    thread (64 MiB and more) without the right to use them.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) << 10
    raise OSError("/proc/self/status has no VmData")
