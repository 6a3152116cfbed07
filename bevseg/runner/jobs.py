"""How many processes a pass of a run takes."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bevseg.runtime.cores import cores
from bevseg.runtime.processes import is_kept

log = logging.getLogger(__name__)

MEMORY = 5 << 28
"""Of a process at its widest moment, bytes: 1.25 GiB."""

WORTH = 10.0
"""Work that is worth another process, seconds of a core: it takes five until it has imported all that it needs."""


@dataclass(frozen=True)
class Jobs:
    """The processes of a run.

    Attributes
    ----------
    most
        As many as a pass may take.
    always
        Whether all of them are taken, however little there is to do.
    """

    most: int
    always: bool

    def for_work(self, seconds: float) -> int:
        """Return the number for a pass that keeps a core busy for so long."""
        return self.most if self.always else min(self.most, 1 + int(seconds / WORTH))


def jobs_of(asked: int | None, memory: int | None, free: int, device: str) -> Jobs:
    """Return the processes that a run may take.

    Parameters
    ----------
    asked
        How many the user wants; None: as many as there are cores, if memory allows and the work is worth them. A
        script gets one: it may not be able to start others.
    memory
        Bytes that the user allows for all of them; None: no word of it.
    free
        Bytes that they may use in any case.
    device
        Where the networks compute; a GPU is not shared unless asked for.
    """
    fit = max(free // MEMORY, 1)
    if asked is None:
        return Jobs(min(cores(), fit) if is_kept() and device == "cpu" else 1, always=False)
    if memory is None or asked <= fit:
        return Jobs(asked, always=True)
    log.warning(
        "%s processes in place of %s: each takes up to %.2f GiB of --max-memory", fit, asked, MEMORY / 2**30
    )
    return Jobs(fit, always=True)
