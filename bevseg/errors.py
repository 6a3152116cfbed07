"""Every error that a user can meet: what happened, where, why, and what to do about it."""

from __future__ import annotations

from pathlib import Path


class BevsegError(Exception):
    """Root of all errors that bevseg raises on purpose.

    Parameters
    ----------
    what
        One sentence: what went wrong.
    where
        The file, option, band or key it went wrong in.
    why
        What was found, beside what was expected.
    hint
        What the user can do about it.
    """

    exit_code = 1

    def __init__(
        self, what: str, *, where: str | Path | None = None, why: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(what)
        self.what, self.where, self.why, self.hint = what, where, why, hint

    def __str__(self) -> str:
        lines = [self.what]
        lines += [f"  where: {self.where}"] if self.where is not None else []
        lines += [f"  why:   {self.why}"] if self.why is not None else []
        lines += [f"  do:    {self.hint}"] if self.hint is not None else []
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.where, self.why, self.hint)


def _rebuild(
    kind: type[BevsegError], what: str, where: str | None, why: str | None, hint: str | None
) -> BevsegError:
    """Build the error again in another process: exceptions do not pickle keyword arguments."""
    return kind(what, where=where, why=why, hint=hint)


class UsageError(BevsegError, ValueError):
    """Options or settings that do not agree, or that name something unknown."""

    exit_code = 2


class TrainingError(BevsegError, ArithmeticError):
    """A training whose loss became infinite or NaN."""

    exit_code = 7


class SurrogateError(BevsegError, ArithmeticError):
    """A learned loss that would teach the wrong way, or that there is too little to learn from."""

    exit_code = 7


class PartialFailureError(BevsegError):
    """Some inputs of a directory run failed; the others are done."""

    exit_code = 3


class InputError(BevsegError, ValueError):
    """A file that cannot be used as it is."""

    exit_code = 4


class CloudNotFoundError(InputError, FileNotFoundError):
    """An input path that does not exist, or a directory without clouds."""


class CloudFormatError(InputError):
    """A cloud that is empty, cut short, or says one thing and holds another."""


class LabelError(InputError):
    """Class codes that the scheme does not allow, or labels that are missing where they are needed."""


class CrsError(InputError):
    """Coordinates in units that bevseg cannot work in."""


class ModelError(InputError):
    """A model file that is not ours, or is for other bands."""


class DependencyError(BevsegError, ImportError):
    """A library, or a system library under it, that cannot be loaded."""

    exit_code = 5


class DeviceError(BevsegError, RuntimeError):
    """A compute device that this machine does not have."""

    exit_code = 5


class OutOfMemoryError(BevsegError, MemoryError):
    """Work that will not fit in memory."""

    exit_code = 5


class OutputExistsError(BevsegError, FileExistsError):
    """An output that is already there."""

    exit_code = 6


class OutputWriteError(BevsegError, OSError):
    """An output that could not be written: a full disk, a missing permission."""

    exit_code = 6
