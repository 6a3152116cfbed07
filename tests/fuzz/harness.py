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
from collections.abc import Callable, Mapping
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


@dataclass(frozen=True)
class Piece:
    """Files of one reader, by their numbers: `first` to the one before `last`. They lie in a folder of their own."""

    reader: Reader
    folder: Path
    seeds: list[bytes]
    first: int
    last: int


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
    faults = {reader.name: Faults()}
    for start in range(first, first + count, PIECE):
        pieces = [Piece(reader, folder, seeds, start, min(start + PIECE, first + count))]
        _read_pieces(pieces, seed, make, faults)
    return faults[reader.name]


def fuzz_together(
    counts: Mapping[str, int], folder: Path, readers: Mapping[str, Reader]
) -> dict[str, Faults]:
    """Read mutated files of several readers in one child, which loads their libraries once; return what came of them.

    Parameters
    ----------
    counts
        Name of a reader -> number of its files.
    folder
        Scratch directory.
    readers
        Name -> reader.
    """
    pieces = []
    for name, count in counts.items():
        own = folder / name
        own.mkdir()
        pieces.append(Piece(readers[name], own, readers[name].seeds(own), 0, count))
    faults = {name: Faults() for name in counts}
    _read_pieces(pieces, 0, mutated_file, faults)
    return faults


def _read_pieces(pieces: list[Piece], seed: int, make: Maker, faults: dict[str, Faults]) -> None:
    """Read all files of some pieces; after a death the next child begins behind the file that it cost."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.fuzz.imported"])
    files = [(piece.reader.name, number) for piece in pieces for number in range(piece.first, piece.last)]
    begin = 0
    while begin < len(files):
        place, loading = context.Value("q", begin, lock=False), context.Value("b", 1, lock=False)
        results = context.SimpleQueue()
        child = context.Process(target=_read_files, args=(pieces, seed, begin, make, place, loading, results))
        child.start()
        kind = _waited(child, place, loading, results, faults)
        if kind is None:
            return
        name, number = files[place.value]
        faults[name].add(number, kind, "process")
        begin = place.value + 1


def _waited(child: Any, place: Any, loading: Any, results: Any, faults: dict[str, Faults]) -> str | None:
    """Collect the results of a child; return how it died, None if it did not."""
    seen, since, done = (place.value, loading.value), time.monotonic(), False
    while True:
        while not results.empty():
            item = results.get()
            if item is None:
                done = True
            else:
                faults[item[0]].add(*item[1:])
        if done or not child.is_alive():
            child.join()
            while not results.empty():
                item = results.get()
                done = done or item is None
                if item is not None:
                    faults[item[0]].add(*item[1:])
            if done:
                return None
            code = child.exitcode
            return f"death by {signal.Signals(-code).name}" if code and code < 0 else f"exit with {code}"
        now = (place.value, loading.value)
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > (START if loading.value else LONGEST):
            child.kill()
            child.join()
            return "hang"
        time.sleep(0.005)


def _read_files(
    pieces: list[Piece],
    seed: int,
    begin: int,
    make: Maker,
    place: Any,
    loading: Any,
    results: Any,
) -> None:
    """Read the files of all pieces from the place `begin` on (in the child)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    warnings.simplefilter("ignore")
    logging.disable()
    before = 0
    for piece in pieces:
        start = max(begin - before, 0)
        numbers = range(piece.first, piece.last)[start:]
        if numbers:
            place.value = before + start
            _read_piece(piece, numbers, seed, make, place, loading, results)
        before += piece.last - piece.first
    results.put(None)


def _read_piece(
    piece: Piece,
    numbers: range,
    seed: int,
    make: Maker,
    place: Any,
    loading: Any,
    results: Any,
) -> None:
    reader, begin = piece.reader, place.value
    loading.value = 1
    path = piece.folder / f"input-{os.getpid()}{reader.suffix}"
    for sound in piece.seeds:  # loads the libraries, and compiles what is compiled
        for load in (reader.load, reader.warm):
            path.write_bytes(reader.pack(sound) if reader.pack else sound)
            if load is not None:
                load(path)
    base = _private_memory()
    loading.value = 0
    for at, number in enumerate(numbers, start=begin):
        place.value = at
        data = make(reader, piece.seeds, seed, number)
        path.write_bytes(data)
        room = base + ROOM + 10 * reader.unpacked_size(data)
        resource.setrlimit(resource.RLIMIT_DATA, (room, resource.RLIM_INFINITY))
        kind, where = _outcome(reader, path)
        resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        results.put((reader.name, number, kind, where))
    path.unlink(missing_ok=True)


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
