"""The text of a loss: what it reads as, what it is written as again, and what is refused."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bevseg.errors import UsageError
from bevseg.seg.losses.syntax import DEEPEST, LONGEST, read_terms, write


def read(text):
    """Weight, name, suffixes and options of every term."""
    return [tuple(term)[1:] for term in read_terms(text)]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("ce", [(1, "ce", (), {})]),
        ("ce:0.5", [(1, "ce", (0.5,), {})]),
        ("ce + .25*dice:1.", [(1, "ce", (), {}), (0.25, "dice", (1,), {})]),
        ("2 * ce", [(2, "ce", (), {})]),
        ("neuro-iou:6:no-init", [(1, "neuro-iou", (6, "no-init"), {})]),
        ("f(a=1, b=-2.5e-3)", [(1, "f", (), {"a": 1, "b": -0.0025})]),
        ("f(a=all,b=true,c=False,d=none)", [(1, "f", (), {"a": "all", "b": True, "c": False, "d": None})]),
        ("f(w=[1, 0.5], e=[],)", [(1, "f", (), {"w": (1, 0.5), "e": ()})]),
        ("f(w=[[1],[2,3]])", [(1, "f", (), {"w": ((1,), (2, 3))})]),
        ("f(a='1+2', b=\"true\")+g", [(1, "f", (), {"a": "1+2", "b": "true"}), (1, "g", (), {})]),
        ("f(no-init=true)", [(1, "f", (), {"no_init": True})]),
        ("f()", [(1, "f", (), {})]),
        ("my.losses:wing(width=2)", [(1, "my.losses", ("wing",), {"width": 2})]),
    ],
)
def test_a_text_reads_as(text, terms):
    assert read(text) == terms


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Not a loss: ''"),
        ("ce+", "Not a loss: ''"),
        ("+ce", "Not a loss: ''"),
        ("2ce", "Not a loss: '2ce'"),
        ("ce ce", "Not a loss: 'ce ce'"),
        ("ce*2", "Not a loss"),
        ("ce:", "Not a loss"),
        ("ce(", "Not a loss"),
        ("ce)", "Not a loss"),
        ("ce(1)", "Not a loss"),
        ("ce(a)", "Not a loss"),
        ("ce(a=)", "Not a loss"),
        ("ce(a=1 b=2)", "Not a loss"),
        ("ce(a=[1)", "Not a loss"),
        ("ce(a=[1 2])", "Not a loss"),
        ("ce(a=(1))", "Not a loss"),
        ("ce(a=b())", "Not a loss"),
        ("ce@", "Not a loss"),
        ("ce\x00", "Not a loss"),
        ("__import__('os')", "Not a loss"),
        ("0*ce", "has no effect"),
        ("-1*ce", "has no effect"),
        ("ce(a=1, a=2)", "given twice"),
        ("ce(a=1e999)", "too large"),
        ("ce:" + "9" * 400, "too large"),
        (f"ce(a={'[' * (DEEPEST + 1)}{']' * (DEEPEST + 1)})", "Not a loss"),
        ("ce(a=" + "[" * (LONGEST - 10), "Not a loss"),
        ("+".join(["ce"] * LONGEST), f"{3 * LONGEST - 1} characters"),
    ],
)
def test_a_text_that_is_no_sum_of_terms_is_refused(text, message):
    with pytest.raises(UsageError, match=message):
        read_terms(text)


VALUES = st.recursive(
    st.booleans()
    | st.none()
    | st.integers(1 - 10**15, 10**15 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\"'", codec="ascii"), max_size=8),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=4,
)


def depth(value):
    return 1 + max(map(depth, value), default=0) if isinstance(value, tuple) else 0


@settings(max_examples=200)
@given(value=VALUES.filter(lambda value: depth(value) <= DEEPEST))
def test_what_is_written_reads_as_the_same_value(value):
    (term,) = read_terms(f"f(a={write(value)})")
    assert term.options["a"] == value
    assert isinstance(term.options["a"], bool) == isinstance(value, bool)


@settings(max_examples=200)
@given(text=st.text(st.sampled_from("ce0.5*+:(),=[]'\"- az_"), max_size=30))
def test_any_other_text_is_read_or_refused(text):
    with contextlib.suppress(UsageError):
        assert read_terms(text)
