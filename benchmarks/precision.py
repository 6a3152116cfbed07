"""How many labels differ between float32 and bfloat16 on one processor, with the model that ships.

python benchmarks/precision.py CLOUD [CLOUD ...] [--classes SCHEME]
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from unittest import mock

import torch

import bevseg
from bevseg import weights
from bevseg.seg import checkpoint
from bevseg.seg.device import half_precision


def main() -> None:
    """Label each cloud twice, print the share of the classes that differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clouds", type=Path, nargs="+")
    parser.add_argument("--classes", help="scheme of the clouds")
    options = parser.parse_args()
    if not half_precision(torch.device("cpu")):
        parser.error("this processor has no instructions for bfloat16")
    exact_model, fast_model = (checkpoint.load(weights.DEFAULT) for _ in range(2))  # each keeps its precision
    differing = points = 0
    for path in options.clouds:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cloud = bevseg.read(path, classes=options.classes)
        with mock.patch("bevseg.seg.inference.predict.half_precision", lambda _: False):
            exact, _ = bevseg.label(cloud, model=exact_model, device="cpu")
        fast, _ = bevseg.label(cloud, model=fast_model, device="cpu")
        differing, points = differing + int((exact != fast).sum()), points + len(cloud)
        print(
            f"{path.name}: {100 * (exact != fast).mean():.3f} % of {len(cloud):,} classes differ", flush=True
        )
    print(f"all: {100 * differing / points:.3f} % of {points:,}")


if __name__ == "__main__":
    main()
