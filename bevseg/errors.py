"""All errors that a user can see. Each says what happened, where, why, and what to do."""

from __future__ import annotations

from pathlib import Path

from bevseg.printable import printable


class BevsegError(Exception):
    """Root of all errors that bevseg raises on purpose.

    Parameters
    ----------
    what
        One sentence: what went wrong.
    where
        The file, option, band or key.
    why
        The cause: what was found, and what was expected.
    hint
        What the user can do.
    """

    exit_code = 1

    def __init__(
        self, what: str, *, where: str | Path | None = None, why: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(what)
        self.what, self.where, self.why, self.hint = what, where, why, hint

    def __str__(self) -> str:
        lines = [self.what]
        lines += [f"  where: {printable(self.where)}"] if self.where is not None else []
        lines += [f"  why:   {self.why}"] if self.why is not None else []
        lines += [f"  do:    {self.hint}"] if self.hint is not None else []
        return printable("\n".join(lines), keep="\n")

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.where, self.why, self.hint)


def _rebuild(
    kind: type[BevsegError], what: str, where: str | None, why: str | None, hint: str | None
) -> BevsegError:
    """Build the error again in another process: exceptions cannot pickle keyword arguments."""
    return kind(what, where=where, why=why, hint=hint)


class UsageError(BevsegError, ValueError):
    """Options or settings contradict each other, or have a value that is not allowed."""

    exit_code = 2


class TrainingError(BevsegError, ArithmeticError):
    """The loss of a training became NaN or infinite."""

    exit_code = 7


class SurrogateError(BevsegError, ArithmeticError):
    """A learned loss has the wrong gradient, or there is too little data to learn it from."""

    exit_code = 7


class DifferenceError(BevsegError):
    """A result differs from its source in more than what bevseg declares."""

    exit_code = 7


class PartialFailureError(BevsegError):
    """Some clouds failed; the others are done."""

    exit_code = 3


class InputError(BevsegError, ValueError):
    """An input file cannot be used."""

    exit_code = 4


class CloudNotFoundError(InputError, FileNotFoundError):
    """An input path does not exist, or a directory has no clouds."""


class CloudFormatError(InputError):
    """A cloud is empty or truncated, or its header contradicts its data."""


class LabelError(InputError):
    """A class code is not in the scheme, or labels are missing that are needed."""


class CrsError(InputError):
    """The coordinates have a unit that bevseg cannot use, such as degrees."""


class ModelError(InputError):
    """A file is not a model of bevseg, or the model needs other bands."""


class DependencyError(BevsegError, ImportError):
    """A library, or a system library that it needs, cannot be loaded."""

    exit_code = 5


class DeviceError(BevsegError, RuntimeError):
    """The machine does not have the compute device."""

    exit_code = 5


class ClusterError(BevsegError, RuntimeError):
    """The cluster cannot be reached, was lost, or its workers cannot be used."""

    exit_code = 5


class OutOfMemoryError(BevsegError, MemoryError):
    """The task does not fit in memory."""

    exit_code = 5


class OutputExistsError(BevsegError, FileExistsError):
    """An output exists already."""

    exit_code = 6


class OutputWriteError(BevsegError, OSError):
    """An output cannot be written: the disk is full, or a permission is missing."""

    exit_code = 6


class NoRoomError(OutputWriteError):
    """The disk is full: no other output can be written either."""


class OutputInUseError(BevsegError):
    """Another process writes into the output, or has taken it over."""

    exit_code = 6
