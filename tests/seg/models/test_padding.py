"""Empty cells fill a raster up to where it can be halved."""

import pytest
import torch

from bevseg.seg.models.padding import padded


@pytest.mark.parametrize(
    ("size", "depth", "expected"), [((1, 1), 0, (1, 1)), ((1, 9), 3, (8, 16)), ((32, 33), 5, (32, 64))]
)
def test_empty_cells_come_below_and_to_the_right(size, depth, expected):
    bands = torch.rand(2, 3, *size) + 1
    found = padded(bands, depth)
    assert found.shape == (2, 3, *expected)
    assert torch.equal(found[..., : size[0], : size[1]], bands)
    assert found.sum() == pytest.approx(bands.sum().item())
