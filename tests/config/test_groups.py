"""Every setting of every group has a domain, and no group is built with a value outside of it."""

import dataclasses
import pickle

import numpy as np
import pytest

from bevseg.config import (
    GroundConfig,
    Group,
    NetConfig,
    PredictConfig,
    RasterConfig,
    RunConfig,
    Settings,
    SimulateConfig,
    SliceConfig,
    TrainConfig,
)
from bevseg.config.domains import Flag, Number, OneOf, Several, Text, did_you_mean
from bevseg.errors import UsageError

GROUPS = (
    GroundConfig,
    SliceConfig,
    RasterConfig,
    NetConfig,
    TrainConfig,
    PredictConfig,
    RunConfig,
    SimulateConfig,
)
FIELDS = [(group, field.name) for group in GROUPS for field in dataclasses.fields(group)]
each_field = pytest.mark.parametrize(
    ("group", "name"), FIELDS, ids=[f"{group.group}.{name}" for group, name in FIELDS]
)


def test_these_are_all_groups():
    assert set(GROUPS) == set(Group.__subclasses__())
    for field in dataclasses.fields(Settings):
        assert field.default_factory.group == field.name


@each_field
def test_every_setting_has_a_domain_that_holds_its_default(group, name):
    domain = group.domains()[name]
    assert isinstance(domain, Number | OneOf | Flag | Text | Several)
    assert domain.text and domain.kind
    default = getattr(group(), name)
    assert domain.read(default) == default


NEVER = [float("nan"), float("inf"), -float("inf"), 10**400, -(10**400), b"", object(), {}, [], [[]], ""]
"""What no setting can be."""


@each_field
@pytest.mark.parametrize("value", NEVER, ids=[type(value).__name__ + str(n) for n, value in enumerate(NEVER)])
def test_no_setting_is_infinite_or_no_value_at_all(group, name, value):
    with pytest.raises(UsageError, match=f"{group.group}.{name} = "):
        group(**{name: value})


def outside(domain):
    """Values just outside of a domain, and of another type."""
    if isinstance(domain, Number):
        tiny = 1 if domain.whole else 1e-6
        bounds = [(domain.least, -tiny), (domain.most, tiny), (domain.above, 0), (domain.below, 0)]
        yield from (bound + step * max(abs(bound), 1) for bound, step in bounds if bound is not None)
        yield from (True, False, "1")
        yield from [1.5] if domain.whole else []
        yield from [] if domain.optional else [None]
    elif isinstance(domain, OneOf):
        yield from ("", "mdoe", 3, 1.5, None, True, *(str(v) for v in domain.values if isinstance(v, int)))
    elif isinstance(domain, Flag):
        yield from (0, 1, "true", None)
    elif isinstance(domain, Text):
        yield from (1, True, "x" * (domain.most + 1))
    else:
        yield from ((), 1.0, "1", (1.0, 0.0), (1.0, True))


@each_field
def test_values_outside_of_the_domain_are_refused(group, name):
    values = list(outside(group.domains()[name]))
    assert len(values) >= 3
    for value in values:
        with pytest.raises(UsageError) as caught:
            group(**{name: value})
        assert caught.value.where == f"{group.group}.{name}", value
        assert "expected" in caught.value.why and caught.value.hint


@pytest.mark.parametrize(
    ("group", "values"),
    [
        (GroundConfig, {"slope": 0.0, "scalar": 0.0, "window": 500}),
        (SliceConfig, {"ground_band": 0.0, "foot": 0.0}),
        (SliceConfig, {"ground_band": 0.05, "foot": 0.06}),
        (SliceConfig, {"ground_band": 0.06, "split": 0.0601}),
        (RasterConfig, {"cell": 0.001}),
        (RasterConfig, {"cell": 1000}),
        (NetConfig, {"depth": 0, "dropout": 0, "widest": 1}),
        (TrainConfig, {"sampling": "half_positive:car", "val_share": 0, "max_minutes": None}),
        (PredictConfig, {"scales": [2, 0.125], "turns": 8, "crf": True}),
        (RunConfig, {"device": "cuda:1", "seed": 2**63 - 1}),
        (SimulateConfig, {"points": 3e6, "length": 5}),
    ],
)
def test_values_at_the_edge_of_their_domain_are_settings(group, values):
    built = group(**values)
    for name, value in values.items():
        assert getattr(built, name) == (tuple(value) if isinstance(value, list) else value)


NUMBERS = [(group, name) for group, name in FIELDS if isinstance(group.domains()[name], Number)]


@pytest.mark.parametrize(("group", "name"), NUMBERS)
def test_no_length_rate_or_time_is_beyond_all_sense(group, name):
    with pytest.raises(UsageError, match=f"{group.group}.{name} = "):
        group(**{name: 1e308})
    if name in ("average", "val_share"):
        with pytest.raises(UsageError, match="below 1"):
            group(**{name: 1})


def test_a_time_limit_is_no_shorter_than_a_moment():
    with pytest.raises(UsageError, match="max_minutes = 1e-320"):
        TrainConfig(max_minutes=1e-320)


@pytest.mark.parametrize(
    ("word", "near"), [("CE", "ce"), ("Lovasz_softmax", "lovasz_softmax"), ("dem", "DEM"), ("xyzxyz", None)]
)
def test_the_nearest_word_is_found_whatever_its_case(word, near):
    found = did_you_mean(word, ["ce", "lovasz_softmax", "DEM"])
    assert found == (f"; did you mean {near!r}?" if near else "")


def test_a_number_that_can_only_be_one_is_expected_as_that():
    assert Number(least=0, most=0, whole=True).text == "0"


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"split": 0.2}, "slices.split"),
        ({"ground_band": 3.0}, "slices.split"),
    ],
)
def test_the_slices_lie_above_each_other(values, key):
    with pytest.raises(UsageError) as caught:
        SliceConfig(**values)
    assert caught.value.where == key


def test_all_faults_of_a_group_come_at_once():
    with pytest.raises(UsageError, match="3 settings") as caught:
        NetConfig(filters=0, depth=-1, dropout=7)
    assert caught.value.where == "net.filters, net.depth, net.dropout"


def test_numbers_of_numpy_become_those_of_python():
    net = NetConfig(filters=np.int64(8), dropout=np.float64(0.25))
    assert (type(net.filters), type(net.dropout)) == (int, float)


def test_a_replaced_value_is_checked_as_well():
    with pytest.raises(UsageError, match=r"train\.batch"):
        dataclasses.replace(TrainConfig(), batch=0)


def test_a_misspelt_word_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'flat-zones'"):
        GroundConfig(method="flat_zones")


def test_the_refusal_reaches_another_process_whole():
    with pytest.raises(UsageError) as caught:
        GroundConfig(window=-3)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@each_field
def test_the_command_line_reads_what_the_group_holds(group, name):
    """An option of the setting understands its default, written out, and refuses what the group refuses."""
    import click

    from bevseg.cli.options import Setting

    option, default = Setting(group, name), getattr(group(), name)
    if default is not None:
        text = ",".join(f"{part:g}" for part in default) if isinstance(default, tuple) else str(default)
        assert option.convert(text, None, None) == default
    for text in ("nan", "inf", "-1e9", "9" * 5000):
        if not isinstance(option.domain, Text):
            with pytest.raises(click.BadParameter, match="expected"):
                option.convert(text, None, None)
