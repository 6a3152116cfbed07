"""Ids that are no class: one error from every loss, unless the targets are trusted."""

import threading

import pytest
import torch

from bevseg.errors import UsageError
from bevseg.seg.losses import cross_entropy, dice, lovasz_softmax
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.losses.registry import LOSSES
from bevseg.seg.losses.target_ids import trusted_targets
from tests.seg.losses.pixels import scene

READY = [name for name, entry in LOSSES.items() if not entry.learned]


@pytest.mark.parametrize("name", READY)
@pytest.mark.parametrize(
    ("classes", "ids", "found"),
    [(4, [4], "4 to 4 where there are 4 classes, 0 to 3"), (4, [-1, 9], "-1 to 9"), (1, [2], "2 classes")],
)
def test_every_loss_refuses_an_id_that_is_no_class(name, classes, ids, found):
    logits, target = scene(classes=classes)
    target[0, 0, : len(ids)] = torch.tensor(ids)
    with pytest.raises(UsageError, match="Target ids are out of range") as caught:
        parse(name, 4).terms[0].function(logits, target)
    assert found in caught.value.why and "ignore_index (now 255)" in caught.value.hint
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64], ids=str)
def test_an_id_is_found_in_a_target_of_any_integer_type(dtype):
    logits, target = scene()
    target[1, 2, 3] = 7
    with pytest.raises(UsageError, match="found 7 to 7"):
        dice(logits, target.to(dtype))


def test_what_is_ignored_is_no_class_whatever_its_id():
    logits, target = scene()
    moved = target.masked_fill(target == 255, -100)
    assert torch.equal(cross_entropy(logits, moved, -100), cross_entropy(logits, target))
    with pytest.raises(UsageError, match="found -100 to -100"):
        cross_entropy(logits, moved)


@pytest.mark.parametrize("name", READY)
@pytest.mark.parametrize("classes", [1, 4])
def test_the_ignored_id_may_be_that_of_a_class(name, classes):
    logits, target = scene(classes=classes)
    loss = parse(name, 4).terms[0].function
    away = max(classes, 2) - 1
    others = target.masked_fill(target == 255, away)
    torch.testing.assert_close(
        loss(logits, others, away), loss(logits, target.masked_fill(target == away, 255))
    )


def test_trusted_targets_are_not_looked_at_and_only_there():
    logits, target = scene()
    wrong = target.masked_fill(target == 255, 9)
    with trusted_targets():
        assert torch.isfinite(dice(logits, wrong))
        with trusted_targets():
            pass
        assert torch.isfinite(lovasz_softmax(logits.float(), wrong))
    with pytest.raises(UsageError):
        dice(logits, wrong)


def test_trust_of_one_thread_is_not_that_of_another():
    logits, target = scene()
    caught = []

    def other():
        try:
            dice(logits, target.masked_fill(target == 255, 9))
        except UsageError as error:
            caught.append(error)

    with trusted_targets():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(caught) == 1


@pytest.mark.parametrize("loss", [cross_entropy, dice])
def test_a_compiled_loss_refuses_them_too(loss):
    logits, target = scene()
    compiled = torch.compile(loss, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(logits, target), loss(logits, target))
    with pytest.raises(RuntimeError, match="out of range"):
        compiled(logits, target.masked_fill(target == 255, 9))


def test_a_target_that_is_no_integer_is_refused():
    logits, target = scene()
    with pytest.raises(UsageError, match="Targets of type float32 are no class ids"):
        dice(logits, target.float())


@pytest.mark.parametrize(
    ("logits", "target"),
    [((2, 3, 5, 6), (2, 5, 5)), ((2, 3, 5), (2, 5)), ((2, 3, 2, 2, 5, 6), (2, 2, 2, 5, 6)), ((5, 6), (5, 6))],
)
def test_shapes_that_are_no_images_and_no_volumes_are_refused(logits, target):
    with pytest.raises(UsageError, match="do not fit logits"):
        dice(torch.zeros(logits), torch.zeros(target, dtype=torch.long))
