"""Learning from a teacher: divergence, distillation, pseudo labels, and the classes a teacher only hints at."""

from functools import partial

import numpy as np
import pytest
import torch

from bevseg.errors import UsageError
from bevseg.seg.losses.cross_entropy_loss import cross_entropy
from bevseg.seg.losses.jaccard_metric_loss import jaccard_metric
from bevseg.seg.losses.kullback_leibler_loss import kullback_leibler
from bevseg.seg.training.distill import distillation, pseudo_labels, semi_supervised


def scene(classes=3, dtype=torch.float64, ignored=0.2):
    """Logits of a student, ids, logits of a teacher, a mask."""
    rng = np.random.default_rng(0)
    student, teacher = (torch.tensor(rng.normal(0, 2, (2, classes, 4, 5)), dtype=dtype) for _ in range(2))
    keep = torch.tensor(rng.random((2, 4, 5)) >= ignored)
    target = torch.tensor(rng.integers(0, max(classes, 2), (2, 4, 5))).masked_fill(~keep, 255)
    return student.requires_grad_(), target, teacher, keep


def value_and_gradient(loss, logits, *args, **options):
    logits = logits.detach().clone().requires_grad_()
    value = loss(logits, *args, **options)
    value.backward()
    return value.detach(), logits.grad


# --- divergence


def test_divergence_by_hand():
    logits, soft = (
        torch.tensor([0.8, 0.2]).log().reshape(1, 2, 1, 1),
        torch.tensor([0.5, 0.5]).reshape(1, 2, 1, 1),
    )
    expected = 0.5 * np.log(0.5 / 0.8) + 0.5 * np.log(0.5 / 0.2)
    assert kullback_leibler(logits, soft).item() == pytest.approx(expected, rel=1e-6)


def test_divergence_from_ids_is_cross_entropy():
    logits, target, _, _ = scene()
    expected = value_and_gradient(cross_entropy, logits, target)
    torch.testing.assert_close(value_and_gradient(kullback_leibler, logits, target), expected)


def test_divergence_is_zero_without_gradient_where_the_labels_are_met():
    logits, _, _, keep = scene()
    value, gradient = value_and_gradient(
        kullback_leibler, logits, (logits / 3).softmax(1), keep=keep, temperature=3
    )
    assert value == pytest.approx(0, abs=1e-12)
    assert gradient.abs().max() < 1e-12


def test_binary_divergence_is_that_of_two_classes():
    logits, _, teacher, keep = scene(classes=1)
    two = torch.cat([torch.zeros_like(logits), logits], 1)
    q = teacher.sigmoid()
    one = kullback_leibler(logits, q, keep=keep, temperature=2)
    torch.testing.assert_close(one, kullback_leibler(two, torch.cat([1 - q, q], 1), keep=keep, temperature=2))
    torch.testing.assert_close(one, kullback_leibler(logits[:, 0], q[:, 0], keep=keep, temperature=2))


def test_gradient_of_the_divergence():
    logits, _, teacher, keep = scene()
    soft = teacher.softmax(1)
    soft[:, 0] = 0
    assert torch.autograd.gradcheck(lambda z: kullback_leibler(z, soft, keep=keep, temperature=2), logits)


def test_a_temperature_of_zero_is_refused():
    logits, target, _, _ = scene()
    with pytest.raises(UsageError, match="temperature"):
        kullback_leibler(logits, target, temperature=0)


# --- distillation


def test_distillation_is_the_weighted_sum_of_its_four_terms():
    logits, target, teacher, keep = scene()
    q, means = (teacher / 2).softmax(1), {"miou_d": 0, "miou_i": 0.5, "miou_c": 0.5, "smooth": 1.0}
    expected = (
        0.25
        * (0.4 * cross_entropy(logits, target) + 0.6 * kullback_leibler(logits, q, keep=keep, temperature=2))
        + 0.75 * 0.4 * jaccard_metric(logits, target, form=2, **means)
        + 0.75 * 0.6 * jaccard_metric(logits, q, keep=keep, form=2, **means)
    )
    value = distillation(logits, target, teacher, temperature=2, form=2, label_weight=0.4, teacher_weight=0.6)
    torch.testing.assert_close(value, expected)


def test_a_teacher_of_the_same_mind_adds_nothing():
    logits, target, _, _ = scene()
    value = distillation(logits, target, logits, label_weight=0, teacher_weight=1)
    assert value.item() == pytest.approx(0, abs=1e-12)


def test_no_gradient_reaches_the_teacher():
    logits, target, teacher, _ = scene()
    teacher.requires_grad_()
    distillation(logits, target, teacher).backward()
    assert teacher.grad is None


