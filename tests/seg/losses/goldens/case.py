"""A reference case, and a rule by which we deliberately differ from a reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Case:
    """One case of a golden set, to be computed in `dtype`."""

    set: str
    id: str
    scenario: str
    params: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]
    dtype: torch.dtype
    grad_unique: bool = True

    @property
    def ignore(self) -> int:
        """Label of the ignored pixels."""
        index = self.params.get("ignore_index")
        return 255 if index is None else int(index)

    @cached_property
    def logits(self) -> Tensor:
        """The leaf that gradients are taken at."""
        return torch.tensor(self.arrays["logits"], dtype=self.dtype, requires_grad=True)

    @property
    def labels(self) -> Tensor:
        return torch.tensor(self.arrays["labels"])

    def tensor(self, name: str) -> Tensor:
        """An array as a tensor: floats in `dtype`, integers and bools as stored."""
        tensor = torch.tensor(self.arrays[name])
        return tensor.to(self.dtype) if tensor.is_floating_point() else tensor

    def holds(self, value: float, gradient: np.ndarray | None = None) -> bool:
        """Say whether the reference gives this value, and this gradient: so a rule knows the defect it is for."""
        stored = self.arrays["grad_logits"]
        near = gradient is None or np.allclose(
            gradient, stored, rtol=0, atol=1e-8 * np.abs(stored).max() + 1e-12
        )
        return bool(near and np.isclose(value, self.arrays["value"], rtol=1e-9, atol=1e-12))


Adapter = Callable[[Case], Tensor | dict[str, np.ndarray]]
"""Computes a case with our functions: a scalar loss of `case.logits`, or arrays to compare by name."""


@dataclass(frozen=True)
class Departure:
    """A defect of a reference that we do not share: where it shows, and what our policy demands instead.

    `expected` returns value and gradient with respect to the logits (None: the gradient is not checked) of a case
    to which the rule applies; it computes them in NumPy, apart from the code under test. A rule that only asks for
    what brings the defect about would hide a wrong number in the reference: `applies` asks for the defect itself.
    """

    reason: str
    sets: tuple[str, ...]
    applies: Callable[[Case], bool]
    expected: Callable[[Case], tuple[float, np.ndarray | None]]
