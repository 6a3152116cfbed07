"""The file of a lock: it appears whole, names its holder, and is removed by one process alone.

All of this holds on network file systems. A hard link and a rename are done once there, whoever tries at the same
time. A look opens the file anew, which is when such a system asks its server for what has changed.
"""

from __future__ import annotations

import contextlib
import functools
import getpass
import json
import os
import platform
import shlex
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from bevseg.runtime import identity
from bevseg.runtime.temporary import temporary_beside

MOST_BYTES = 1 << 16
"""Of a lock at most."""

LONGEST_COMMAND = 500
"""Characters of a command line that a lock quotes."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock.

    Attributes
    ----------
    id
        A word that no other lock has.
    part
        The part of the work that the lock is for; empty for all of it.
    host, user, command, since
        For people.
    machine, boot, process, began
        For other processes; see `identity`.
    """

    id: str
    part: str
    host: str
    user: str
    command: str
    since: str
    machine: str
    boot: str
    process: int
    began: int

    @classmethod
    def this_process(cls, part: str = "") -> Holder:
        """Return this process as the holder of a new lock."""
        return cls(
            id=uuid.uuid4().hex,
            part=part,
            host=platform.node(),
            user=_user(),
            command=shlex.join(sys.argv)[:LONGEST_COMMAND],
            since=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
            machine=identity.machine(),
            boot=identity.boot(),
            process=os.getpid(),
            began=identity.own_beginning(),
        )

    def is_at_work(self) -> bool | None:
        """Return whether the process still runs; None if it cannot be asked from here."""
        # The same name and another boot: this machine before it was started anew, or another one of that name.
        if (self.machine, self.boot) != (identity.machine(), identity.boot()):
            return None
        began = identity.beginning(self.process)
        if began is None:
            return False
        return None if identity.UNKNOWN in (began, self.began) else began == self.began

    def content(self, heartbeat: int) -> bytes:
        """Return the content of the lock; it gets no shorter with a later heartbeat."""
        return (json.dumps({**vars(self), "heartbeat": heartbeat}, indent=2) + "\n").encode()

    def __str__(self) -> str:
        part = f"part {self.part}, " if self.part else ""
        text = (
            f"{part}process {self.process} of {self.user} on {self.host}, since {self.since}: {self.command}"
        )
        return " ".join(text.split())


@dataclass(frozen=True)
class Seen:
    """What one look at a lock has shown; two looks differ if its holder has given a sign of life in between."""

    content: bytes
    modified: int

    @functools.cached_property
    def holder(self) -> Holder | None:
        """The holder; None if the content does not say."""
        try:
            table = json.loads(self.content)
            found = Holder(**{field.name: table[field.name] for field in fields(Holder)})
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        numbers = (found.process, found.began)
        texts = [value for name, value in vars(found).items() if name not in ("process", "began")]
        known = all(isinstance(text, str) for text in texts) and all(type(n) is int for n in numbers)
        return found if known and found.process > 0 else None

    def is_of(self, lock_id: str) -> bool:
        """Whether this is the lock with an id."""
        return self.holder is not None and self.holder.id == lock_id


def look(path: Path) -> Seen | None:
    """Look at a lock; None if there is none. One that cannot be read has no content, and a time if it can be had."""
    try:
        with path.open("rb") as file:
            return Seen(file.read(MOST_BYTES), os.fstat(file.fileno()).st_mtime_ns)
    except FileNotFoundError:
        return None
    except OSError:  # it is another user's, or the network is away
        try:
            return Seen(b"", path.stat().st_mtime_ns)
        except OSError:
            return Seen(b"", 0)


def create(path: Path, content: bytes) -> bool:
    """Make a lock; False if there is one."""
    temporary = temporary_beside(path)
    try:
        _write_new(temporary, content)
        return _publish(temporary, path, content)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def renew(path: Path, holder: Holder, heartbeat: int) -> None:
    """Give a sign of life, unless the lock has another holder by now."""
    with path.open("r+b", buffering=0) as file:
        if Seen(file.read(MOST_BYTES), 0).is_of(holder.id):
            file.seek(0)
            file.write(holder.content(heartbeat))


def take_away(path: Path, is_it: Callable[[Seen], bool]) -> bool:
    """Remove a lock if it is the one that is meant; of several processes that try, one does.

    Another process may take the lock over between a look and the removal. So the file is first renamed, which one
    process alone can do, and looked at again. If it is another one, it is put back. Its holder waits that long.
    """
    seen = look(path)
    if seen is None or not is_it(seen):
        return False
    aside = temporary_beside(path)
    try:
        path.rename(aside)
    except FileNotFoundError:
        return False
    renamed = look(aside)
    found = renamed is not None and is_it(renamed)
    if renamed is not None and not found:
        _publish(aside, path, renamed.content)
    aside.unlink(missing_ok=True)
    return found


def _publish(temporary: Path, path: Path, content: bytes) -> bool:
    """Give a file its second name, that of the lock; False if another file has it."""
    try:
        os.link(temporary, path)
        return True
    except OSError as error:
        # On NFS the answer of the server can get lost. The question is asked again, and finds the link made.
        with contextlib.suppress(OSError):
            if path.samefile(temporary):
                return True
        if isinstance(error, FileExistsError):
            return False
    try:  # a file system without hard links, such as exFAT and some network drives
        _write_new(path, content)
        return True
    except FileExistsError:
        return False


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that must not exist; without room for it, there is none afterwards."""
    with path.open("xb") as file:
        try:
            file.write(content)
            file.flush()
        except OSError:
            path.unlink()
            raise


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container without a name for its user
        return "an unnamed user"
