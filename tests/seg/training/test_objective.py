"""What a step learns from: labels, a teacher, and crops without labels."""

import copy
import dataclasses

import numpy as np
import pytest
import torch

from bevseg.config import TrainConfig
from bevseg.seg.inputs import IGNORE, OUTPUTS
from bevseg.seg.losses.cross_entropy_loss import cross_entropy
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.training.batches import batches
from bevseg.seg.training.distill import distillation
from bevseg.seg.training.loop import train_network
from bevseg.seg.training.objective import HEAD_START, TrainingObjective
from tests.seg import scenes

CPU = torch.device("cpu")
CONFIG = TrainConfig(loss="ce", teacher_weight=0.25, unlabelled_weight=2.0, confidence=0.0)


def net(seed=0):
    made = copy.deepcopy(scenes.model().nets["low"])
    with torch.no_grad():
        made.head.bias.add_(torch.arange(5.0) * seed)
    return made.eval()


def crops(seed):
    (batch,) = batches(scenes.draw, scenes.BANDS, 2, 1, seed)
    return batch


def objective(teacher=None, config=CONFIG):
    return TrainingObjective(parse(config.loss), config, net(2), teacher, CPU)


def predicted(of, batch):
    with torch.no_grad():
        return of(batch.bands)


def test_without_extra_supervision_the_labels_are_all():
    loss = objective()(net(), crops(0), None, 0.5)
    batch = crops(0)
    torch.testing.assert_close(loss, cross_entropy(predicted(net(), batch), batch.target), rtol=0.02, atol=0)


def test_a_teacher_has_its_share():
    batch, teacher = crops(0), net(1)
    logits, taught = predicted(net(), batch), predicted(teacher, batch)
    labels = cross_entropy(logits, batch.target)
    from_teacher = distillation(logits, batch.target, taught, IGNORE, label_weight=0.0, teacher_weight=1.0)
    both = objective(teacher)(net(), batch, None, 0.5)
    torch.testing.assert_close(both, 0.75 * labels + 0.25 * from_teacher, rtol=0.02, atol=0)


def test_a_teacher_that_says_the_same_costs_nothing_more():
    batch = crops(0)
    alone = objective()(net(), batch, None, 0.5)
    torch.testing.assert_close(objective(net())(net(), batch, None, 0.5), 0.75 * alone, rtol=0.05, atol=0)


def test_no_gradient_reaches_the_teacher_or_the_average():
    teacher, live = net(1), net()
    step = objective(teacher)
    step(live, crops(0), crops(1), 0.5).backward()
    for silent in (teacher, step.average):
        assert all(p.grad is None for p in silent.parameters())
    assert any(p.grad is not None and p.grad.any() for p in live.parameters())


@pytest.mark.parametrize("teacher", [None, net(1)])
def test_crops_without_labels_add_their_weight(teacher):
    batch, unlabelled = crops(0), crops(1)
    step = objective(teacher)
    alone, both = step(net(), batch, None, 0.5), step(net(), batch, unlabelled, 0.5)
    doubled = objective(teacher, dataclasses.replace(CONFIG, unlabelled_weight=4.0))(
        net(), batch, unlabelled, 0.5
    )
    assert both > alone + 0.01
    torch.testing.assert_close(doubled - alone, 2 * (both - alone), rtol=0.02, atol=1e-3)


def test_the_average_labels_nothing_before_it_has_learnt_something():
    step, batch, unlabelled = objective(), crops(0), crops(1)
    early = HEAD_START / 2
    assert step(net(), batch, unlabelled, early) == step(net(), batch, None, early)
    assert objective(net(1))(net(), batch, unlabelled, early) != objective(net(1))(net(), batch, None, early)


def test_classes_of_crops_without_labels_play_no_part_but_empty_cells_do():
    batch, unlabelled = crops(0), crops(1)
    renamed = unlabelled._replace(target=torch.where(unlabelled.target == IGNORE, IGNORE, 3).to(torch.uint8))
    empty = unlabelled._replace(target=torch.full_like(unlabelled.target, IGNORE))
    step = objective(net(1))
    assert step(net(), batch, unlabelled, 0.5) == step(net(), batch, renamed, 0.5)
    torch.testing.assert_close(
        step(net(), batch, empty, 0.5), step(net(), batch, None, 0.5), rtol=0.02, atol=0
    )


def test_unsure_pixels_are_left_out():
    batch, unlabelled = crops(0), crops(1)
    sure = dataclasses.replace(CONFIG, confidence=1.0)
    unsure_teacher = net()
    with torch.no_grad():
        unsure_teacher.head.weight.zero_()
    step = objective(unsure_teacher, sure)
    torch.testing.assert_close(
        step(net(), batch, unlabelled, 0.5), step(net(), batch, None, 0.5), rtol=0.02, atol=0
    )


def trained(**options):
    config = dataclasses.replace(scenes.QUICK, loss="ce", **options.pop("config", {}))
    made = train_network(scenes.draw, [], scenes.BANDS, OUTPUTS, scenes.NET, config, device="cpu", **options)
    return {key: value.numpy().tobytes() for key, value in made.net.state_dict().items()}


def other_squares(number, rng):
    values, labels = scenes.squares(rng)
    return values, (labels > 0).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize(
    "extra",
    [
        {"teacher": net(1)},
        {"unlabelled": other_squares},
        {"teacher": net(1), "unlabelled": other_squares},
        {"config": {"smooth_boundary": 0.5}},
    ],
)
def test_trainings_with_extra_supervision_differ_and_repeat_themselves(extra):
    once = trained(**copy.copy(extra))
    assert once == trained(**copy.copy(extra))
    assert once != trained()
