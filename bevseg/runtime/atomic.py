"""Outputs appear by rename, and only when they are complete."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bevseg.errors import (
    BevsegError,
    InputError,
    NoRoomError,
    OutputExistsError,
    OutputWriteError,
    UsageError,
)
from bevseg.printable import utf8_values
from bevseg.runtime.temporary import sweep, temporary_beside

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}

_NO_SYNC = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}
"""What file systems say that cannot wait for their disk."""

_OS_ERROR = re.compile(r"\(os error (\d+)\)")
"""What libraries written in Rust (safetensors, lazrs) make of an error of the system."""

_IN_USE = (5, 32)
"""What Windows says if a file cannot be replaced: access denied, sharing violation."""


def ensure_absent(path: Path, *, overwrite: bool) -> None:
    """Raise OutputExistsError if `path` exists and may not be replaced; called before any work."""
    if path.is_dir():
        raise OutputExistsError("The output is a directory", where=path, hint="name a file")
    if path.exists() and not overwrite:
        raise OutputExistsError("The output exists", where=path, hint="give --overwrite, or another output")


def ensure_not_all_exist(paths: Sequence[Path]) -> list[Path]:
    """Return the outputs that exist. If all of them do, there is nothing to do: OutputExistsError."""
    existing = [path for path in paths if path.exists()]
    if existing and len(existing) == len(paths):
        ensure_absent(paths[0], overwrite=False)
    return existing


def ensure_writable(folder: Path) -> None:
    """Raise OutputWriteError if a folder, which need not exist yet, cannot be written to."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise OutputWriteError(
            "The output cannot be written",
            where=folder,
            why=f"{place} is not a directory"
            if not place.is_dir()
            else f"no permission to write into {place}",
            hint="name another output",
        )


def ensure_different(source: Path, target: Path) -> None:
    """Raise UsageError if writing `target` would replace the input `source`, even with --overwrite."""
    if source.exists() and target.exists() and source.samefile(target):
        raise UsageError("The output would overwrite an input", where=target, hint="name another output")


@contextmanager
def replacing(path: Path, *, overwrite: bool = True, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`, with the same suffixes; rename it to `path` if the block succeeds.

    Whatever ends the block early, an interrupt included, leaves neither the temporary file nor a changed `path`. What
    a killed process has left in the folder is removed; see `temporary`.

    A `durable` file is on the disk before the rename (fsync): after a power loss, too, a file that is there is whole.
    Without it, ext4 and XFS can leave a file of zero bytes under a new name. On a solid-state disk with ext4 this
    costs 3 to 4 ms for a small file (100 files of 20 kB: 0.3 s instead of 0.01 s) and 0.06 s for 100 MB. Files that
    are not trusted after a restart of the machine can do without.

    Raises
    ------
    OutputExistsError
        If `path` exists and `overwrite` is False.
    OutputWriteError
        If the system rejects the write; the message has the reason (a full disk, a file-size limit, a permission).
    """
    ensure_absent(path, overwrite=overwrite)
    temporary = temporary_beside(path)
    try:  # from here on, so that an interrupt cannot come between the file and its removal
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent)
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        if durable:
            _wait_for_disk_of(temporary)
        temporary.replace(path)
    except OSError as error:
        raise write_error(path, error) from error
    except Exception as error:
        told = _OS_ERROR.search(str(error))
        if told is None or isinstance(error, BevsegError):
            raise
        raise write_error(path, OSError(int(told[1]), os.strerror(int(told[1])))) from error
    finally:
        with suppress(OSError):  # most often it is not there; what stays, the next run removes
            temporary.unlink()


def _wait_for_disk_of(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)  # Windows waits for files alone that are open for writing
    try:
        wait_for_disk(handle)
    finally:
        os.close(handle)


def wait_for_disk(handle: int) -> None:
    """Return when the content of an open file is on the disk; at once on a file system that cannot wait for it."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def write_text(text: str, path: Path, *, overwrite: bool = True) -> None:
    """Write a text as UTF-8."""
    with replacing(path, overwrite=overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(table: Mapping[str, Any], path: Path, *, overwrite: bool = True) -> None:
    r"""Write a table as indented JSON. NaN, which JSON does not have, raises ValueError.

    A file name that is not UTF-8 is written with escapes such as `\xdf`: JSON has no bytes.
    """
    write_text(json.dumps(utf8_values(table), indent=2, allow_nan=False) + "\n", path, overwrite=overwrite)


def system_error(error: OSError, path: Path) -> BevsegError | None:
    """Turn an error of the operating system outside of `replacing` into a BevsegError; None if its kind is unknown.

    A full disk also stops the caches of libraries (compiled code), and a cloud may not be readable for this user.
    """
    place = Path(error.filename) if isinstance(error.filename, str) else path
    if error.errno in _FULL:
        return write_error(place, error)
    if isinstance(error, PermissionError):
        return InputError("No permission", where=place, why=error.strerror, hint="check its permissions")
    return None


def write_error(path: Path, error: Exception) -> OutputWriteError:
    """Return the error that says why `path` could not be written."""
    if isinstance(error, OutputWriteError):
        return error
    if getattr(error, "winerror", None) in _IN_USE and path.exists():
        return OutputWriteError(
            "The output is in use",
            where=path,
            why="another program has the file open, or it is write-protected",
            hint="close it in that program and repeat the command, or name another output",
        )
    full = getattr(error, "errno", None) in _FULL
    kind = NoRoomError if full else OutputWriteError
    return kind(
        "The output could not be written",
        where=path,
        why=getattr(error, "strerror", None) or str(error),
        hint="free some space and repeat the command, or name another output with -o"
        if full
        else "check the folder and its permissions",
    )
