"""Operator calls of each loss, forward and backward, as a device would get them: how many, and which make it wait.

    python benchmarks/loss_calls.py [--json F]

A small loss on a GPU takes as long as its calls take to launch, and every wait empties the queue. Both are counted
here without a GPU: logits and targets lie on the CPU, targets are trusted, and the losses with a way of their own
for the CPU take that of a device. The batches have 2 and 8 images; a number that grows with the batch is a loop
over images. Beside them stands our cross-entropy, which does the same job for a loss of pixels: other ignored ids,
NaN in ignored pixels, any type of logits. That of torch alone takes 8 calls. Distances are computed on the CPU, for
which a device waits; in a training those of the target are made beside it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from bevseg.seg.losses import erosion, lovasz_kernels, parse
from bevseg.seg.losses.registry import LOSSES
from bevseg.seg.losses.target_ids import trusted_targets

CLASSES, SIDE = 5, 16

BATCHES = (2, 8)
"""Images."""

WAITING = {
    "_local_scalar_dense",
    "_unique2",
    "bincount",
    "equal",
    "is_nonzero",
    "item",
    "masked_select",
    "nonzero",
    "repeat_interleave",
    "unique_consecutive",
    "unique_dim",
    "squared_to_other",  # ours: distances, computed on the CPU
}
"""Operators whose result, or its size, the host has to know."""


class Calls(NamedTuple):
    """What a loss asks of a device.

    Attributes
    ----------
    number
        Operators with a tensor in or out.
    waits
        Those that make the host wait for the device.
    """

    number: int
    waits: list[str]


class Counter(TorchDispatchMode):
    """Notes every operator that is called."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self.waits: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if any(isinstance(value, Tensor) for value in (*args, result)) or isinstance(result, tuple | list):
            self.number += 1
        indices = args[1] if func.overloadpacket is torch.ops.aten.index and len(args) > 1 else []
        by_mask = any(i is not None and i.dtype in (torch.bool, torch.uint8) for i in indices)
        name = func.overloadpacket.__name__
        if name in WAITING or by_mask:
            self.waits.append(f"{name} by a mask" if by_mask else name)
        return result


def count(loss: Callable[..., Tensor], images: int) -> Calls:
    """Count the calls of a loss and of its backward pass, for a batch with some ignored pixels."""
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(images, CLASSES, SIDE, SIDE, generator=random, requires_grad=True)
    target = torch.randint(0, CLASSES, (images, SIDE, SIDE), generator=random)
    target[:, ::5] = 255
    as_on_a_device = (
        mock.patch.object(lovasz_kernels, "MOST", 0),
        mock.patch.object(erosion, "_drops", lambda errors: False),
    )
    with as_on_a_device[0], as_on_a_device[1], trusted_targets(), Counter() as counter:
        loss(logits, target).backward()
    return Calls(counter.number, counter.waits)


def main() -> None:
    """Count, print, and write the numbers if they are wanted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the numbers to this file as well")
    options = parser.parse_args()
    yardstick = count(parse("ce"), BATCHES[-1]).number
    rows = []
    for name in (name for name, entry in LOSSES.items() if not entry.learned):
        small, large = (count(parse(name), images) for images in BATCHES)
        rows.append(
            {
                "loss": name,
                "calls": dict(zip(BATCHES, (small.number, large.number), strict=True)),
                "of_cross_entropy": large.number / yardstick,
                "waits": large.waits,
            }
        )
    print(table(rows))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"torch": torch.__version__, "rows": rows}, indent=2) + "\n")


def table(rows: list[dict[str, Any]]) -> str:
    """Return the counts as Markdown."""
    heads = " | ".join(f"calls, {images} images" for images in BATCHES)
    lines = [f"| loss | {heads} | of cross-entropy | waits |", "|---|---:|---:|---:|---|"]
    for row in rows:
        numbers = " | ".join(str(row["calls"][images]) for images in BATCHES)
        waits = ", ".join(f"{row['waits'].count(w)} {w}" for w in sorted(set(row["waits"]))) or "none"
        lines.append(f"| {row['loss']} | {numbers} | {row['of_cross_entropy']:.1f} | {waits} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
