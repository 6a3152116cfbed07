"""The step in which coordinates are stored, and digits that 32-bit floats have lost."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bevseg.core.pointcloud import MOST_STEPS, PointCloud
from bevseg.io.coordinates import float32_step, step_of


def column(*values, kind="f8"):
    return np.array([[value, 0, 0] for value in values], kind).reshape(-1, 3)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ((1.0, 2.0), 1e-3),
        ((5403850.123, np.nan, np.inf), 1e-3),
        ((5403850.1234, 5403861.5), 1e-4),
        ((0.12345, 1.5), 1e-5),
        ((0.123456, 1.5), 1e-6),
        ((0.1234567, 1.5), 1e-3),
        ((1 / 3, 1.5), 1e-3),
        ((0.123456, 3000.0), 1e-6),
        ((0.123456, 5000.0), 1e-5),
        ((0.123456, 3e7), 1e-3),
        ((1e300, 0.12345), 1e-3),
        ((), 1e-3),
    ],
)
def test_the_step_is_the_coarsest_that_keeps_all_digits(values, step):
    assert step_of(column(*values)) == pytest.approx(step, rel=1e-12)


def test_one_finer_value_among_many_counts():
    xyz = column(*np.arange(5000) * 0.125)
    assert step_of(xyz) == pytest.approx(1e-3)
    xyz[4321, 0] = 0.12345
    assert step_of(xyz) == pytest.approx(1e-5)


def test_values_of_32_bits_are_taken_for_the_decimals_that_they_stand_for():
    assert step_of(column(1.2345, 7.5, kind="f4")) == pytest.approx(1e-4)
    assert step_of(column(5403850.5, kind="f4")) == pytest.approx(1e-3)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=5), st.sampled_from([3, 4, 5, 6]))
def test_decimals_come_back_as_they_were(integers, decimals):
    values = [value / 10**decimals for value in integers]
    xyz = column(*values)
    cloud = PointCloud.from_xyz(xyz, scale=step_of(xyz))
    if np.ptp(values) < 2000:
        np.testing.assert_allclose(cloud.xyz, xyz, rtol=0, atol=1e-9)
    else:
        np.testing.assert_allclose(cloud.xyz, xyz, rtol=0, atol=5e-4)


def step_by_its_words(xyz):
    """`step_of` as its docstring says it, without a thought of time or memory."""
    finite = np.isfinite(xyz)
    decimals = 3
    for places in (3, 4, 5, 6):
        with np.errstate(all="ignore"):
            near = (np.rint(xyz.astype(float) * 10.0**places) / 10.0**places).astype(xyz.dtype)
        if (near == xyz)[finite].all():
            decimals = places
            break
    low, high = (
        find(xyz, axis=0, where=finite, initial=initial).astype(float)
        for find, initial in ((np.min, np.inf), (np.max, -np.inf))
    )
    with np.errstate(over="ignore"):
        extent = high - np.floor(low)
    fitting = [
        10.0**-places for places in range(decimals, 3, -1) if (extent < MOST_STEPS * 10.0**-places).all()
    ]
    return fitting[0] if fitting else 1e-3


@given(
    st.sampled_from(["f4", "f8"]),
    st.sampled_from(["C", "F"]),
    arrays(
        "f8", (4, 3), elements=st.one_of(st.floats(), st.integers(-(10**9), 10**9).map(lambda i: i / 10**5))
    ),
)
def test_the_step_is_that_of_the_words_for_any_values(kind, order, values):
    with np.errstate(over="ignore"):
        xyz = np.asarray(values, kind, order)
    assert step_of(xyz) == step_by_its_words(xyz)


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_no_array_as_long_as_the_cloud_is_made(kind):
    xyz = np.full((1_000_000, 3), 5403850.5, kind, "F")
    step_of(xyz[:10])
    float32_step(xyz[:10])
    tracemalloc.start()
    assert (step_of(xyz), float32_step(xyz)) == (pytest.approx(1e-3), 0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(xyz)


def test_the_distance_between_32_bit_floats_is_told_from_a_centimetre_on():
    assert float32_step(column(5403850.0, kind="f4")) == 0.5
    assert float32_step(column(439000.0, np.nan, kind="f4")) == 0.03125
    assert float32_step(column(100000.0, kind="f4")) is None
    assert float32_step(column(np.nan, kind="f4")) is None


def test_doubles_that_were_32_bit_floats_before_are_found():
    lost = column(*(5403850 + np.arange(2000) * 0.5))
    assert float32_step(lost) == 0.5
    assert float32_step(column(*np.arange(5403850, 5403850 + 2000))) is None  # whole metres can be meant
    lost[777, 0] += 0.1
    assert float32_step(lost) is None
    assert float32_step(column(5403850.5)) is None  # one point says nothing
