"""The connection to a Dask cluster, and what its workers must have in common with this process."""

from __future__ import annotations

import contextlib
import logging
import platform
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from bevseg import __version__
from bevseg.errors import ClusterError, DependencyError, UsageError

log = logging.getLogger(__name__)

CONNECT_SECONDS = 20
"""Time in which the scheduler has to answer."""

_LOOK = 1.0
"""Seconds between two looks for workers."""

_NAMED = 5
"""Workers that a message names; it counts the others."""


class ClusterClient:
    """A client of the scheduler at an address.

    Parameters
    ----------
    address
        Of the scheduler: `tcp://host:8786`, or `tls://` with the certificates of the settings of Dask.

    Attributes
    ----------
    client
        The `distributed.Client`.
    address
        As given.

    Raises
    ------
    DependencyError
        If distributed is not installed.
    UsageError
        If the address is none.
    ClusterError
        If no scheduler answers.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.client = _connect(_distributed(), address)

    @contextlib.contextmanager
    def connection(self) -> Iterator[None]:
        """Say what is wrong if the scheduler is gone."""
        try:
            yield
        except (OSError, RuntimeError) as error:  # a client that has given up raises a RuntimeError
            raise self.gone(error) from error

    def gone(self, error: BaseException) -> ClusterError:
        """Return the error of a scheduler that is gone."""
        return ClusterError(
            "The connection to the cluster was lost",
            where=self.address,
            why=f"{type(error).__name__}: {' '.join(str(error).split())}",
            hint="see whether the scheduler runs, and repeat the command: what is finished is not done again",
        )

    def threads(self) -> dict[str, int]:
        """Return the number of threads of each worker, by its address."""
        with self.connection():
            return dict(self.client.nthreads())

    def wait_for_workers(self) -> None:
        """Wait until the cluster has a worker. There is no limit: a batch system may start it hours later."""
        told = False
        while not self.threads():
            if not told:
                log.warning(
                    "The cluster at %s has no worker now: waiting for one (Ctrl-C ends this)", self.address
                )
                told = True
            time.sleep(_LOOK)

    def check_workers(self, shared: Sequence[Path]) -> None:
        """Check versions, and that each worker sees what is shared; warn of workers with several threads.

        Raises
        ------
        ClusterError
            If a worker has another version or does not see a path; the message names it.
        """
        own = versions()
        with self.connection():
            found = self.client.run(versions, on_error="return")
        wrong = [f"{worker} has {described(theirs)}" for worker, theirs in found.items() if theirs != own]
        if wrong:
            raise self.other_versions(wrong)
        with self.connection():
            unseen = self.client.run(_unseen, list(shared))
        blind = [f"{worker} does not see {paths[0]}" for worker, paths in unseen.items() if paths]
        if blind:
            raise ClusterError(
                "Workers of the cluster do not see the files of this run",
                where=self.address,
                why=_some(blind),
                hint="mount the same file system at the same path on all machines, and start the workers with a user "
                "who can read and write there",
            )
        many = [f"{worker} has {count} threads" for worker, count in self.threads().items() if count > 1]
        if many:
            log.warning(
                "A worker does one task at a time: %s. Start one worker per task instead: "
                "dask worker %s --nworkers 4 --nthreads 1",
                _some(many),
                self.address,
            )

    def other_versions(self, wrong: Sequence[str]) -> ClusterError:
        """Return the error of workers with other versions: one text for each."""
        return ClusterError(
            "Workers of the cluster have other versions than this machine: labels may differ",
            where=self.address,
            why=f"here: {described(versions())}; {_some(wrong)}",
            hint="start the workers with the environment of this command, for example from a shared folder",
        )


def versions() -> dict[str, str]:
    """Return the versions that must be equal everywhere."""
    return {"bevseg": __version__, "Python": platform.python_version()}


def _unseen(paths: Sequence[Path]) -> list[Path]:
    """Return the paths that this process does not see."""
    return [path for path in paths if not path.exists()]


def described(found: dict[str, str] | Exception) -> str:
    """Return the versions of a worker, or the error that it raised instead, as text."""
    if isinstance(found, Exception):  # the function that was to be called is not there
        return f"no bevseg of this version ({type(found).__name__}: {found})"
    return ", ".join(f"{name} {version}" for name, version in found.items())


def _some(texts: Sequence[str]) -> str:
    more = f", and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return ", ".join(texts[:_NAMED]) + more


def _distributed() -> ModuleType:
    try:
        import distributed
    except ImportError as error:
        raise DependencyError(
            "Work on a cluster needs the package distributed",
            where="distributed",
            why=str(error),
            hint="install it here and for the workers: pip install 'bevseg[cluster]'",
        ) from error
    module: ModuleType = distributed
    return module


def _connect(distributed: ModuleType, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False, name="bevseg")
    except ValueError as error:
        raise UsageError(
            f"{address!r} is no address of a scheduler",
            where="--cluster",
            why=str(error),
            hint="write the address that `dask scheduler` prints, such as tcp://host:8786",
        ) from error
    except Exception as error:  # what answers may be anything, also no scheduler
        raise ClusterError(
            "No scheduler of a Dask cluster answers",
            where=address,
            why=f"none within {CONNECT_SECONDS:g} s ({type(error).__name__}: {' '.join(str(error).split())})",
            hint="start one with `dask scheduler`, take the address that it prints, and see that this machine can "
            "reach its port",
        ) from error
