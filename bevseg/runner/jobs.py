"""How many processes a run takes if nobody says."""

from __future__ import annotations

from collections.abc import Sequence

from bevseg.io.find import CloudFile
from bevseg.runtime.batch import size_of
from bevseg.runtime.cores import cores

MEMORY = 1 << 30
"""Of a process with the networks at work, bytes."""

INPUT = 64 << 20
"""Input that is worth another process, bytes: it takes seconds until a process has imported all that it needs."""


def usual_jobs(clouds: Sequence[CloudFile], memory: int, device: str) -> int:
    """Return as many processes as there are cores, as far as the work is worth them and memory allows.

    Parameters
    ----------
    clouds
        What is labelled.
    memory
        Bytes that all processes together may use.
    device
        Where the networks compute; a GPU is not shared unless asked for.
    """
    if device != "cpu":
        return 1
    size = sum(size_of(file.path) for file in clouds)
    return max(min(cores(), memory // MEMORY, 1 + size // INPUT), 1)
