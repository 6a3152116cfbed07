"""Warnings for the user, noted for the report as they go by."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def noted_warnings() -> Iterator[list[str]]:
    """Yield the texts of the warnings for the user that come in the block; they go on to where they went before."""
    texts: list[str] = []
    with warnings.catch_warnings():
        show = warnings.showwarning

        def note(message: Any, category: type[Warning], *rest: Any, **more: Any) -> None:
            if category is UserWarning:
                texts.append(str(message))
            show(message, category, *rest, **more)

        warnings.showwarning = note
        warnings.simplefilter("always", UserWarning)
        yield texts
