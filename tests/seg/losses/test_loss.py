"""A text becomes a loss: names, options, values of the right type, sums, soft labels, losses of the user's own."""

import subprocess
import sys
from importlib import metadata

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bevseg.errors import UsageError
from bevseg.seg.inputs import IGNORE
from bevseg.seg.losses import (
    cross_entropy,
    hausdorff_dt,
    jaccard_metric,
    kullback_leibler,
    lovasz_softmax,
    power_jaccard,
    tversky,
    weighted_cross_entropy,
)
from bevseg.seg.losses.loss import SOFT
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.losses.registry import GROUP, LOSSES
from bevseg.seg.losses.soft_labels import boundary_smoothed

READY = [name for name, entry in LOSSES.items() if not entry.learned]


def scene(classes=5):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, classes, 8, 9, generator=generator)
    target = torch.randint(classes, (2, 8, 9), generator=generator)
    target[:, 0] = IGNORE
    return logits, target


# --- names and options


def test_every_name_of_the_register_is_a_loss_of_that_name():
    logits, target = scene()
    for name in READY:
        loss = parse(name)
        assert str(loss) == loss.text == name
        assert loss(logits, target).isfinite()
        assert not loss.needs_init


@pytest.mark.parametrize("name", [name for name in READY if LOSSES[name].number])
def test_the_short_number_sets_an_option_that_the_loss_has(name):
    number = {"jml": 2, "soft_jaccard": 2, "balanced_ce": 0.25}.get(name, 1)
    short, option = parse(f"{name}:{number}"), LOSSES[name].number[0]
    assert dict(short.terms[0].options)[option] == number
    if len(LOSSES[name].number) == 1:
        assert short == parse(f"{name}({option}={number})")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ce:0.5", lambda z, y: cross_entropy(z, y, balance=0.5)),
        ("power_jaccard:1.5", lambda z, y: power_jaccard(z, y, p=1.5)),
        ("jml:1.0", lambda z, y: jaccard_metric(z, y, form=1)),
        ("tversky:0.6", lambda z, y: tversky(z, y, fn_weight=0.6, fp_weight=1 - 0.6)),
        ("weighted_ce:2", lambda z, y: weighted_cross_entropy(z, y, weights=2.0)),
        (
            "power_jaccard(p=1.5, smooth=10, reduce=all)",
            lambda z, y: power_jaccard(z, y, p=1.5, smooth=10, reduce="all"),
        ),
        ("power_jaccard:1.5(smooth=10)", lambda z, y: power_jaccard(z, y, p=1.5, smooth=10)),
        ("lovasz_softmax(per_image=true)", lambda z, y: lovasz_softmax(z, y, per_image=True)),
        ("lovasz_softmax(classes=[1,2])", lambda z, y: lovasz_softmax(z, y, classes=[1, 2])),
        (
            "weighted_ce(weights=[1,0.5,2,1,1])",
            lambda z, y: weighted_cross_entropy(z, y, weights=[1, 0.5, 2, 1, 1]),
        ),
        ("0.25*ce+0.75*jml(form=1)", lambda z, y: 0.25 * cross_entropy(z, y) + 0.75 * jaccard_metric(z, y)),
        (
            "ce + 0.5*lovasz_softmax+ .25*power_jaccard:2",
            lambda z, y: cross_entropy(z, y) + 0.5 * lovasz_softmax(z, y) + 0.25 * power_jaccard(z, y, p=2),
        ),
    ],
)
def test_a_text_is_the_function_with_its_options_to_the_bit(text, expected):
    logits, target = scene()
    assert torch.equal(parse(text)(logits, target), expected(logits, target))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("banana", "No loss 'banana'"),
        ("power_jacard:1.5", "did you mean 'power_jaccard'"),
        ("lovasz_softmax:2", "takes no number"),
        ("ce:1:2", "takes no number"),
        ("power_jaccard:3", "cannot use p = 3"),
        ("power_jaccard(p=0.5)", "cannot use p = 0.5"),
        ("power_jaccard(smoth=2)", "did you mean 'smooth'"),
        ("hinge(a=1)", "options are class_weights=none"),
        ("hinge(reduction=sum)", "no option 'reduction'"),
        ("hinge(pixel_weights=[1])", "no option 'pixel_weights'"),
        ("jml(keep=1)", "no option 'keep'"),
        ("distance_ce(maps=1)", "no option 'maps'"),
        ("power_jaccard(p=all)", "give a number"),
        ("power_jaccard(p=true)", "give a number"),
        ("power_jaccard(reduce=1)", "give a word"),
        ("power_jaccard(reduce=alle)", "choose one of: all"),
        ("lovasz_softmax(per_image=1)", "true or false"),
        ("lovasz_softmax(class_weights=1)", "a list, each a number or none"),
        ("jml(form=1.5)", "whole number"),
        ("jml(form=none)", "whole number"),
        ("power_jaccard:1.5(p=1.5)", "given twice"),
        ("weighted_ce(weights=[1,2])", "2 weights for 5 classes"),
        ("dice(class_weights=[1,2])", "2 weights for 5 classes"),
        ("hinge(class_weights=[1,1,1,1,-1])", "A class weight is below 0"),
        ("ce(balance=-1)", "balance"),
        ("lovasz_softmax(classes=[9])", "No class 9"),
        ("lovasz_softmax(classes=[-1])", "No class -1"),
        ("jml(active=[5])", "No class 5"),
        ("hausdorff_dt(classes=[])", "No classes"),
        ("hausdorff_cv(radii=[1000000])", "radius"),
        ("hausdorff_erosion(erosions=1000000)", "erosions"),
        ("ssl(window=100001)", "window"),
    ],
)
def test_what_no_loss_has_or_takes_is_refused_before_training(text, message):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert f"--loss {text}" in str(caught.value)


