"""How much of the initial model fine-tuning should keep, and at which learning rate: Oakland.

    python benchmarks/init_worth.py [--model MODEL] [--rates 2e-3 5e-4] [--trials ak ad ... ag,aj,ak ...] [--json F]

Each trial trains on one or more of the seven training clouds of `fine_tuning.py`. It is scored on the others of the
seven, pooled, and never on the test clouds of `fine_tuning.py`. A trial trains once and keeps nothing of the initial
model; its weights are then interpolated with those of the initial model, once for each share. `config.FINE_TUNING`
was chosen by this table.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from fine_tuning import TRAIN, files
from labelled_clouds import DATA, Set, score
from transfer import lines, said

from bevseg import pipeline
from bevseg.config import with_training
from bevseg.core.labels import load_scheme
from bevseg.errors import BevsegError
from bevseg.io.read import read_cloud
from bevseg.seg.checkpoint import Model
from bevseg.training import prepare_example, train
from bevseg.training.fine_tuning import training_settings
from bevseg.weights import default_model

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Shares of the initial model in the weights that are kept."""

TRIALS = ("ak", "ad", "al", "ag", "ag,aj,ak", "ad,ae,ak", "ag,ak,al", "ad,ae,ai,aj,ak,al")

STEPS = 400
"""Of every training, whatever its clouds: only the share is to differ. None shows simulated streets."""

Row = dict[str, Any]


def main() -> None:
    """Train, interpolate, score, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="initial model [default: the one that ships]")
    parser.add_argument("--rates", nargs="+", type=float, default=(2e-3, 5e-4))
    parser.add_argument("--trials", nargs="+", default=TRIALS, help="clouds of a trial, joined by commas")
    parser.add_argument("--data", type=Path, default=DATA / "oakland3d", help="[default: %(default)s]")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    for trial in asked.trials:
        if not set(trial.split(",")) < set(TRAIN):
            parser.error(f"trial {trial}: name some of {' '.join(TRAIN)}, not all, joined by commas")
    try:
        rows = list(measure(asked))
    except BevsegError as error:
        sys.exit(str(error))
    print(markdown(rows))
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def measure(asked: argparse.Namespace) -> Iterator[Row]:
    """Yield rate, clouds, share and scores (`miou`, `miou_4`) of every interpolated model."""
    start = pipeline.load_model(asked.model or default_model())
    usual = training_settings(None, init=asked.model or default_model())
    paths = dict(zip(TRAIN, files(asked.data, TRAIN), strict=True))
    clouds = {name: read_cloud(path, scheme=load_scheme("oakland")) for name, path in paths.items()}
    for rate in asked.rates:
        settings = with_training(usual, init_worth=0.0, learning_rate=rate, steps=STEPS, simulated=0.0)
        for trial in asked.trials:
            learned = trial.split(",")
            examples = [prepare_example(clouds[name], settings) for name in learned]
            tuned, _ = train(examples, settings, init=start, device=asked.device)
            others = Set(
                trial, {name: lambda name=name: clouds[name] for name in TRAIN if name not in learned}
            )
            for share in SHARES:
                found = score(interpolated(tuned, start, share), others, asked.device, said=lambda _: None)
                iou = found["pooled"]["iou"]
                said(f"{trial}, rate {rate:g}, share {share:g}: mIoU {100 * iou['miou']:.1f}")
                yield {"rate": rate, "clouds": learned, "share": share} | {
                    key: iou[key] for key in ("miou", "miou_4")
                }


def interpolated(tuned: Model, start: Model, share: float) -> Model:
    """Return a model with this share of the weights and statistics of `start`."""
    nets = {}
    for name, net in tuned.nets.items():
        theirs = start.nets[name].state_dict()
        nets[name] = copy.deepcopy(net)
        nets[name].load_state_dict(
            {
                key: torch.lerp(value, theirs[key], share) if value.is_floating_point() else value
                for key, value in net.state_dict().items()
            }
        )
    return dataclasses.replace(tuned, nets=nets)


def markdown(rows: Sequence[Row]) -> str:
    """Return the table: a line for each trial, and one for the mean over those of as many clouds."""
    found = []
    for rate in dict.fromkeys(row["rate"] for row in rows):
        of_rate = [row for row in rows if row["rate"] == rate]
        for count in sorted({len(row["clouds"]) for row in of_rate}):
            alike = [row for row in of_rate if len(row["clouds"]) == count]
            trials = list(dict.fromkeys(" ".join(row["clouds"]) for row in alike))
            for trial in trials:
                found.append(line(rate, trial, [row for row in alike if " ".join(row["clouds"]) == trial]))
            if len(trials) > 1:
                found.append(line(rate, f"**mean of {len(trials)}**", alike))
    return lines(("learning rate", "trained on", *(f"share {share:g}" for share in SHARES)), found)


def line(rate: float, title: str, rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the cells `mIoU / mIoU-4` of some trials, share by share, in percent."""
    cells = []
    for share in SHARES:
        of_share = [row for row in rows if row["share"] == share]
        cells.append(
            " / ".join(
                f"{100 * statistics.fmean(r[key] for r in of_share):.1f}" for key in ("miou", "miou_4")
            )
        )
    return (f"{rate:g}", title, *cells)


if __name__ == "__main__":
    main()
