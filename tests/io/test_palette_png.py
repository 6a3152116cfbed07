"""Pictures with a palette are read back by another library as they were."""

import io

import numpy as np
import pytest
from PIL import Image

from bevseg.io.palette_png import encode


@pytest.mark.parametrize("count", [2, 3, 5, 16, 17, 65, 256])
@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (16, 9)])
def test_colours_and_opacities_come_back(count, shape):
    rng = np.random.default_rng(count)
    colours = [
        f"#{int(value):06x}" + ("80" if place % 2 else "")
        for place, value in enumerate(rng.integers(0, 1 << 24, count))
    ]
    numbers = rng.integers(0, count, shape).astype(np.uint8)
    with Image.open(io.BytesIO(encode(numbers, colours))) as image:
        found = np.asarray(image.convert("RGBA"))
    values = np.array([list(bytes.fromhex(colour[1:].ljust(8, "f"))) for colour in colours])
    np.testing.assert_array_equal(found, values[numbers])


def test_equal_pictures_become_equal_bytes():
    numbers = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert encode(numbers, ["#000000"] * 12) == encode(numbers.copy(), ["#000000"] * 12)