def hinting(classes=3):
    """A teacher that gives the last class 3 % everywhere and the others the rest."""
    q = torch.full((2, classes, 4, 5), 0.97 / (classes - 1), dtype=torch.float64)
    q[:, -1] = 0.03
    return q


def test_the_filter_spares_a_class_that_the_teacher_only_hints_at():
    logits, target, _, _ = scene()
    options = {"label_weight": 0, "ce_weight": 0}
    every, filtered, listed = (
        distillation(logits, target, hinting().log(), **options, **choice)
        for choice in ({"active": "all"}, {"threshold": 0.1}, {"active": [0, 1]})
    )
    assert filtered == listed
    assert filtered != every


@pytest.mark.parametrize("classes", [1, 3])
def test_ignored_pixels_of_student_and_teacher_are_never_read(classes):
    logits, target, teacher, keep = scene(classes)
    poisoned, its_teacher = (torch.where(keep[:, None], z.detach(), torch.nan) for z in (logits, teacher))
    value, gradient = value_and_gradient(distillation, poisoned, target, its_teacher)
    torch.testing.assert_close(value, distillation(logits, target, teacher).detach())
    assert (gradient.movedim(1, -1)[~keep] == 0).all()


def test_binary_logits_need_no_channel():
    logits, target, teacher, _ = scene(classes=1)
    value = distillation(logits, target, teacher)
    torch.testing.assert_close(distillation(logits[:, 0], target, teacher[:, 0]), value)


LOSSES = {
    "kullback_leibler": lambda z, t, q, k: kullback_leibler(z, q.softmax(1), keep=k),
    "distillation": distillation,
    "semi_supervised": lambda z, t, q, k: semi_supervised(z, q.softmax(1), k),
}


@pytest.mark.parametrize("loss", LOSSES, ids=LOSSES.keys())
def test_nothing_kept_is_zero_with_zero_gradient(loss):
    logits, target, teacher, keep = scene(ignored=1.0)
    last = () if loss == "distillation" else (keep,)
    value, gradient = value_and_gradient(LOSSES[loss], logits, target, teacher, *last)
    assert value == 0
    assert (gradient == 0).all()


@pytest.mark.parametrize("loss", LOSSES, ids=LOSSES.keys())
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_huge_logits_are_finite(loss, dtype):
    logits, target, teacher, keep = scene()
    student, teacher = ((z.detach().sign() * 1e4).to(dtype) for z in (logits, teacher))
    last = () if loss == "distillation" else (keep,)
    value, gradient = value_and_gradient(LOSSES[loss], student, target, teacher, *last)
    assert torch.isfinite(value) and value.dtype == torch.float32
    assert torch.isfinite(gradient).all()


# --- pseudo labels


def test_only_sure_pixels_become_labels():
    teacher = torch.tensor([[0.9, 0.6], [0.1, 0.4]]).reshape(1, 2, 1, 2)
    soft, keep = pseudo_labels(teacher, confidence=0.8)
    assert keep.tolist() == [[[True, False]]]
    np.testing.assert_allclose(soft[0, :, 0].t(), [[0.9, 0.1], [0, 0]], rtol=1e-6)


def test_a_sure_background_is_sure_too():
    _, keep = pseudo_labels(torch.tensor([[[0.05, 0.5, 0.95]]]), confidence=0.9)
    assert keep.tolist() == [[[True, False, True]]]


def test_where_the_teacher_knows_nothing_there_is_no_label():
    teacher = torch.full((1, 2, 1, 2), 0.5)
    teacher[..., 0] = torch.nan
    soft, keep = pseudo_labels(teacher)
    assert keep.tolist() == [[[False, True]]]
    assert soft[0, :, 0, 0].tolist() == [0, 0]


@pytest.mark.parametrize("confidence", [-0.1, 1.1])
def test_a_confidence_that_is_no_probability_is_refused(confidence):
    with pytest.raises(UsageError, match="confidence"):
        pseudo_labels(hinting(), confidence)


def test_semi_supervised_is_the_metric_loss_of_the_sure_pixels():
    logits, _, teacher, keep = scene()
    q = teacher.softmax(1)
    sure = keep & (q.amax(1) >= 0.7)
    assert 0 < sure.sum() < keep.sum()
    expected = jaccard_metric(logits, q, keep=sure, miou_d=0, miou_i=0.5, miou_c=0.5, smooth=1.0)
    torch.testing.assert_close(semi_supervised(logits, q, keep, confidence=0.7), expected)


def test_unlabelled_tiles_have_the_same_filter():
    logits, _, _, _ = scene()
    loss = partial(semi_supervised, logits, hinting())
    assert loss(threshold=0.1) == loss(active=[0, 1])
    assert loss(threshold=0.1) != loss(threshold=0.01)
