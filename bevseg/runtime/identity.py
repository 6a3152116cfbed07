"""Which process, on which machine, wrote a file: so that another process can tell whether the writer is gone."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
from pathlib import Path

UNKNOWN = 0
"""Beginning of a process that exists and may not be asked."""


@functools.cache
def machine() -> str:
    """Return a name for this machine and, in a container, for its own world of processes."""
    try:
        processes = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        processes = ""
    return hashlib.sha256(f"{platform.node()} {processes}".encode()).hexdigest()[:12]


@functools.cache
def boot() -> str:
    """Return a name for the time since the machine was started, which tells machines of one name apart."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        import psutil

        return str(round(psutil.boot_time()))


def own_beginning() -> int:
    """Return when this process began, as `beginning` counts."""
    return _kept_beginning(os.getpid())


@functools.cache
def _kept_beginning(process: int) -> int:  # by number: a fork of this process inherits what is kept
    return beginning(process) or UNKNOWN


def beginning(process: int) -> int | None:
    """Return a number that says when a process began; None if there is none, UNKNOWN if it may not be asked.

    A number of a process is given again to a later one; the two began at different times.
    """
    try:
        # Ticks since the start of the machine: unlike a date, they do not change when the clock is set.
        fields = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
        # A zombie has ended, and its parent may never ask for its exit code (the first process of a container).
        return None if fields[0] in ("Z", "X") else int(fields[19])
    except (OSError, ValueError, IndexError):
        pass
    import psutil

    try:
        return round(psutil.Process(process).create_time() * 1000)
    except psutil.NoSuchProcess:
        return UNKNOWN if _is_hidden(process) else None
    except psutil.Error:
        return UNKNOWN


def _is_hidden(process: int) -> bool:
    """Whether another user has a process that the system does not show: /proc with `hidepid`, as on many clusters."""
    if os.name == "nt":  # where this would end the process
        return False
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return False
