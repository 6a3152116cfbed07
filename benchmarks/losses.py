"""Each loss forward and backward, beside the plainest correct PyTorch form of the published algorithm.

    python benchmarks/losses.py [--json F] [--repeats N] [--step] [--precision]

Ours and the other are timed in turn in one run, float32, on one thread, in the time of that thread: what else the
machine does counts for neither. Medians. Cross-entropy is torch's own. The distance losses get the maps of the target
from the loader, as in training, and once more make them themselves ("alone"). `--step` adds what each loss costs
beside a training step of the default network, on the CPU and on a GPU where there is one. `--precision` adds how far
the steps of the Lovász extension in float32 are from those in float64: differences of J, as published, and ours.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as nnf
from scipy import ndimage
from torch import Tensor

from bevseg.config import NetConfig, TrainConfig
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.losses import (
    hausdorff_dt,
    jaccard_metric,
    lovasz_hinge,
    lovasz_softmax,
    parse,
    power_jaccard,
)
from bevseg.seg.losses.distance_maps import target_distance
from bevseg.seg.losses.lovasz_kernels import extension
from bevseg.seg.losses.registry import LOSSES
from bevseg.seg.models.unet import UNet

SHAPES = ((8, 2, 256), (4, 5, 512))
"""Images, classes, side."""

SHARE = 0.1
"""Of the pixels that are of the class, where steps are compared."""

IN_BANDS = 7
"""Bands of a slice, about."""

Run = Callable[[], Tensor]


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--step", action="store_true", help="the share of each loss in a training step")
    parser.add_argument("--precision", action="store_true", help="of the Lovász steps in float32")
    parser.add_argument("--json", type=Path, help="write the numbers to this file as well")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, Any] = {"torch": torch.__version__, "ratios": ratios(options.repeats)}
    print(table(found["ratios"]))
    if options.step:
        places = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
        found["step"] = {place: shares(torch.device(place), options.repeats) for place in places}
        for place, rows in found["step"].items():
            print(share_table(place, rows))
    if options.precision:
        found["precision"] = precision()
        print(precision_table(found["precision"]))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def ratios(repeats: int) -> list[dict[str, Any]]:
    """Return one row per comparison and shape: milliseconds of ours and of the other, and the goal."""
    rows = []
    for shape in SHAPES:
        logits, target = blobs(*shape)
        maps = target_distance(target, shape[1])
        front, fore = logits[:, 1], (target == 1).long()
        ce = partial(nnf.cross_entropy, logits, target)
        pairs: list[tuple[str, Run, Run, float, bool]] = [
            (
                "Lovász-Softmax",
                partial(lovasz_softmax, logits, target),
                partial(plain_softmax, logits, target),
                3,
                True,
            ),
            (
                "Lovász hinge, batch",
                partial(lovasz_hinge, front, fore),
                partial(plain_hinge, front, fore),
                3,
                True,
            ),
            (
                "Lovász hinge, per image",
                partial(lovasz_hinge, front, fore, per_image=True),
                partial(plain_hinge, front, fore, per_image=True),
                3,
                True,
            ),
            *(
                (f"power Jaccard {p:g}", partial(power_jaccard, logits, target, p=p), ce, 2, False)
                for p in (1, 1.5, 1.75, 1.9, 2)
            ),
            ("JML, hard labels", partial(jaccard_metric, logits, target), ce, 2, False),
            (
                "Hausdorff DT",
                partial(hausdorff_dt, logits, target, maps=maps),
                partial(plain_hausdorff, logits, target),
                2,
                True,
            ),
            (
                "Hausdorff DT, alone",
                partial(hausdorff_dt, logits, target),
                partial(plain_hausdorff, logits, target),
                2,
                True,
            ),
        ]
        for name, ours, other, goal, faster in pairs:
            mine, theirs = in_turn(
                ours, other, logits, repeats if "Hausdorff" not in name else min(repeats, 5)
            )
            rows.append(
                {
                    "loss": name,
                    "shape": list(shape),
                    "ours_ms": mine,
                    "other_ms": theirs,
                    "other": "plain form" if faster else "cross-entropy",
                    "ratio": theirs / mine if faster else mine / theirs,
                    "goal": goal,
                    "met": theirs / mine >= goal if faster else mine / theirs <= goal,
                }
            )
    return rows


def in_turn(ours: Run, other: Run, logits: Tensor, repeats: int) -> tuple[float, float]:
    """Return the medians of forward and backward, ms of the thread's time."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(repeats + 1):
        for run, into in zip((ours, other), times, strict=True):
            logits.grad = None
            start = time.thread_time()
            run().backward()
            if number:  # the first compiles, and allocates
                into.append(1e3 * (time.thread_time() - start))
    return statistics.median(times[0]), statistics.median(times[1])


