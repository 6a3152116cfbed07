"""Trainings that `test_distributed.py` runs in one process and, under torchrun, in two: `python together.py OUT`."""

import dataclasses
import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from safetensors.torch import save_file

from bevseg.config import NetConfig
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.training import loop
from bevseg.seg.training.distributed import joined
from bevseg.seg.training.state_file import TrainingState, read, write
from tests.seg import scenes

NET = NetConfig(filters=8, depth=2, dropout=0.0)
CONFIG = dataclasses.replace(
    scenes.QUICK, batch=4, steps=4, validate_every=1, confidence=0.0, optimiser="sgd", learning_rate=0.02
)
"""Adam divides by the size of a gradient: where that is a rounding error, weights would differ by whole steps."""

CASES = {
    "sum": {"loss": "ce+power_jaccard"},
    "lovasz": {"loss": "lovasz_softmax"},
    "jml": {"loss": "jml", "minutes": 100.0},
    "maps": {"loss": "ce+boundary"},
    "smoothed": {"loss": "0.25*ce+0.75*jml", "smooth_boundary": 0.3},
    "teacher": {"loss": "ce", "teacher": True},
    "unlabelled": {"loss": "ce", "unlabelled": True},
}


def train(
    loss, *, net=NET, teacher=False, unlabelled=False, minutes=None, state=None, on_state=None, **changes
):
    """Train a network in float32, whatever the processor is good at: half precision rounds in another order."""
    scene = [scenes.squares(np.random.default_rng((99, 0)), 48)]
    with mock.patch.object(loop, "training_type", lambda place: torch.float32):
        return loop.train_network(
            scenes.draw,
            scene,
            scenes.BANDS,
            OUTPUTS,
            net,
            dataclasses.replace(CONFIG, loss=loss, **changes),
            device="cpu",
            minutes=minutes,
            teacher=loop._new(NET, len(scenes.BANDS), len(OUTPUTS), 1) if teacher else None,
            unlabelled=scenes.draw if unlabelled else None,
            state=state,
            on_state=on_state,
        )


def main(out):
    with joined("cpu") as (processes, _):

        def keep(name, trained):
            save_file(trained.net.state_dict(), out / f"{name}-{processes.rank}.safetensors")
            (out / f"{name}-{processes.rank}.json").write_text(json.dumps(trained.history))

        def keep_state(state):
            if processes.is_first:
                write(TrainingState({}, networks={"low": state}), out / f"state-{state.step}")

        for name, case in CASES.items():
            keep(name, train(**case))
        drops = dataclasses.replace(NET, dropout=0.5)
        keep("whole", train("ce", net=drops, on_state=keep_state))
        keep("resumed", train("ce", net=drops, state=read(out / "state-2").networks["low"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
