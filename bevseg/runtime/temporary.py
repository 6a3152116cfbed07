"""Names of temporary files, and the removal of those that a killed run has left behind.

A name carries who writes the file: the machine, the process and when the process began. So the next run can tell a
file whose writer is gone from one that another run is writing at this moment, perhaps on another machine that shares
the disk.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import time
from pathlib import Path

from bevseg.runtime.identity import UNKNOWN, beginning, machine, own_beginning

PREFIX = ".bevseg-"

OLD = 7 * 86_400
"""Seconds after which the file of a writer on another machine, which nobody here can ask, counts as left behind."""

_LONGEST_ENDING = 16
_NAME = re.compile(rf"{re.escape(PREFIX)}([0-9a-f]{{12}})-(\d+)-(\d+)-\d+(?:\..*)?", re.DOTALL)
_numbers = itertools.count()
_swept: set[Path] = set()


def temporary_beside(path: Path) -> Path:
    """Return a path beside `path`, with its suffixes, that no file has and no other call returns."""
    writer = f"{machine()}-{os.getpid()}-{own_beginning()}"
    return path.with_name(f"{PREFIX}{writer}-{next(_numbers)}{_ending(path)}")


def _ending(path: Path) -> str:
    """Return what a writer may look at: the last two suffixes, unless a name with dots makes them long."""
    both = "".join(path.suffixes[-2:])
    return both if len(both) <= _LONGEST_ENDING else path.suffix[-_LONGEST_ENDING:]


def sweep(folder: Path) -> None:
    """Remove the temporary files in a folder whose writers are gone; once per process and folder.

    Files whose writer is alive, and young files of other machines, stay. What cannot be removed stays as well.
    """
    place = folder.absolute()
    if place in _swept:
        return
    _swept.add(place)
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and _is_left_behind(Path(entry.path)):
                with contextlib.suppress(OSError):
                    Path(entry.path).unlink()


def _is_left_behind(path: Path) -> bool:
    match = _NAME.fullmatch(path.name)
    if match is not None and match[1] == machine():
        return beginning(int(match[2])) not in (int(match[3]), UNKNOWN)
    try:
        return path.is_file() and time.time() - path.lstat().st_mtime > OLD
    except OSError:
        return False
