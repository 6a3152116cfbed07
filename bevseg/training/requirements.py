"""What a training needs before it begins: everything that is wrong is refused before a cloud is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from bevseg.bev.sampling import check_sampling
from bevseg.config import Settings
from bevseg.config.domains import Fault, refusal, shown
from bevseg.errors import UsageError
from bevseg.seg.checkpoint import Model
from bevseg.seg.losses.loss import Loss
from bevseg.seg.losses.loss_text import parse
from bevseg.seg.models.build import ensure_trainable
from bevseg.seg.models.registry import network_class
from bevseg.seg.training.distributed import Processes


def ensure_distinct(names: Sequence[str]) -> None:
    """Raise UsageError unless there are clouds to train on, each with a name of its own.

    Clouds are held out by name: two of one name would be one, and nothing would be held out.
    """
    if not names:
        raise UsageError(
            "There is no cloud to train on", why="the list is empty", hint="give one labelled cloud or more"
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UsageError(
            f"Two clouds have the name {twice[0]!r}",
            why="clouds are held out by their names",
            hint="give each labelled cloud a name of its own",
        )


def check_training_settings(settings: Settings, *, has_init: bool = False) -> None:
    """Raise UsageError if a training cannot begin with these settings: one error for all that is wrong.

    The groups have checked their numbers and words; here are the texts that loss, sampling and network read
    themselves.

    Parameters
    ----------
    settings
        Those of the training.
    has_init
        Whether it starts from a trained model.
    """
    config = settings.train

    def check_loss() -> None:
        loss = parse(config.loss)
        loss.ensure_init(has_init=has_init)
        ensure_one_process(loss)
        if config.smooth_boundary:
            loss.smoothed(config.smooth_boundary)

    checks: tuple[tuple[str, str | int, Callable[[], object]], ...] = (
        ("net.kind", settings.net.kind, lambda: network_class(settings.net.kind)),
        ("train.loss", config.loss, check_loss),
        ("train.sampling", config.sampling, lambda: check_sampling(config.sampling)),
        ("train.batch", config.batch, lambda: Processes.of_training().share(config.batch)),
        ("train.crop", config.crop, lambda: _ensure_trainable(settings)),
    )
    faults: list[Fault] = []
    errors: list[UsageError] = []
    for key, text, check in checks:
        try:
            check()
        except UsageError as error:
            reason = "; ".join(part for part in (error.what, error.why, error.hint) if part)
            faults.append(Fault(key, f" = {shown(text)}: {reason}"))
            # The text may come from an option or a file: the key says which setting it is.
            where = (
                error.where if error.where in ("--init", "--smooth-boundary") else f"{key} = {shown(text)}"
            )
            errors.append(UsageError(error.what, where=where, why=error.why, hint=error.hint))
    if faults:
        raise errors[0] if len(errors) == 1 else refusal(faults)


def _ensure_trainable(settings: Settings) -> None:
    ensure_trainable(settings.net, settings.train.batch, settings.train.crop, settings.train.crop)


def ensure_one_process(loss: Loss) -> None:
    """Raise UsageError if several processes are to train with a loss that each of them would learn for itself."""
    if loss.needs_init and Processes.of_training().count > 1:
        raise UsageError(
            f"The loss {loss.text!r} trains in one process only",
            why="it is learned first, and each process would learn another one",
            hint="start `bevseg train` without torchrun",
        )


def ensure_networks(
    settings: Settings, slices: Sequence[str], init: Model | None = None, teacher: Model | None = None
) -> None:
    """Raise an error unless a training can have the networks of its settings.

    Raises
    ------
    UsageError
        If there is no such network, or the model to start from or the teacher was made with other settings.
    ModelError
        If one of these lacks a slice.
    """
    network_class(settings.net.kind)
    if init is not None:
        _ensure_same("The model to start from was made with other settings", "--init", init, settings, "net")
        if parse(settings.train.loss).needs_init:
            for name in slices:
                init.require(name)
    if teacher is not None:
        _ensure_same("The teacher needs other rasters", "--teacher", teacher, settings)
        for name in slices:
            teacher.require(name)


def _ensure_same(what: str, option: str, model: Model, settings: Settings, *groups: str) -> None:
    for group in ("slices", "raster", *groups):
        trained, given = getattr(model.settings, group), getattr(settings, group)
        if trained != given:
            raise UsageError(
                what,
                where=option,
                why=f"{group}: {trained} in the model, {given} in the settings",
                hint="remove --config, give the settings or a model that match, or start from nothing: --init none",
            )
