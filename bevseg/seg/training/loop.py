"""Crops -> a trained network."""

from __future__ import annotations

import copy
import functools
import itertools
import math
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bevseg.config import NetConfig, TrainConfig
from bevseg.core.raster import Band
from bevseg.seg.device import grad_scaler, memory_checked, resolve, seeded, training_type
from bevseg.seg.losses.loss import Loss
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.losses.target_ids import trusted_targets
from bevseg.seg.models.build import build
from bevseg.seg.training.batch_norm import with_common_statistics
from bevseg.seg.training.batches import Batch, Maps, Sampler, batches, workers_for
from bevseg.seg.training.distributed import Processes, processes_here
from bevseg.seg.training.network_state import NetworkState, Row, Running, unfit
from bevseg.seg.training.objective import TrainingObjective
from bevseg.seg.training.optimizers import make_optimizer, make_schedule, set_rate
from bevseg.seg.training.prefetch import on_device
from bevseg.seg.training.step_losses import StepLosses
from bevseg.seg.training.validate import Scene, validate

UNLABELLED = 1 << 20
"""Between the seeds of crops with and without labels."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network and its history.

    Attributes
    ----------
    net
        Running average of the weights at the last validation step that was as good as any, with the share of the
        first ones that the settings leave, on the CPU.
    history
        One row per validation step: `step`, `loss` (mean since the row before), `learning_rate`, `miou`,
        `iou_<class>`, `seconds` since the start.
    best
        Validation mIoU of `net`; NaN without validation.
    """

    net: nn.Module
    history: list[Row]
    best: float


