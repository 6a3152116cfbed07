"""Standard streams that may be closed: whoever reads them may leave, and the work goes on."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO


class _Unfailing(io.FileIO):
    """A file descriptor whose writes do not fail: what nobody can read any more is dropped.

    Parameters
    ----------
    descriptor
        The file descriptor; it is not closed with this object.
    any_error
        Whether to drop text at any error, or only if the reader is gone: a full disk must not lose results.
    """

    def __init__(self, descriptor: int, *, any_error: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._any_error = any_error

    def write(self, data: Any, /) -> int:
        """Write, or drop the data if that cannot be done."""
        try:
            return super().write(data)
        except OSError as error:
            # Windows says EINVAL for a pipe without a reader.
            reader_left = isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == 22)
            if self._any_error or reader_left:
                return len(data)
            self._any_error = True  # said once: what is still buffered must not fail again at the exit
            raise


def guard_streams() -> None:
    """Make stdin, stdout and stderr safe to use, however this process was started.

    A closed descriptor is given to the null device: the next file that is opened would get its number otherwise, and
    the messages of libraries would be written into it. Messages on stderr never fail. Results on stdout fail if a
    disk is full, but not if their reader has left.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    sys.stdout = _guarded(1, sys.stdout, any_error=False)
    sys.stderr = _guarded(2, sys.stderr, any_error=True)


def _guarded(descriptor: int, stream: TextIO | None, *, any_error: bool) -> TextIO:
    if stream is not None:
        stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Unfailing(descriptor, any_error=any_error)),
        encoding=getattr(stream, "encoding", None) or "utf-8",
        errors=getattr(stream, "errors", None) or "backslashreplace",
        line_buffering=descriptor == 2 or os.isatty(descriptor),
    )
