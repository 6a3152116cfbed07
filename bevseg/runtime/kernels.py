"""Compiled kernels, and the threads that run them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numba

T = TypeVar("T")

THREADS = 2
"""Threads of a stage, whatever the number of cores; kernels release Python's lock. Others read it by `threads()`, so
that it can be set here."""

# numba compiles a kernel again when its own file changes. But functions of other files are compiled into a kernel,
# too: a change of any file in these folders counts. It is part of the version: numba reads that before it loads types
# that may be gone.
_HERE = Path(__file__).parents[1]
_STAMP = sum(
    path.stat().st_mtime_ns
    for folder in ("core", "ground", "bev")
    for path in _HERE.glob(f"{folder}/**/*.py")
)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a kernel; keep the machine code on disk where a writable place for it exists."""
    try:
        kernel = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # numba found no place for its cache
        return numba.njit(nogil=True)(function)
    with contextlib.suppress(AttributeError):  # no public name for it
        stored = kernel._cache._cache_file  # type: ignore[attr-defined]
        stored._version = (stored._version, _STAMP)
        # numba counts the files of a kernel. Two processes that compile it for different types at the same time would
        # give both files the same number, and each would later call the code of the other.
        stored._data_name_pattern = stored._data_name_pattern.replace("{number", f"{os.getpid()}-{{number")
    return kernel


def cache_folder() -> Path | None:
    """Return the folder where compiled kernels are kept; None if no place for it can be written."""
    try:
        return Path(numba.njit(cache=True)(_probe)._cache.cache_path)  # type: ignore[attr-defined]
    except (AttributeError, RuntimeError):
        return None


def _probe() -> None:
    """Stand for any kernel."""


def threads() -> int:
    """Return the number of threads of a stage that begins now."""
    return THREADS


def parallel_for(work: Callable[[Any], T], items: Iterable[Any] | None = None) -> list[T]:
    """Return the result of the work for each item, in parallel; without items, for the number of each thread."""
    with ThreadPoolExecutor(threads()) as pool:
        return list(pool.map(work, range(threads()) if items is None else items))


def chunk_of(size: int, thread: int) -> slice:
    """Return the chunk of one thread, counted from 0, of `size` items."""
    return slice(size * thread // threads(), size * (thread + 1) // threads())
