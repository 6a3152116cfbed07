"""One process at a time writes into a directory, or several on parts of one work.

A lock of a process that is gone is taken over. On the same machine the process is asked for. A process on another
machine gives signs of life: its lock changes every few seconds. Clocks of two machines are never compared, they
differ: who wants the lock watches whether it changes.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import math
import operator
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bevseg.errors import OutputInUseError
from bevseg.runtime.atomic import ensure_writable, write_error
from bevseg.runtime.lock_file import Holder, Seen, create, look, renew, take_away
from bevseg.runtime.progress import Progress, Step

log = logging.getLogger(__name__)

NAME = ".bevseg-lock"

BEAT = 10.0
"""Seconds between two signs of life."""

PATIENCE = 120.0
"""Seconds without a sign of life after which a process on another machine counts as gone. Longer than a network file
system keeps what it knows of a file (60 s), and than a server takes to come back (90 s)."""

_LOOKS = 20
_PAUSE = 0.05
"""A lock can be away for a moment: another process renamed it, saw that it is alive, and puts it back."""


@dataclass(frozen=True)
class Lock:
    """A lock of this process, or of the one that this worker works for."""

    path: Path
    id: str

    def ensure_held(self) -> None:
        """Raise OutputInUseError if another process has taken the lock away; called before anything is written."""
        seen = None
        for _ in range(_LOOKS):
            seen = look(self.path)
            if seen is not None and seen.is_of(self.id):
                return
            if seen is not None and seen.holder is not None:
                break
            time.sleep(_PAUSE)
        raise OutputInUseError(
            "The lock of the output was taken away",
            where=self.path,
            why="it is not there any more" if seen is None else f"it is held by {_name(seen)}",
            hint="repeat the command to go on; another process takes over if this one gives no sign of life, as on a "
            "computer that sleeps",
        )

    def guarding(self, progress: Progress) -> Progress:
        """Return a progress callback that first makes sure of the lock, so that the work ends soon without it."""

        def guarded(step: Step) -> None:
            self.ensure_held()
            progress(step)

        return guarded


@contextlib.contextmanager
def locked(
    folder: Path, *, part: str | None = None, beat: float = BEAT, patience: float = PATIENCE
) -> Iterator[Lock]:
    """Hold the lock of a directory inside the block. The directory is made if it is missing.

    Parameters
    ----------
    folder
        The directory.
    part
        The part of the work that this process does, such as `1/4`. Processes with different parts hold locks of one
        directory at the same time; all other pairs exclude each other. None: all of the work.
    beat
        Seconds between two signs of life.
    patience
        Seconds to wait for a sign of life of a process that cannot be asked.

    Raises
    ------
    OutputInUseError
        If a process that is at work holds the lock.
    OutputWriteError
        If the directory cannot be written to.
    """
    ensure_writable(folder)
    holder = Holder.this_process(part or "")
    lock = Lock(folder / _file_name(part), holder.id)
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    stop = threading.Event()
    beating = threading.Thread(target=_beat, args=(lock.path, holder, beat, stop), daemon=True)
    try:  # from here on, so that an interrupt cannot come between the lock and its removal
        try:
            _take(lock.path, holder, beat, patience)
            beating.start()
            for other in _excluded(folder, part):
                _clear(other, beat, patience)
        except OSError as error:
            raise write_error(folder, error) from error
        yield lock
    finally:
        stop.set()
        with contextlib.suppress(OSError):
            _release(lock, _LOOKS if beating.ident else 1)
        for place in missing:
            with contextlib.suppress(OSError):  # it has results
                place.rmdir()


def _release(lock: Lock, looks: int) -> None:
    """Remove the lock, also if it is away for a moment; that of another process stays."""
    for _ in range(looks):
        if take_away(lock.path, lambda seen: seen.is_of(lock.id)):
            return
        seen = look(lock.path)
        if seen is not None and _id(seen) not in (None, lock.id):
            return
        time.sleep(_PAUSE)


def _file_name(part: str | None) -> str:
    return NAME if part is None else f"{NAME}-part-{part.replace('/', '-of-')}"


def _excluded(folder: Path, part: str | None) -> list[Path]:
    """Return the locks that may not be held beside a new one.

    Each of two processes makes its lock before it looks for the other's. So both may refuse, but never both go on.
    """
    if part is not None:
        return [folder / NAME]
    return sorted(path for path in folder.iterdir() if path.name.startswith(_file_name("")))


def _take(path: Path, holder: Holder, beat: float, patience: float) -> None:
    """Make the lock, after that of a process which is gone has been taken away."""
    for _ in range(_LOOKS):
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(
            FileNotFoundError
        ):  # another process has just removed the directory that it made
            if create(path, holder.content(0)):
                return
            _clear(path, beat, patience)
        time.sleep(_PAUSE)
    raise _in_use(path, None)  # a link to nowhere, or others are always faster


def _clear(path: Path, beat: float, patience: float) -> None:
    """Take away the lock of a process that is gone, if there is one; raise OutputInUseError if it is at work."""
    while (seen := look(path)) is not None:
        if _is_alive(path, seen, beat, patience):
            raise _in_use(path, seen)
        if take_away(path, functools.partial(operator.eq, seen)):
            log.info("the lock of %s is taken over: that process is gone", _name(seen))


def _in_use(path: Path, seen: Seen | None) -> OutputInUseError:
    return OutputInUseError(
        "Another process writes into the output",
        where=path.parent,
        why=_name(seen),
        hint="wait until it is done, or name another output; if it is gone, and its lock is not taken over, remove "
        + path.name,
    )


def _is_alive(path: Path, seen: Seen, beat: float, patience: float) -> bool:
    """Whether the holder of a lock is at work: it is asked for, or else the lock is watched."""
    known = None if seen.holder is None else seen.holder.is_at_work()
    if known is not None:
        return known
    log.warning("%s: held by %s; waiting at most %g s for a sign of life", path, _name(seen), patience)
    pause = min(beat, patience) / 5
    # Pauses are counted, not seconds: while this machine sleeps, the other may sleep with it.
    for _ in range(math.ceil(patience / pause)):
        time.sleep(pause)
        now = look(path)
        if now != seen:  # of another holder, or gone: the caller looks again
            return now is not None and _id(now) == _id(seen)
    return False


def _id(seen: Seen) -> str | None:
    return None if seen.holder is None else seen.holder.id


def _name(seen: Seen | None) -> str:
    holder = None if seen is None else seen.holder
    return "a process that the lock does not name" if holder is None else str(holder)


def _beat(path: Path, holder: Holder, beat: float, stop: threading.Event) -> None:
    """Give signs of life until the block ends. While the network is away, the next one is tried."""
    heartbeat = 0
    while not stop.wait(beat):
        heartbeat += 1
        with contextlib.suppress(OSError):
            renew(path, holder, heartbeat)
