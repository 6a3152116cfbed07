"""What is compared with a library gives the same as the library."""

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    import against_libraries

    return against_libraries


@pytest.mark.slow
def test_ours_and_the_library_agree(script):
    y, x = np.indices((60, 70))
    hills = (np.sin(x / 9) + np.cos(y / 7)).astype(np.float32)
    heights = np.where(np.random.default_rng(0).random(hills.shape) < 0.6, np.float32(np.nan), hills)
    for name, ours, theirs in [*script.cases(heights), *script.slow_cases(heights)]:
        apart = np.abs(ours().astype(float) - theirs()).max()
        if "another surface" not in name:
            assert apart <= (0.01 * np.ptp(hills) if name.startswith("filling") else 0), name