def blobs(images: int, classes: int, side: int) -> tuple[Tensor, Tensor]:
    """Return logits with a gradient, and targets of smooth regions that they half follow."""
    torch.manual_seed(0)
    coarse = torch.randn(images, classes, side // 32, side // 32)
    smooth = nnf.interpolate(coarse, size=(side, side), mode="bilinear")
    logits = 2 * smooth + torch.randn(images, classes, side, side)
    return logits.requires_grad_(), smooth.argmax(1)


def plain_steps(truth: Tensor) -> Tensor:
    """Algorithm 1 of Berman et al.: differences of J down the sorted pixels."""
    inter = truth.sum() - truth.cumsum(0)
    union = truth.sum() + (1 - truth).cumsum(0)
    jaccard = 1 - inter / union
    return torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])


def precision() -> list[dict[str, float]]:
    """Return the sum of absolute errors of the steps, as a share of their sum, by the number of pixels."""
    rows = []
    for pixels in (10_000, 100_000, 1_000_000, 10_000_000):
        rng = np.random.default_rng(0)
        errors, truth = rng.random(pixels, dtype=np.float32), rng.random(pixels) < SHARE
        ours = np.empty(pixels, np.float32)
        extension(errors, 0, truth, ours)
        order = np.argsort(-errors, kind="stable")
        exact = plain_steps(torch.from_numpy(truth[order]).double()).numpy()
        published = plain_steps(torch.from_numpy(truth[order]).float()).numpy()
        size = np.abs(exact).sum()
        rows.append(
            {
                "pixels": pixels,
                "published": float(np.abs(published - exact).sum() / size),
                "ours": float(np.abs(np.abs(ours[order]) - exact).sum() / size),
            }
        )
    return rows


def plain_softmax(logits: Tensor, target: Tensor) -> Tensor:
    """Lovász-Softmax of the classes present, batch."""
    q, ids = logits.softmax(1).transpose(0, 1).flatten(1), target.flatten()
    costs = []
    for c in range(len(q)):
        truth = (ids == c).float()
        if truth.any():
            errors, order = (truth - q[c]).abs().sort(descending=True)
            costs.append(torch.dot(errors, plain_steps(truth[order])))
    return torch.stack(costs).mean()


def plain_hinge(logits: Tensor, target: Tensor, per_image: bool = False) -> Tensor:
    """Lovász hinge of the foreground."""
    costs = []
    for z, y in zip(logits, target, strict=True) if per_image else [(logits, target)]:
        truth = y.flatten().float()
        errors, order = (1 - z.flatten() * (2 * truth - 1)).sort(descending=True)
        costs.append(torch.dot(errors.relu(), plain_steps(truth[order])))
    return torch.stack(costs).mean()


def plain_hausdorff(logits: Tensor, target: Tensor) -> Tensor:
    """Karimi & Salcudean's distance-transform loss over the classes but the first; transforms by SciPy."""
    p = logits.softmax(1)[:, 1:]
    y = nnf.one_hot(target, logits.shape[1]).permute(0, 3, 1, 2)[:, 1:].float()
    far = _plain_distance(p.detach() > 0.5).square() + _plain_distance(y > 0.5).square()
    return ((p - y).square() * far).mean()


def _plain_distance(masks: Tensor) -> Tensor:
    maps = np.zeros(masks.shape, np.float32)
    for image in range(masks.shape[0]):
        for c in range(masks.shape[1]):
            mask = masks[image, c].numpy()
            if mask.any() and not mask.all():
                maps[image, c] = ndimage.distance_transform_edt(mask) + ndimage.distance_transform_edt(~mask)
    return torch.from_numpy(maps)


