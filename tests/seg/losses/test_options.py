"""Options of all losses that are numbers: NaN and infinity are none."""

import typing

import pytest
import torch

from bevseg.errors import UsageError
from bevseg.seg.losses.options import options_of
from tests.seg.losses.registered import FUNCTIONS

NUMBERS = [
    (name, option)
    for name, function in FUNCTIONS.items()
    for option, parameter in options_of(function, 3).items()
    if float in (parameter.annotation, *typing.get_args(parameter.annotation))
]


def test_most_losses_have_one():
    assert len({name for name, _ in NUMBERS}) > len(FUNCTIONS) / 2


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(("name", "option"), NUMBERS)
def test_what_is_no_finite_number_is_refused(name, option, value):
    logits, target = torch.zeros(1, 3, 2, 2), torch.zeros(1, 2, 2, dtype=torch.long)
    with pytest.raises(UsageError):
        FUNCTIONS[name](logits, target, **{option: value})