@memory_checked("The training", "choose smaller net.filters, net.depth, train.batch or train.crop")
def train_network(
    sampler: Sampler,
    validation: Sequence[Scene],
    bands: tuple[Band, ...],
    classes: Sequence[str],
    net: NetConfig,
    config: TrainConfig,
    *,
    seed: int = 0,
    device: str = "auto",
    init: nn.Module | None = None,
    init_share: float = 0.0,
    minutes: float | None = None,
    loss_of: Loss | None = None,
    teacher: nn.Module | None = None,
    sparse: bool = False,
    unlabelled: Sampler | None = None,
    state: NetworkState | None = None,
    on_row: Callable[[Row], None] | None = None,
    on_step: Callable[[int, int], None] | None = None,
    on_state: Callable[[NetworkState], None] | None = None,
) -> Trained:
    """Train one network, and keep the running average of its weights that does best on the validation rasters.

    The same seed gives the same weights on a CPU, for one number of threads and as long as `minutes` does not
    cut the training short. Several processes (`distributed`) train as one; each calls this with the same arguments,
    and gets the same weights.

    Parameters
    ----------
    sampler
        Number of the crop and random numbers -> the crop: bands (C, rows, cols) in physical units with NaN, train
        ids (rows, cols). It is called from other threads, on a GPU from several at once.
    validation
        Such pairs, whole rasters; none: the last average is kept.
    bands
        What the network reads, with scaling.
    classes
        Names of its outputs, in the order of train ids from 1 on.
    net, config
        Kind and options of the network; how to train.
    seed
        Of the first weights and of the crops.
    device
        `auto`, `cpu`, `cuda` or `cuda:N`.
    init
        Network of the same architecture to go on from; it is not changed.
    init_share
        Share of its weights and statistics in the network that is validated and returned.
    minutes
        Wall-clock limit. The learning rate follows the share of the steps or of the time that is gone, whichever
        is larger, so that a training that is cut short still ends with small steps.
    loss_of
        For the labels; None: the one that `config.loss` names. Its maps are made in the thread of the crops.
    teacher
        Trained network that reads the same bands: its predictions have the share `config.teacher_weight` in the
        loss (`distill.distillation`). It is not changed.
    sparse
        Whether labels are sparse: the teacher speaks for the cells that hold points and have no label, and for no
        others.
    unlabelled
        Sampler of crops whose train ids only say which cells hold points. The predictions of the teacher, or else of
        the running average of the network, are learned there with the weight `config.unlabelled_weight`
        (`distill.semi_supervised`).
    state
        That of an interrupted training with the same arguments, which is not done: it goes on from there, and ends
        with the same weights, as far as the same seed gives the same weights.
    on_row, on_step
        Called with each row of the history; with the number of steps done, and of all.
    on_state
        Called after each validation step with the state of the training. Of several processes the first one's
        counts.

    Raises
    ------
    InputError
        If the state is of another network or optimiser.
    TrainingError
        If the loss becomes infinite or NaN.
    OutOfMemoryError
        If network and crops do not fit in memory.
    UsageError, DeviceError
        If there is no such loss, optimiser, schedule or device, or several processes cannot share a batch evenly.
    """
    steps = config.steps
    assert steps is not None  # whoever knows the clouds has chosen
    place, loss_of = resolve(device), loss_of or parse(config.loss, len(classes))
    if config.smooth_boundary:
        loss_of = loss_of.smoothed(config.smooth_boundary)
    processes = Processes.of_training()
    live = _new(net, len(bands), len(classes), seed)
    if init is not None:
        live.load_state_dict(init.state_dict())
    live = live.to(place, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(live).eval()
    live = with_common_statistics(live, processes)
    optimizer = make_optimizer(config.optimiser, live.parameters(), config)
    schedule = make_schedule(config.schedule, config)
    dtype = training_type(place)
    scaler = grad_scaler(place, dtype)
    running = Running(live, average, optimizer, schedule, scaler)
    first = _frozen(init, place)
    objective = TrainingObjective(
        loss_of, config, average, _frozen(teacher, place), place, sparse, dtype, processes
    )
    losses = StepLosses(config)
    begin, spent = (0, 0.0) if state is None else (state.step, state.seconds)
    start = time.monotonic() - spent
    share, workers = processes.share(config.batch), workers_for(place, processes_here())

    def stream_of(
        sampler: Sampler, seed: int, maps_of: Callable[[Tensor], Maps] | None = None
    ) -> Generator[Batch, None, None]:
        """Return the crops that this process makes for each step to come, on the device."""
        made = batches(
            sampler,
            bands,
            config.batch,
            steps,
            seed,
            maps_of,
            begin,
            classes=len(classes),
            share=share,
            workers=workers,
            pinned=place.type == "cuda",
        )
        return on_device(made, place)

    stream = stream_of(sampler, seed, functools.partial(loss_of.maps, classes=len(classes)))
    extra_stream: Generator[Batch | None, None, None] = (None for _ in itertools.count())
    if unlabelled is not None:
        extra_stream = stream_of(unlabelled, seed + UNLABELLED)
    with seeded(place, seed), closing(stream), closing(extra_stream):
        if state is not None:
            running.restore(state, place)
        processes.draw_apart(seed, begin)
        for step, batch, extra in zip(range(begin + 1, steps + 1), stream, extra_stream, strict=False):
            progress = (step - 1) / steps
            if minutes:
                elapsed = time.monotonic() - start
                progress = processes.from_first(max(progress, elapsed / (60 * minutes)))
            rate = config.learning_rate * schedule.factor(progress)
            with trusted_targets():  # the threads of the crops have checked them
                loss = objective(live, batch, extra, progress)
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            processes.sum_gradients(live)
            set_rate(optimizer, rate)
            scaler.step(optimizer)
            scaler.update()
            _blend(average, live, min(config.average, step / (step + 9)))
            losses.add(step, loss)  # on a GPU the host waits here for the step before
            if on_step is not None:
                on_step(step, steps)
            last = step == steps or progress >= 1
            if not last and step % config.validate_every:
                continue
            row = {"step": step, "loss": losses.take_mean(), "learning_rate": rate}
            kept = _mixed(average, first, init_share)
            row |= validate(kept, validation, bands, classes, place) if processes.is_first else {}
            row["miou"] = processes.from_first(row.get("miou", math.nan))
            row["seconds"] = time.monotonic() - start
            running.history.append(row)
            if on_row is not None:
                on_row(row)
            schedule.update(row["miou"])
            running.best.update(kept, row["miou"])
            done = last or running.best.stale >= config.patience
            if on_state is not None:
                on_state(running.state(step, time.monotonic() - start, place, done=done))
            if done:
                break
            processes.draw_apart(seed, step)
    average.load_state_dict(running.best.weights)
    average.eval().to("cpu", memory_format=torch.contiguous_format)
    return Trained(average, running.history, running.best.reached)


def trained_before(
    state: NetworkState, bands: tuple[Band, ...], classes: Sequence[str], net: NetConfig
) -> Trained:
    """Return the network of a training that is done.

    Raises
    ------
    InputError
        If the state is of another network.
    """
    network = _new(net, len(bands), len(classes), seed=0)
    try:
        network.load_state_dict(state.tensors["best"])
    except (KeyError, RuntimeError) as error:
        raise unfit(error) from error
    return Trained(network.eval(), list(state.history), state.reached)


def _new(net: NetConfig, in_bands: int, classes: int, seed: int) -> nn.Module:
    """Return a network with weights drawn from the seed; the random numbers of the caller stay as they are."""
    with seeded(torch.device("cpu"), seed):
        return build(net, in_bands, classes)


def _frozen(net: nn.Module | None, place: torch.device) -> nn.Module | None:
    """Return a copy of a trained network for prediction, on the device."""
    if net is None:
        return None
    return copy.deepcopy(net).eval().to(place, memory_format=torch.channels_last)  # type: ignore[call-overload]


@torch.no_grad()
def _blend(average: nn.Module, live: nn.Module, decay: float) -> None:
    """Move the average towards the live weights and statistics; counters are copied."""
    pairs = list(zip(average.state_dict().values(), live.state_dict().values(), strict=True))
    kept, new = zip(*((k, n) for k, n in pairs if k.is_floating_point()), strict=True)
    torch._foreach_lerp_(kept, new, 1 - decay)
    if counters := [pair for pair in pairs if not pair[0].is_floating_point()]:
        kept, new = zip(*counters, strict=True)
        torch._foreach_copy_(kept, new)


def _mixed(average: nn.Module, first: nn.Module | None, share: float) -> nn.Module:
    """Return the average with a share of the weights and statistics that the training began with."""
    if first is None or share == 0:
        return average
    mixed = copy.deepcopy(average)
    _blend(mixed, first, 1 - share)
    return mixed
