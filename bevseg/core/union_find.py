"""Disjoint sets in an array: each member names its parent, and a root names itself (union-find)."""

from __future__ import annotations

from bevseg.runtime.kernels import compiled


@compiled
def root(parents, member):  # type: ignore[no-untyped-def]
    """Return what stands for the set of a member; the way there is shortened (path halving)."""
    while parents[member] != member:
        parents[member] = parents[parents[member]]
        member = parents[member]
    return member


@compiled
def unite(parents, one, other):  # type: ignore[no-untyped-def]
    """Join the sets of two members, and return what stands for both: the lower of their roots."""
    first, second = root(parents, one), root(parents, other)
    if first < second:
        parents[second] = first
        return first
    parents[first] = second
    return second
