"""Fixtures that every test may use: where the shared material lies."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("BEVSEG_DATA", Path(__file__).parents[1].parent / "shared"))


def _shared(folder: str) -> Path:
    path = SHARED / folder
    if not path.is_dir():
        pytest.skip(f"{folder}/ of the shared material is not at {SHARED} (set BEVSEG_DATA)")
    return path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real clouds."""
    return _shared("data")


@pytest.fixture(scope="session")
def golden() -> Path:
    """Folder of the reference values of the losses."""
    return _shared("golden")
