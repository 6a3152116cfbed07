"""Heights of -9999 and the like are told in every format: with one in a hundred the ground is wrong."""

import warnings

import numpy as np
import pytest

from bevseg.io.read import read_cloud
from tests.io.crs.geokey_files import directory
from tests.io.las import assembled
from tests.io.las.test_batches import pass_over

FEET = assembled.vlr("LASF_Projection", 34735, directory((1024, 0, 1, 1), (3076, 0, 1, 9002)))


def las(path, heights, vlrs=()):
    rows = assembled.points(6, len(heights))
    steps = np.rint((np.array(heights) - 30) * 100).astype("<i4")
    rows[:, 8:12] = steps.view(np.uint8).reshape(-1, 4)
    return assembled.write(path, 6, rows, scale=(0.001, 0.001, 0.01), vlrs=vlrs)


def text(path, heights):
    path.write_text("".join(f"{500000.5 + i} {5400000.25 + i} {z}\n" for i, z in enumerate(heights)))
    return path


def told(path, read=read_cloud):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read(path)
    return [str(each.message) for each in caught if "which rasters write" in str(each.message)]


@pytest.mark.parametrize("mark", [-9999, -32768, -99999])
@pytest.mark.parametrize("kind", ["las", "laz", "feet", "txt"])
def test_marks_of_missing_heights_are_told(tmp_path, kind, mark):
    heights = [100.5, 101.5, mark, 102.25, mark, mark, 101.0]
    if kind == "txt":
        path = text(tmp_path / "a.txt", heights)
    else:
        path = las(tmp_path / f"a.{'laz' if kind == 'laz' else 'las'}", heights, [FEET] * (kind == "feet"))
    (message,) = told(path)
    assert f"3 points have a height of {mark}" in message
    if kind != "txt":
        for size in (1, 2, 5, 7):
            assert told(path, lambda path, size=size: pass_over(path, size)) == [message]


@pytest.mark.parametrize(
    "heights",
    [
        [100.5, 101.5, -9999, 102.25],  # one point
        [-9999.0] * 4,  # all
        [-9999, -9999, -9950.5, -9940.25],  # among others
        [-120.5, -119.5, -120.5],
    ],
)
def test_other_heights_are_not(tmp_path, heights):
    source = las(tmp_path / "a.las", heights)
    assert not told(source) and not told(source, lambda path: pass_over(path, 1))
