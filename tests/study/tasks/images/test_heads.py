import pytest
import torch

from bevseg.seg.inputs import IGNORE
from bevseg.seg.losses.loss_text import parse
from bevseg.study.tasks.images.heads import Sigmoid, Softmax

LABELS = torch.tensor([[[0, 1, 2, IGNORE]]])


def test_softmax_has_an_output_for_each_class():
    head = Softmax(3, has_background=True)
    logits = torch.tensor([0.0, 1.0, 2.0])[None, :, None, None].expand(1, 3, 1, 4)
    assert head.probabilities(logits).sum(1).tolist() == [[[1.0] * 4]]
    expected = -torch.log_softmax(torch.tensor([0.0, 1.0, 2.0]), 0).mean()
    assert head.cost(parse("ce"))(logits, LABELS).item() == pytest.approx(expected.item())


def test_sigmoid_has_none_for_the_background_which_is_where_nothing_else_is():
    head = Sigmoid(3, has_background=True)
    assert (head.outputs, head.class_maps) == (2, 1)
    logits = torch.tensor([[-1.0, 2.0, 0.5, 9.0], [-2.0, 1.0, 0.6, 9.0]])[None, :, None]
    assert head.probabilities(logits).argmax(1).tolist() == [[[0, 1, 2, 1]]]
    truth = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits[0, :, 0, :3], truth)
    assert head.cost(parse("ce", 1))(logits, LABELS).item() == pytest.approx(expected.item())


def test_sigmoid_without_a_background_has_an_output_for_each_class_but_for_two():
    assert Sigmoid(3, has_background=False).outputs == 3
    assert Sigmoid(2, has_background=False).outputs == 1
    logits = torch.tensor([-3.0, -1.0, -2.0])[None, :, None, None]
    assert Sigmoid(3, has_background=False).probabilities(logits).argmax(1).item() == 1
