"""What installed packages and users add to bevseg: entry points, and objects that are named `package.module:name`."""

from __future__ import annotations

import importlib
import operator
from typing import TYPE_CHECKING, Any

from bevseg.config.domains import did_you_mean
from bevseg.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def entry_points(group: str) -> dict[str, EntryPoint]:
    """Return name -> entry point of a group, of all installed packages."""
    # Only here: it takes as long as all of --help.
    from importlib import metadata

    return {point.name: point for point in metadata.entry_points(group=group)}


def import_object(path: str, what: str, where: str) -> Any:
    """Import `package.module:name`.

    Parameters
    ----------
    path
        The module and the object. The name may have dots.
    what, where
        What the user asked for, such as `network 'tiny'`, and the option or key in which: for the message.

    Raises
    ------
    UsageError
        If the module fails, whatever it raises, or has no such object.
    """
    package, _, name = path.partition(":")
    near = ""
    try:
        module = importlib.import_module(package)
        near = did_you_mean(name, vars(module))
        return operator.attrgetter(name)(module)
    except Exception as error:
        raise UsageError(
            f"The {what} cannot be imported",
            where=where,
            why=f"{type(error).__name__}: {error}",
            hint=f"install its package, or put its folder on PYTHONPATH{near}",
        ) from error
