"""One-hot labels, and smoothing at the boundary, against pictures that can be checked by eye."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bevseg.errors import UsageError
from bevseg.seg.losses.jaccard_metric_loss import jaccard_metric, soft_jaccard
from bevseg.seg.losses.kullback_leibler_loss import kullback_leibler
from bevseg.seg.losses.soft_labels import boundary_smoothed, one_hot
from bevseg.seg.losses.target_ids import trusted_targets

X = 255
TWO_FIELDS = torch.tensor([[0, 0, 0, 1, 1, 1]] * 3)[None]


def test_one_hot_of_an_ignored_pixel_is_zero():
    labels = one_hot(torch.tensor([[[0, 2, X]]], dtype=torch.uint8), 3)
    assert labels[0, :, 0].t().tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert labels.dtype == torch.float32


@pytest.mark.parametrize("wrong", [3, -1])
def test_an_id_that_is_no_class_is_refused(wrong):
    with pytest.raises(UsageError, match=f"found {wrong} to {wrong} where there are 3 classes"):
        one_hot(torch.tensor([[[0, wrong]]]), 3)


def test_an_ignored_id_that_a_type_cannot_hold_is_none_of_its_ids():
    """As uint8, -1 is 255."""
    with pytest.raises(UsageError, match="found 255 to 255"):
        one_hot(torch.tensor([[[0, 255]]], dtype=torch.uint8), 3, ignore_index=-1)


@pytest.mark.parametrize(
    ("kernel", "row"), [(1, [0, 0, 0, 0, 0, 0]), (3, [0, 0, 1, 1, 0, 0]), (5, [0, 1, 1, 1, 1, 0])]
)
def test_the_boundary_is_as_wide_as_the_kernel(kernel, row):
    _, boundary = boundary_smoothed(TWO_FIELDS, 2, kernel=kernel)
    assert boundary[0].int().tolist() == [row] * 3


def test_labels_change_at_the_boundary_only():
    soft, boundary = boundary_smoothed(TWO_FIELDS, 3, epsilon=0.6)
    np.testing.assert_allclose(soft[0, :, 0, 2], [0.6, 0.2, 0.2], rtol=1e-6)
    np.testing.assert_allclose(soft[0, :, 0, 3], [0.2, 0.6, 0.2], rtol=1e-6)
    away = ~boundary[:, None].expand_as(soft)
    assert torch.equal(soft[away], one_hot(TWO_FIELDS, 3)[away])


def test_beside_an_ignored_pixel_nothing_is_boundary():
    target = TWO_FIELDS.clone()
    target[0, 0, 2] = X
    soft, boundary = boundary_smoothed(target, 2)
    assert boundary[0].int().tolist() == [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0]]
    assert soft[0, :, 0, 2].tolist() == [0, 0]


def test_images_do_not_touch_each_other():
    batch = torch.stack([torch.zeros(3, 3, dtype=torch.uint8), torch.ones(3, 3, dtype=torch.uint8)])
    assert not boundary_smoothed(batch, 2)[1].any()


def eroded(target, classes, kernel, ignored):
    """The boundary pixel by pixel, as eroded class maps define it."""
    reach, boundary = kernel // 2, np.zeros(target.shape, bool)
    for b, r, c in np.ndindex(target.shape):
        window = target[b, max(r - reach, 0) : r + reach + 1, max(c - reach, 0) : c + reach + 1]
        maps = [window == k for k in range(classes)]
        changed = any((target[b, r, c] == k) != maps[k].all() for k in range(classes))
        boundary[b, r, c] = changed and not (window == ignored).any()
    return boundary


@given(seed=st.integers(0, 1000), kernel=st.sampled_from([1, 3, 5]), ignored=st.sampled_from([3, 255]))
def test_lowest_against_highest_id_is_erosion_of_the_class_maps(seed, kernel, ignored):
    rng = np.random.default_rng(seed)
    target = np.repeat(rng.choice([0, 1, 2, ignored], (2, 3, 6), p=[0.4, 0.4, 0.15, 0.05]), 3, 1)
    soft, boundary = boundary_smoothed(torch.tensor(target), 3, kernel=kernel, ignore_index=ignored)
    np.testing.assert_array_equal(boundary, eroded(target, 3, kernel, ignored))
    np.testing.assert_allclose(soft.sum(1), target != ignored, rtol=1e-6)


@pytest.mark.parametrize("options", [{"epsilon": -0.1}, {"epsilon": 1.1}, {"kernel": 2}, {"kernel": 0}])
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(UsageError):
        boundary_smoothed(TWO_FIELDS, 2, **options)


# --- read by the losses

of_soft_labels = pytest.mark.parametrize("loss", [jaccard_metric, soft_jaccard, kullback_leibler])


@of_soft_labels
@pytest.mark.parametrize(
    ("dtype", "ignored"), [(torch.bool, X), (torch.int8, X), (torch.uint8, -100), (torch.uint8, 300)]
)
def test_a_mask_works_for_ids_whose_type_cannot_hold_the_ignored_id(loss, dtype, ignored):
    generator = torch.Generator().manual_seed(0)
    logits, keep = (
        torch.randn(2, 1, 4, 5, generator=generator),
        torch.rand(2, 4, 5, generator=generator) > 0.3,
    )
    ids = torch.randint(0, 2, keep.shape, generator=generator)
    assert loss(logits, ids.to(dtype), ignored, keep=keep) == loss(logits, ids.masked_fill(~keep, X))


@of_soft_labels
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize(
    "mask",
    [torch.ones(1, 4, 5, dtype=torch.bool), torch.ones(2, 4, 5), torch.ones(2, 1, 4, 5, dtype=torch.bool)],
)
def test_a_mask_that_does_not_fit_is_refused(loss, soft, mask):
    target = torch.full((2, 3, 4, 5), 1 / 3) if soft else torch.zeros(2, 4, 5, dtype=torch.long)
    with pytest.raises(UsageError, match=r"A mask .* does not fit the target"):
        loss(torch.zeros(2, 3, 4, 5), target, keep=mask)


@of_soft_labels
@pytest.mark.parametrize("wrong", [torch.nan, -0.1, 1.1])
def test_a_label_that_is_no_probability_is_refused_where_it_is_kept(loss, wrong):
    logits, keep = torch.zeros(2, 3, 4, 5), torch.ones(2, 4, 5, dtype=torch.bool)
    labels, keep[0, 0] = torch.full_like(logits, 1 / 3), False
    labels[0, :, 0] = wrong
    assert loss(logits, labels, keep=keep).isfinite()
    with pytest.raises(UsageError, match=r"Soft labels lie outside \[0, 1\]"):
        loss(logits, labels)
    with trusted_targets():
        loss(logits, labels)
