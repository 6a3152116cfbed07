"""Compute devices: `auto`, `cpu`, `cuda`, `cuda:N` -> torch.device, and what each is good at."""

from __future__ import annotations

import functools
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

# A network over a whole scene takes and returns tens of megabytes for each layer, and the system hands them out
# in pages of 4 KiB: a third of the time of a prediction. Torch asks for large pages instead if this is set before
# its first allocation.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

import torch

from bevseg.errors import DeviceError, OutOfMemoryError, UsageError

TENSOR_CORES, BFLOAT16 = (7, 0), (8, 0)
"""Compute capability from which a GPU of NVIDIA multiplies matrices of float16, of bfloat16 faster than those of
float32 (Volta, Ampere). GPUs of AMD that torch supports do both."""


def resolve(name: str) -> torch.device:
    """Return the device of that name; `auto` takes the GPU where there is one.

    Raises
    ------
    UsageError
        For a name that is no device.
    DeviceError
        For a GPU that this machine does not have, or that this build of torch cannot use.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    match = re.fullmatch(r"(cpu|cuda)(?:(?<=cuda):(\d+))?", name)
    if match is None:
        raise UsageError(
            f"No device {name!r}", where="--device", hint="name one of: auto, cpu, cuda, cuda:0, cuda:1, ..."
        )
    if match[1] == "cpu":
        return torch.device("cpu")
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(match[2] or 0) >= found:
        raise DeviceError(
            f"No CUDA device {name!r} on this machine",
            where="--device",
            why=f"torch {torch.__version__} finds {found} CUDA devices",
            hint="use --device cpu, or install a CUDA build of torch and its driver",
        )
    return torch.device(name)


def describe() -> tuple[str, str]:
    """Return what networks can run on, and what to do if there is a GPU that cannot be used; else an empty text."""
    built = torch.version.cuda
    if torch.cuda.is_available():
        cards = ", ".join(map(_card, range(torch.cuda.device_count())))
        return f"torch {torch.__version__} with CUDA {built}: {cards}", ""
    words = f"torch {torch.__version__}, {torch.get_num_threads()} threads on the CPU, no GPU"
    if shutil.which("nvidia-smi") is None:
        return words, ""
    if built is None:
        return words, "a driver of NVIDIA is installed: for the GPU, install a CUDA build of torch"
    return (
        words,
        f"torch is built for CUDA {built}: update the driver of the GPU, or see what nvidia-smi reports",
    )


def _card(number: int) -> str:
    """Return name and memory of a GPU, and the type in which it trains."""
    card, dtype = torch.cuda.get_device_properties(number), training_type(torch.device("cuda", number))
    return f"{card.name} ({card.total_memory / 2**30:.0f} GiB, trains in {str(dtype).removeprefix('torch.')})"


@contextmanager
def memory_checked(what: str, hint: str) -> Iterator[None]:
    """Turn an allocation that torch is refused into an error that says so.

    Parameters
    ----------
    what
        What does not fit, such as `The training`.
    hint
        What the user can do.

    Raises
    ------
    OutOfMemoryError
        If the memory of the machine or of the GPU does not suffice.
    """
    try:
        yield
    except RuntimeError as error:  # on a CPU torch has no type of its own for it
        text = str(error)
        if not isinstance(error, torch.OutOfMemoryError) and "DefaultCPUAllocator" not in text:
            raise
        asked = re.search(r"tried to allocate ([\d.]+ \w+)", text, re.IGNORECASE)
        raise OutOfMemoryError(
            f"{what} does not fit in memory",
            where="--device",
            why=f"{asked[1]} more were asked for" if asked else "torch was refused memory",
            hint=hint,
        ) from error


def half_precision(device: torch.device) -> bool:
    """Return whether bfloat16 is faster than float32 on that device: instructions for it, not emulation."""
    if device.type == "cuda":
        return torch.version.hip is not None or torch.cuda.get_device_capability(device) >= BFLOAT16
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def training_type(device: torch.device) -> torch.dtype:
    """Return the type in which a network is trained fastest on that device.

    bfloat16 where `half_precision`; else float16 on a GPU with tensor cores (Volta, Turing), which needs a gradient
    scaler (`grad_scaler`); else float32.
    """
    if half_precision(device):
        return torch.bfloat16
    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= TENSOR_CORES:
        return torch.float16
    return torch.float32


def autocast(device: torch.device, dtype: torch.dtype | None = None) -> torch.autocast:
    """Return the context that computes in a type; None: bfloat16 where the device is good at it, else float32."""
    if dtype is None:
        dtype = torch.bfloat16 if half_precision(device) else torch.float32
    # A type must be named that the device has, also where nothing is cast.
    enabled = dtype != torch.float32
    return torch.autocast(device.type, dtype if enabled else torch.bfloat16, enabled=enabled)


def grad_scaler(device: torch.device, dtype: torch.dtype) -> torch.amp.GradScaler:
    """Return what multiplies a loss so that no gradient of float16 vanishes; for other types it does nothing.

    Steps whose gradients overflow are left out.
    """
    return torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)


@contextmanager
def seeded(device: torch.device, seed: int) -> Iterator[None]:
    """Draw torch's random numbers from the seed inside the block; outside they stay as they were."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def share_threads(processes: int) -> None:
    """Let torch use its share of the threads in this process: so many beside each other share the cores."""
    torch.set_num_threads(max(_usual_threads() // processes, 1))


@functools.lru_cache(maxsize=1)
def _usual_threads() -> int:
    """Return how many threads torch takes in a process of its own: all cores, or what OMP_NUM_THREADS says."""
    return torch.get_num_threads()