def test_lists_have_to_fit_the_number_of_classes_that_is_asked_for():
    logits, target = scene(3)
    text = "weighted_ce(weights=[1,2,3])"
    assert parse(text, classes=3)(logits, target).isfinite()
    with pytest.raises(UsageError, match="3 weights for 5 classes"):
        parse(text)


TERM = st.sampled_from(
    [
        *READY,
        "ce:0.5",
        "power_jaccard(p=1.25, smooth=1e-3, reduce=all)",
        "lovasz_softmax(per_image=true, classes=[0, 4], class_weights=[1, 2, 0.5, 1, 1])",
        "focal(alpha=none, gamma=0)",
        "ssl:0.1(sigma=none)",
        "jml(active='all')",
        "tversky:0.7",
    ]
)
WEIGHT = st.none() | st.floats(1e-9, 1e9)


@settings(max_examples=60)
@given(terms=st.lists(st.tuples(WEIGHT, TERM), min_size=1, max_size=4))
def test_the_text_of_a_loss_reads_as_the_same_loss(terms):
    loss = parse(" + ".join(term if weight is None else f"{weight!r}*{term}" for weight, term in terms))
    again = parse(str(loss))
    assert again == loss
    assert str(again) == str(loss)
    assert hash(again) == hash(loss)


# --- maps of the target


def test_a_map_is_made_once_for_all_terms_and_saves_work_without_changing_the_loss():
    logits, target = scene()
    loss = parse("hausdorff_dt+0.5*boundary+shape_aware+ce")
    maps = loss.maps(target, 5)
    assert set(maps) == {"target_distance", "contour_distance"}
    assert torch.equal(loss(logits, target, IGNORE, **maps), loss(logits, target))
    far = {**maps, "target_distance": 2 * maps["target_distance"]}
    alone = parse("hausdorff_dt")
    assert torch.equal(
        alone(logits, target, IGNORE, **far), hausdorff_dt(logits, target, maps=far["target_distance"])
    )


def test_losses_without_maps_make_none():
    assert parse("ce+jml").maps(scene()[1], 5) == {}


