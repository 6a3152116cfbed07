"""Maps of a trained network -> a surrogate of the IoU loss for `neuro_iou`, and a report of what it is worth."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bevseg.errors import SurrogateError
from bevseg.seg.device import autocast, seeded
from bevseg.seg.inputs import IGNORE, to_device
from bevseg.seg.neuro_iou.loss import HIDDEN, INPUTS, Surrogate, features

log = logging.getLogger(__name__)

HELD_OUT = 0.1
"""Share of the pairs that only tell how good the fit is."""

FEWEST = 20
"""Pairs below which there is nothing to fit."""

STEPS = 3000
"""Steps of the fit: some seconds."""

BATCH = 64
"""Pairs in a step."""

SETS = ("TP", "FP", "FN")


@dataclass(frozen=True, eq=False)
class Pairs:
    """What the surrogate learns from: one row for each image and class that it shows.

    Attributes
    ----------
    kind
        Key of `loss.INPUTS`.
    inputs
        (n, 3) or (n, 6) float32, on the CPU; sums are shares of the valid pixels.
    targets
        (n,) IoU loss, in [0, 1].
    """

    kind: str
    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, rows: Tensor) -> Pairs:
        return Pairs(self.kind, self.inputs[rows], self.targets[rows])


@dataclass(frozen=True)
class Slope:
    """Which way f pulls the pixels of one set.

    Attributes
    ----------
    right
        Sign that raises the score of true positives and false negatives and lowers that of false positives.
    mean
        Mean of d f / d sum over the pairs, in IoU loss per unit of the sum. With 6 inputs the sum moves the mean
        behind it, too: sum / mean is the size of the set, from which the IoU follows, so that a perfect surrogate
        of 6 inputs would have no slope at all. What it has comes from its errors.
    share
        Share of the pairs with the right sign; NaN without pairs.
    pairs
        Pairs with such pixels, elsewhere the slope reaches nothing, and with an IoU below 1: where nothing is
        wrong f has been fitted to a constant, and its sign is chance.
    """

    right: int
    mean: float
    share: float
    pairs: int

    @property
    def is_right(self) -> bool:
        """Whether most pairs have the right sign; no pair at all is no proof of it."""
        return self.share > 0.5


@dataclass(frozen=True)
class Report:
    """How well a surrogate was fitted.

    Attributes
    ----------
    kind
        Of the inputs.
    fitted, held_out
        Numbers of pairs.
    rmse, worst
        Root mean square and largest error over the pairs held out, in IoU loss.
    spread
        RMSE there of the best constant: a surrogate that is no better has learned nothing.
    slopes
        Of each of SETS, over all pairs.
    """

    kind: str
    fitted: int
    held_out: int
    rmse: float
    worst: float
    spread: float
    slopes: dict[str, Slope]

    def __str__(self) -> str:
        lines = [
            f"surrogate with inputs {self.kind}, fitted to {self.fitted} pairs of a map and a class; over "
            f"{self.held_out} held out the IoU loss is off by {self.rmse:.4f} (RMSE; a constant: "
            f"{self.spread:.4f}), at most {self.worst:.4f}"
        ]
        return "\n  ".join(lines + [self._of(name) for name in self.slopes])

    def _of(self, name: str) -> str:
        """Return the slope of a set as text; the sign in it is the right one."""
        slope = self.slopes[name]
        if not slope.pairs:
            return f"df/d{name}: no pixel in any pair that has errors"
        sign = "<" if slope.right < 0 else ">"
        return (
            f"df/d{name} {sign} 0 in {100 * slope.share:.0f} % of {slope.pairs} pairs, mean {slope.mean:+.3g}"
        )

    def ensure_sound(self) -> None:
        """Check the signs of the slopes; warn if only that of false negatives is wrong.

        The sign that most pairs have decides. Means are printed beside it and do not decide: a few pairs of tiny
        classes have by far the steepest slopes.

        Raises
        ------
        SurrogateError
            If the slope of true positives or of false positives has the wrong sign.
        """
        wrong = [name for name, slope in self.slopes.items() if not slope.is_right]
        fatal = [name for name in wrong if name != "FN"]
        if fatal:
            raise SurrogateError(
                "The surrogate of the IoU loss has a slope of the wrong sign",
                where=f"sign of the slope of {', '.join(fatal)}, inputs {self.kind}",
                why="; ".join(self._of(name) for name in fatal),
                hint="fit it to the maps of another --init, on more and more varied crops, or choose another variant",
            )
        if wrong:
            log.warning(
                "the surrogate lowers the score of false negatives, against the paper's text: %s. With probabilities "
                "that is common, since their sum is larger where more is missed",
                self._of("FN"),
            )


@torch.no_grad()
def pairs_of(
    net: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], kind: str, device: torch.device
) -> Pairs:
    """Return the pairs of the maps of a network, computed without dropout.

    Parameters
    ----------
    net
        It is not changed.
    batches
        Inputs (B, bands, rows, cols) and targets (B, rows, cols) with IGNORE.
    kind
        Key of `loss.INPUTS`.
    device
        Where to compute.
    """
    net = copy.deepcopy(net).eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    inputs, targets = [torch.empty(0, INPUTS[kind])], [torch.empty(0)]
    for x, y in batches:
        with autocast(device):
            logits = net(to_device(x, device))
        found = features(logits, to_device(y, device), IGNORE, inputs=kind)
        inputs.append(found.inputs.float().cpu())
        targets.append(found.targets.float().cpu())
    return Pairs(kind, torch.cat(inputs), torch.cat(targets))


def fit(
    pairs: Pairs,
    *,
    hidden: Sequence[int] = HIDDEN,
    steps: int = STEPS,
    seed: int = 0,
) -> tuple[Surrogate, Report]:
    """Fit a surrogate to nine tenths of the pairs, and say how it does on the others.

    The sum of squared errors (eq. 3) is minimised over batches of pairs by Adam with a rate that falls to 0. The
    same seed gives the same weights on a CPU with one number of threads. Nothing is chosen by the pairs held out.

    Parameters
    ----------
    pairs
        At least FEWEST.
    hidden
        As for `Surrogate`.
    steps
        Of the optimiser.
    seed
        Of the split, the first weights and the batches.

    Returns
    -------
    Surrogate, Report
        The surrogate, frozen, on the CPU. It clips its inputs to the range of the pairs it was fitted to. Whether
        it may be used is for `Report.ensure_sound` to say.

    Raises
    ------
    SurrogateError
        For too few pairs.
    """
    learned, held_out = _split(pairs, seed)
    surrogate = learn(learned, hidden=hidden, steps=steps, seed=seed)
    return surrogate, Report(
        pairs.kind,
        len(learned),
        len(held_out),
        **_errors(surrogate, held_out),
        slopes=slopes(surrogate, pairs),
    )


def learn(pairs: Pairs, *, hidden: Sequence[int] = HIDDEN, steps: int = STEPS, seed: int = 0) -> Surrogate:
    """Return a surrogate fitted to all pairs: the core of `fit`, without a check of what it is worth."""
    inputs, targets = pairs.inputs, pairs.targets
    with seeded(torch.device("cpu"), seed):
        f = Surrogate(inputs.shape[1], hidden)
        spread, centre = torch.std_mean(f.bend(inputs), 0, correction=0)
        f.centre.copy_(centre)
        f.spread.copy_(torch.where(spread > 0, spread, 1))
        f.low.copy_(inputs.amin(0))
        f.high.copy_(inputs.amax(0))
        optimiser = torch.optim.Adam(f.parameters(), lr=1e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for _ in range(steps):
            rows = torch.randint(len(pairs), (min(BATCH, len(pairs)),))
            loss = (f(inputs[rows]) - targets[rows]).square().sum() / len(rows)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return f.requires_grad_(False).eval()


def approximation(
    pairs: Pairs,
    counts: Sequence[int],
    noises: Sequence[float] = (0.0,),
    *,
    hidden: Sequence[int] = HIDDEN,
    steps: int = STEPS,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """How well a network can learn the IoU loss: the error over held-out pairs by number and noise of the others.

    The check of the paper's section 4.2. All rows share the pairs held out, and fewer pairs are some of the more.

    Parameters
    ----------
    pairs
        At least FEWEST.
    counts
        Numbers of pairs to fit to; those that there are not are left out.
    noises
        Standard deviations of normal noise on the IoU losses that are fitted to, never on those held out.
    hidden, steps, seed
        As for `fit`.

    Returns
    -------
    list of dict
        Rows `inputs`, `pairs`, `noise`, `held_out`, `rmse`, `worst`, `spread`.
    """
    learned, held_out = _split(pairs, seed)
    normal = torch.randn(len(learned), generator=torch.Generator().manual_seed(seed))
    rows = []
    for count in counts:
        if count > len(learned):
            continue
        for noise in noises:
            noisy = Pairs(pairs.kind, learned.inputs[:count], (learned.targets + noise * normal)[:count])
            errors = _errors(learn(noisy, hidden=hidden, steps=steps, seed=seed), held_out)
            row = {"inputs": pairs.kind, "pairs": count, "noise": noise, "held_out": len(held_out)}
            rows.append(row | errors)
    return rows


def slopes(surrogate: nn.Module, pairs: Pairs) -> dict[str, Slope]:
    """Return which way f pulls the pixels of each of SETS."""
    x = pairs.inputs.clone().requires_grad_()
    (steepness,) = torch.autograd.grad(surrogate(x).sum(), x)
    sums, effect = pairs.inputs[:, :3], steepness[:, :3]
    reached = (sums > 0) & (pairs.targets > 0)[:, None]
    if (
        pairs.kind == "6"
    ):  # a pixel moves the mean of its set by as much more as the set is smaller than the image
        effect = effect + steepness[:, 3:] * pairs.inputs[:, 3:] / torch.where(sums > 0, sums, 1)
    # The hinge cost of a pixel of the class falls as its score rises.
    right = (1, 1, 1) if pairs.kind == "hinge" else (-1, 1, -1)
    return {name: _slope(effect[reached[:, i], i], right[i]) for i, name in enumerate(SETS)}


def _slope(values: Tensor, right: int) -> Slope:
    if not len(values):
        return Slope(right, math.nan, math.nan, 0)
    return Slope(right, values.mean().item(), (values * right > 0).float().mean().item(), len(values))


def _split(pairs: Pairs, seed: int) -> tuple[Pairs, Pairs]:
    """Return the pairs to learn from, shuffled, and those held out."""
    if len(pairs) < FEWEST:
        raise SurrogateError(
            "Too few maps to fit a surrogate of the IoU loss",
            why=f"{len(pairs)} pairs of a map and a class, {FEWEST} are needed",
            hint="train on more clouds, or on smaller crops",
        )
    order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(seed))
    held_out = max(1, round(HELD_OUT * len(pairs)))
    return pairs[order[held_out:]], pairs[order[:held_out]]


@torch.no_grad()
def _errors(surrogate: nn.Module, pairs: Pairs) -> dict[str, float]:
    errors = surrogate(pairs.inputs) - pairs.targets
    return {
        "rmse": errors.square().mean().sqrt().item(),
        "worst": errors.abs().max().item(),
        "spread": pairs.targets.std(correction=0).item(),
    }
