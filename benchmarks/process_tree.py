"""A command, run as a user would -> its time, its memory and its scratch files, with all processes that it starts."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

MIB = 1 << 20

SHORTEST = 0.1
"""Time between two samples at least, s."""

SHARE = 0.05
"""Of the time that sampling may take on a processor: the system holds up a process while it counts its pages."""

_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Usage:
    """What a command took.

    Attributes
    ----------
    wall_s, cpu_s
        Seconds by the clock, and of processor time of all its processes.
    peak_mib
        Highest sum of the proportional set sizes of all its processes among the samples, MiB.
    scratch_mib
        Largest size of the scratch folder among the samples, MiB.
    samples
        How many there were.
    others
        Cores that other processes used meanwhile.
    status
        Exit status.
    message
        The last line that it wrote to stderr.
    """

    wall_s: float
    cpu_s: float
    peak_mib: float
    scratch_mib: float
    samples: int
    others: float
    status: int
    message: str


def run(command: Sequence[str | Path], scratch: Path, environment: Mapping[str, str]) -> Usage:
    """Run a command to its end.

    Parameters
    ----------
    command, environment
        As for `subprocess`.
    scratch
        Folder of the scratch files.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as messages:
        cpu, busy, begin = _children(), _busy(), time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=messages)
        sampler = _Sampler(process.pid, scratch)
        try:
            status = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            sampler.end()
        wall, cpu = time.perf_counter() - begin, _children() - cpu
        messages.seek(0)
        lines = messages.read().split("\n")
    others = max((_busy() - busy - cpu) / wall, 0.0)
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    peak, size = sampler.peak / MIB, sampler.size / MIB
    return Usage(wall, cpu, peak, size, sampler.samples, others, status, last)


class _Sampler(threading.Thread):
    """Looks at a process again and again, in a thread of its own."""

    def __init__(self, pid: int, scratch: Path) -> None:
        super().__init__(daemon=True)
        self._root, self._scratch, self._over = psutil.Process(pid), scratch, threading.Event()
        self.peak = self.size = self.samples = 0
        self.start()

    def run(self) -> None:
        while True:
            begin = time.thread_time()
            self.peak = max(self.peak, proportional(self._root))
            self.size = max(self.size, size(self._scratch))
            self.samples += 1
            spent = time.thread_time() - begin
            if self._over.wait(max(SHORTEST, spent / SHARE)):
                break

    def end(self) -> None:
        """Sample no more."""
        self._over.set()
        self.join()


def proportional(root: psutil.Process) -> int:
    """Return the sum of the proportional set sizes of a process and of all below it, bytes."""
    try:
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    return sum(_of_one(process.pid) for process in family)


def _of_one(pid: int) -> int:
    """Return the proportional set size of a process, bytes; 0 if it has ended."""
    try:
        found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 1024 * int(found[1]) if found else 0


def size(folder: Path) -> int:
    """Return the bytes on the disk of all files below a folder; files may vanish meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(place, name).lstat().st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def _children() -> float:
    """Return the processor time of all processes that have ended below this one, s."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _busy() -> float:
    """Return the processor time of the whole machine, s."""
    times = psutil.cpu_times()
    return times.user + times.system + times.nice + times.irq + times.softirq