def shares(place: torch.device, repeats: int) -> list[dict[str, Any]]:
    """Return what each loss costs beside forward, backward and update of the default network on a default batch."""
    whole, answer, target = _step(place, repeats)
    rows = []
    for name in (name for name, entry in LOSSES.items() if not entry.learned):
        cost = _cost(name, answer, target, place, repeats)
        rows.append({"loss": name, "ms": cost, "step_ms": whole + cost, "share": cost / (whole + cost)})
    return rows


def _step(place: torch.device, repeats: int) -> tuple[float, Tensor, Tensor]:
    """Return the time of a training step without a loss, ms, and logits and target of a batch."""
    train, net_of = TrainConfig(), NetConfig()
    net = UNet(IN_BANDS, len(OUTPUTS), net_of.filters, net_of.depth).to(
        place, memory_format=torch.channels_last
    )
    optimiser = torch.optim.AdamW(net.parameters(), fused=True)
    bands = torch.randn(train.batch, IN_BANDS, train.crop, train.crop, device=place)
    bands = bands.contiguous(memory_format=torch.channels_last)
    _, target = blobs(train.batch, len(OUTPUTS), train.crop)
    target = target.to(place)
    target[:, ::3] = 255  # empty cells
    with torch.no_grad():
        answer = net(bands).float()

    def step() -> None:
        optimiser.zero_grad()
        net(bands).sum().backward()
        optimiser.step()

    return _median(step, place, repeats), answer, target


def _cost(name: str, answer: Tensor, target: Tensor, place: torch.device, repeats: int) -> float:
    """Return the time of forward and backward of a loss, ms."""
    loss, logits = parse(name), answer.clone().requires_grad_()
    maps = {key: plane.to(place) for key, plane in loss.maps(target.cpu(), len(OUTPUTS)).items()}
    return _median(partial(_there_and_back, partial(loss, logits, target, 255, **maps)), place, repeats)


def _there_and_back(run: Run) -> None:
    run().backward()


def _median(work: Callable[[], Any], place: torch.device, repeats: int) -> float:
    times = []
    for number in range(repeats + 1):
        clock = time.perf_counter if place.type == "cuda" else time.thread_time
        _wait(place)
        start = clock()
        work()
        _wait(place)
        if number:
            times.append(1e3 * (clock() - start))
    return statistics.median(times)


def _wait(place: torch.device) -> None:
    if place.type == "cuda":
        torch.cuda.synchronize()


def table(rows: list[dict[str, Any]]) -> str:
    """Return the ratios as Markdown."""
    lines = ["| loss | shape | ours, ms | beside, ms | ratio | goal |", "|---|---|---:|---:|---:|---|"]
    for row in rows:
        images, classes, side = row["shape"]
        goal = f"≥ {row['goal']} x faster" if row["other"] == "plain form" else f"≤ {row['goal']} x"
        if not row["met"]:
            goal += ", not met"
        times = f"{row['ours_ms']:.1f} | {row['other_ms']:.1f} ({row['other']})"
        lines.append(
            f"| {row['loss']} | {images}x{classes}x{side}² | {times} | {row['ratio']:.2f} | {goal} |"
        )
    return "\n".join(lines)


def precision_table(rows: list[dict[str, float]]) -> str:
    """Return the errors as Markdown."""
    lines = ["\n| pixels | differences of J, float32 | closed form, float32 |", "|---:|---:|---:|"]
    lines += [f"| {row['pixels']:,} | {row['published']:.2g} | {row['ours']:.2g} |" for row in rows]
    return "\n".join(lines)


def share_table(place: str, rows: list[dict[str, Any]]) -> str:
    """Return the shares as Markdown."""
    name = torch.cuda.get_device_name() if place == "cuda" else "CPU, one thread"
    lines = [f"\n| loss ({name}) | ms | of a training step |", "|---|---:|---:|"]
    lines += [f"| {row['loss']} | {row['ms']:.1f} | {100 * row['share']:.1f} % |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
