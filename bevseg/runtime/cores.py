"""The processor cores that this process may use."""

from __future__ import annotations

import os


def cores() -> int:
    """Return their number: a container, `taskset` or a batch system may allow fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