# --- soft labels


def test_smoothed_losses_see_the_soft_labels():
    logits, target = scene()
    loss = parse("ce+0.75*jml")
    soft = loss.smoothed(0.4)
    maps = soft.maps(target, 5)
    labels = boundary_smoothed(target, 5, 0.4)[0]
    assert torch.equal(maps[SOFT], labels)
    value = soft(logits, target, IGNORE, **maps)
    assert torch.equal(value, kullback_leibler(logits, labels) + 0.75 * jaccard_metric(logits, labels))
    assert value != loss(logits, target)


def test_next_to_no_smoothing_changes_next_to_nothing():
    logits, target = scene()
    soft = parse("ce").smoothed(1e-6)
    value = soft(logits, target, IGNORE, **soft.maps(target, 5))
    torch.testing.assert_close(value, cross_entropy(logits, target), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "text", ["ce:0.5", "ce(balance=0.5)", "lovasz_softmax", "ce+power_jaccard:1.5", "neuro_iou"]
)
def test_losses_for_hard_labels_are_not_smoothed(text):
    assert not parse(text).takes_soft_labels
    with pytest.raises(UsageError, match="soft labels"):
        parse(text).smoothed(0.5)


@pytest.mark.parametrize("text", ["ce", "kl:2", "jml(form=2, smooth=0.1)", "0.25*ce+0.75*soft_jaccard:2"])
def test_losses_for_soft_labels_keep_their_options(text):
    loss = parse(text)
    assert loss.takes_soft_labels
    assert [term.options for term in loss.smoothed(0.5).terms] == [term.options for term in loss.terms]


def test_a_loss_that_is_handed_in_is_not_smoothed():
    with pytest.raises(UsageError, match="soft labels"):
        parse("lovasz_softmax").smoothed(0.5)


@pytest.mark.parametrize("epsilon", [-0.1, 0.0, 1.5])
def test_a_smoothing_that_is_no_share_is_refused(epsilon):
    with pytest.raises(UsageError, match="from 0 to 1"):
        parse("ce").smoothed(epsilon)


# --- losses of the user's own

MODULE = '''
"""Losses of somebody."""
from __future__ import annotations
import torch

number = 3

def squared(logits: torch.Tensor, target: torch.Tensor, ignore_index: int = 255, *, factor: float = 1.0,
            side: str = "both") -> torch.Tensor:
    keep = target != ignore_index
    return factor * (logits.softmax(1).amax(1)[keep] ** 2).mean()

def untyped(logits, target, ignore_index=255, width=2):
    return width * logits.mean()

def open_ended(logits, target, ignore_index=255, **options):
    return options["a"] * logits.mean()

def three(logits, target, mask):
    return logits.mean()

def flat(logits, target, ignore_index=255):
    return torch.zeros(())

def many(logits, target, ignore_index=255):
    return logits

def broken(logits, target, ignore_index=255):
    raise RuntimeError("out of cheese")


def edges(logits, target, ignore_index=255):
    return torch.nn.functional.conv2d(logits[:, :1], torch.ones(1, 1, 3, 3)).square().mean()

def ignorant(logits, target, ignore_index=255):
    return torch.nn.functional.cross_entropy(logits, target)

class Module(torch.nn.Module):
    pass
'''


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of somebody's on the path."""
    (tmp_path / "somebodys_losses.py").write_text(MODULE)
    (tmp_path / "somebodys_fault.py").write_text("import no_such_thing")
    (tmp_path / "somebodys_slip.py").write_text("import math\nmath.no_such_thing")
    monkeypatch.syspath_prepend(tmp_path)
    yield "somebodys_losses"
    sys.modules.pop("somebodys_losses", None)


