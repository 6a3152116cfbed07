"""Processes that train one network together, each on a device of its own.

`torchrun` starts them. Each makes its share of the crops of a step. The loss, the gradient and the batch
normalisation are those of the whole batch: any number of processes trains as one does. No other file knows
torch.distributed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from bevseg.errors import UsageError
from bevseg.seg.device import resolve

TIMEOUT = timedelta(days=1)
"""How long a process waits for the others: the first one validates, writes and scores while they do."""

GRACE = 10.0
"""Seconds that a process which has failed leaves to the one that failed before it, to say why."""


@dataclass(frozen=True)
class Processes:
    """The processes of a training, as one of them sees them. All methods but `share` wait for the others.

    Attributes
    ----------
    rank
        Number of this process, from 0 on.
    count
        How many there are.
    """

    rank: int = 0
    count: int = 1

    @classmethod
    def of_training(cls) -> Processes:
        """Return those that this process has `joined`; else it is alone."""
        return _JOINED.get()

    @property
    def is_first(self) -> bool:
        """Whether this one validates, writes and speaks for all."""
        return self.rank == 0

    def share(self, batch: int) -> range:
        """Return the numbers of the crops of a batch that this process makes; each process makes as many.

        Raises
        ------
        UsageError
            If they cannot be shared evenly.
        """
        if batch % self.count:
            raise UsageError(
                f"{self.count} processes cannot share the crops of a step evenly",
                where="train.batch",
                why=f"a step has {batch} crops",
                hint=f"choose a multiple of {self.count}, or another number of processes",
            )
        return range(self.rank, batch, self.count)

    def from_first(self, value: float) -> float:
        """Return the number that the first process has. No GPU is waited for."""
        if self.count == 1:
            return value
        sent = torch.tensor(value, dtype=torch.float64)
        dist.broadcast(sent, 0)
        return float(sent)

    def whole(self, crops: Tensor) -> Tensor:
        """Return a tensor (B, ...) of the whole batch, in the order of its crops, from the (B / count, ...) of each.

        Every process must go on to compute the same loss of it: the gradient of the own crops is then known here,
        and nothing is sent back.
        """
        return crops if self.count == 1 else _Whole.apply(crops, self)

    def stacked(self, statistics: Tensor) -> Tensor:
        """Return (count, ...) floating tensors of all processes. The gradient is the sum of those of all."""
        return _Stacked.apply(statistics, self)

    def sum_gradients(self, net: nn.Module) -> None:
        """Give all parameters the sum of the gradients that the processes have found for their own crops."""
        if self.count == 1:
            return
        gradients = [p.grad for p in net.parameters() if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        pieces = flat.split([gradient.numel() for gradient in gradients])
        shaped = [piece.view(g.shape) for piece, g in zip(pieces, gradients, strict=True)]
        torch._foreach_copy_(gradients, shaped)

    def draw_apart(self, seed: int, step: int) -> None:
        """Let torch draw other random numbers in each process from this step on: the crops of each are others.

        Those of the first stay as they are, so that its state suffices to go on from there.
        """
        if not self.is_first:
            numbers = np.random.SeedSequence((seed, step, self.rank)).generate_state(1, np.uint64)
            torch.manual_seed(int(numbers[0]))


ALONE = Processes()
"""A training in one process."""

_JOINED: ContextVar[Processes] = ContextVar("processes", default=ALONE)


@contextmanager
def joined(device: str) -> Iterator[tuple[Processes, str]]:
    """Join the training that `torchrun` has started, and yield its processes and the name of the own device.

    Without `torchrun` the process is alone, and has the device that was named. If some process fails, all end: the
    first that fails raises its error, the others leave without a word.

    Parameters
    ----------
    device
        `auto`, `cpu` or `cuda`; each process of a machine takes a GPU of its own.

    Raises
    ------
    UsageError
        If one GPU is named for several processes.
    DeviceError
        If the machine has fewer GPUs than processes.
    """
    if not dist.is_available() or not dist.is_torchelastic_launched() or os.environ["WORLD_SIZE"] == "1":
        yield ALONE, device
        return
    from torch.distributed.rendezvous import rendezvous  # only here: some builds of torch lack it

    store, rank, count = next(rendezvous("env://", timeout=TIMEOUT))
    try:
        own = _own_device(device)
        backend = "gloo"
        if own.type == "cuda":
            torch.cuda.set_device(own)
            backend = "cpu:gloo,cuda:nccl"
        dist.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=TIMEOUT)
        processes = Processes(rank, count)
        token = _JOINED.set(processes)
        try:
            yield processes, str(own)
        finally:
            _JOINED.reset(token)
    except SystemExit:  # asked to end, by torchrun or a batch system
        raise
    except BaseException as error:
        if store.add("bevseg/failures", 1) == 1:
            raise
        time.sleep(GRACE)  # torchrun ends this process as soon as the first that failed is gone
        raise SystemExit(1) from error
    dist.destroy_process_group()


def processes_here() -> int:
    """Return how many processes of the training share the cores of this machine."""
    return 1 if Processes.of_training() == ALONE else int(os.environ["LOCAL_WORLD_SIZE"])


def _own_device(device: str) -> torch.device:
    """Return the device of this process."""
    found = resolve(device)
    if found.type == "cpu":
        return found
    if found.index is not None:
        raise UsageError(
            "Several processes cannot train on one GPU",
            where=f"--device {device}",
            hint="name cuda: each process takes a GPU of its own",
        )
    return resolve(f"cuda:{os.environ['LOCAL_RANK']}")


def _all(tensor: Tensor, count: int) -> Tensor:
    """Return the (count, ...) tensors of all processes, of any type: they are sent as bytes."""
    sent = tensor.detach().contiguous()
    found = torch.empty((count, *sent.shape), dtype=sent.dtype, device=sent.device)
    places = [place.view(-1).view(torch.uint8) for place in found]
    dist.all_gather(places, sent.view(-1).view(torch.uint8))
    return found


class _Whole(torch.autograd.Function):
    """Crops of each process -> those of the whole batch; backward the gradient of the own ones."""

    @staticmethod
    def forward(ctx: Any, crops: Tensor, processes: Processes) -> Tensor:
        ctx.processes = processes
        return _all(crops, processes.count).transpose(0, 1).flatten(0, 1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient[ctx.processes.rank :: ctx.processes.count], None


class _Stacked(torch.autograd.Function):
    """Statistics of each process -> those of all, one below the other; backward the sum of all gradients."""

    @staticmethod
    def forward(ctx: Any, statistics: Tensor, processes: Processes) -> Tensor:
        ctx.rank = processes.rank
        return _all(statistics, processes.count)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        total = gradient.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total[ctx.rank], None
