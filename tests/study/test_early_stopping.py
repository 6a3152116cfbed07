import math

import pytest
import torch
from torch import nn

from bevseg.errors import TrainingError
from bevseg.seg.training.optimizers import Plateau, Schedule
from bevseg.study.early_stopping import train_with_early_stopping


def squared_error(net, x, y):
    return ((net(x) - y) ** 2).mean()


def trained(val_losses, patience=2, schedule=None, cost=squared_error):
    """Train one weight towards 1 with these validation losses; return the result and the network."""
    net = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(net.weight)
    losses = iter(val_losses)
    result = train_with_early_stopping(
        net,
        lambda x, y: cost(net, x, y),
        lambda: [(torch.ones(1, 1), torch.ones(1, 1))],
        lambda: {"val_loss": next(losses), "training": float(net.training)},
        torch.optim.SGD(net.parameters(), lr=0.1),
        schedule or Schedule(lambda progress: 1.0),
        epochs=len(val_losses),
        steps=1,
        patience=patience,
    )
    return result, net


def test_it_stops_when_the_validation_loss_has_not_fallen_for_a_while_and_keeps_both_ends():
    result, net = trained([3.0, 2.0, 2.5, 2.0, 1.0])
    assert [row["epoch"] for row in result.history] == [1, 2, 3, 4]
    # Each step multiplies the distance to 1 by 0.8.
    assert result.best["weight"].item() == pytest.approx(1 - 0.8**2)
    assert net.weight.item() == pytest.approx(1 - 0.8**4)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_validation_loss_that_is_no_number_ends_the_training_in_its_epoch(value):
    with pytest.raises(TrainingError, match="infinite or NaN") as caught:
        trained([1.0, value, 0.5])
    assert caught.value.where == "epoch 2"


def test_a_loss_that_is_no_number_ends_the_training_in_its_epoch():
    with pytest.raises(TrainingError, match="infinite or NaN") as caught:
        trained([1.0, 0.5], cost=lambda net, x, y: net(x).sum() * math.nan)
    assert caught.value.where == "epoch 1"


def test_it_validates_in_evaluation_mode_and_counts_the_loss_before_each_step():
    result, _ = trained([1.0, 0.5])
    assert [row["training"] for row in result.history] == [0, 0]
    assert [row["loss"] for row in result.history] == pytest.approx([1.0, 0.64])


def test_the_rate_follows_the_progress_and_the_validation_losses():
    falling, _ = trained([3, 2, 1, 0], schedule=Schedule(lambda progress: 1 - progress))
    assert [row["learning_rate"] for row in falling.history] == pytest.approx([0.1, 0.075, 0.05, 0.025])
    flat, _ = trained([1, 1, 1, 1], patience=9, schedule=Plateau(2, 0.1))
    assert [row["learning_rate"] for row in flat.history] == pytest.approx([0.1, 0.1, 0.1, 0.01])