def test_a_function_of_the_users_own_is_a_loss_with_options_and_weights(own):
    logits, target = scene()
    plain = parse(f"{own}:squared")(logits, target)
    assert plain == (logits.softmax(1).amax(1)[target != IGNORE] ** 2).mean()
    both = parse(f"ce + 0.5*{own}:squared(factor=2, side=left)")
    torch.testing.assert_close(both(logits, target), cross_entropy(logits, target) + plain)
    assert parse(str(both)) == both
    assert not both.takes_soft_labels and both.maps(target, 5) == {}


def test_options_without_types_take_any_value_and_open_ended_ones_any_name(own):
    logits, target = scene()
    assert parse(f"{own}:untyped(width=4)")(logits, target) == 4 * logits.mean()
    assert parse(f"{own}:open_ended(a=3)")(logits, target) == 3 * logits.mean()


def test_a_function_of_the_users_own_may_look_at_neighbours_and_is_read_without_gradients_too(own):
    with torch.no_grad():
        assert parse(f"{own}:edges").terms[0].function is not None
        assert parse("power_jaccard:1.5") == parse("power_jaccard(p=1.5)")


def test_a_function_that_does_not_know_the_ignored_id_is_refused_before_any_training(own):
    with pytest.raises(UsageError, match="cannot be computed") as caught:
        parse(f"{own}:ignorant")
    assert "255" in caught.value.why and "ignored" in caught.value.hint
    assert parse(f"{own}:ignorant", None)  # how many classes there are is not known yet


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("somebodys_losses:Module", "it is a class"),
        ("somebodys_losses:squarred", "did you mean 'squared'"),
        ("somebodys_losses:number", "is not a loss"),
        ("somebodys_losses:three", "expected f(logits, target, ignore_index=255, **options)"),
        ("somebodys_losses:flat", "scalar tensor"),
        ("somebodys_losses:many", "scalar tensor"),
        ("somebodys_losses:broken", "out of cheese"),
        ("somebodys_losses:open_ended", "cannot be computed"),
        ("somebodys_losses:squared(factr=2)", "did you mean 'factor'"),
        ("somebodys_losses:squared(factor=two)", "give a number"),
        ("somebodys_losses:squared:2", "takes no number"),
        ("somebodys_fault:loss", "No module named 'no_such_thing'"),
        ("somebodys_slip:loss", "AttributeError: module 'math' has no attribute 'no_such_thing'"),
        ("no_such_module:loss", "cannot be imported"),
        ("os:system", "is not a loss"),
    ],
)
def test_what_is_no_loss_of_anybodys_is_refused(own, name, message):
    with pytest.raises(UsageError) as caught:
        parse(name)
    assert message in str(caught.value)


def test_an_installed_package_names_losses_by_entry_points(own, monkeypatch):
    point = metadata.EntryPoint("squared", f"{own}:squared", GROUP)
    clash = metadata.EntryPoint("ce", f"{own}:squared", GROUP)

    def entry_points(*, group):
        return metadata.EntryPoints([point, clash] if group == GROUP else [])

    monkeypatch.setattr(metadata, "entry_points", entry_points)
    logits, target = scene()
    loss = parse("squared(factor=3)")
    assert loss(logits, target) == parse(f"{own}:squared(factor=3)")(logits, target)
    assert str(loss) == "squared(factor=3)"
    assert parse("ce")(logits, target) == cross_entropy(logits, target)
    with pytest.raises(UsageError, match="did you mean 'squared'"):
        parse("sqared")


# --- without torch


def test_the_names_are_there_without_torch_and_functions_when_they_are_asked_for():
    code = (
        "import sys, bevseg.seg, bevseg.seg.losses as losses, bevseg.seg.losses.registry, bevseg.seg.losses.syntax\n"
        "assert not {'torch', 'numpy', 'numba', 'importlib.metadata'} & set(sys.modules)\n"
        "from bevseg.seg.losses import focal, parse, power_jaccard\n"
        "assert focal.__name__ == 'focal' and parse('ce').text == 'ce' and 'torch' in sys.modules\n"
        "try:\n    losses.bananas\nexcept AttributeError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "no attribute 'bananas'" in done.stdout, done.stderr
