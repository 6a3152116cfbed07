"""Forward pass of the networks that ship, one raster, one thread: torch as `predict` has it, and other runtimes.

    python benchmarks/network_runtimes.py [--side 1000] [--repeats 9] [--json F]

`torch` is the network as `predict` uses it: normalisation folded, channels last, bfloat16 where the processor is good
at it, and in float32 beside that. ONNX Runtime and OpenVINO read the file of `bevseg export-model`; OpenVINO once
more in the precision that it chooses itself. All get the bands of one raster and give all logits. They take turns,
raster by raster; medians of the time of the process, so that what else the machine does counts for none. A runtime
that is not installed is left out.

Needs: pip install 'bevseg[bench]'.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bevseg import weights
from bevseg.seg import checkpoint
from bevseg.seg.checkpoint import Model
from bevseg.seg.device import half_precision
from bevseg.seg.inputs import scaled
from bevseg.seg.models.folding import folded
from bevseg.seg.to_onnx import to_onnx

FILLED = 0.3
"""Share of the cells that hold points, about as in a street."""

Forward = Callable[[], NDArray[np.float32]]


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side", type=int, default=1000, help="rows and columns of the raster")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--json", type=Path, help="write the numbers to this file as well")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = checkpoint.load(weights.DEFAULT)
    found = {name: measured(model, name, options.side, options.repeats) for name in model.nets}
    for name, rows in found.items():
        print(table(name, rows, options.side))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measured(model: Model, slice_name: str, side: int, repeats: int) -> dict[str, dict[str, float]]:
    """Return runtime -> seconds of a forward pass, and how often its class is that of torch in float32."""
    values = raster(len(model.bands[slice_name]), side)
    runs = forwards(model, slice_name, values)
    exact = runs["torch float32"]().argmax(0)
    filled = ~np.isnan(values[0])
    agreement = {name: float((run().argmax(0) == exact)[filled].mean()) for name, run in runs.items()}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    return {
        name: {"seconds": statistics.median(times), "least": min(times), "agreement": agreement[name]}
        for name, times in seconds.items()
    }


def raster(bands: int, side: int) -> NDArray[np.float32]:
    """Draw bands (bands, side, side) in blocks of 8 x 8 cells; most of them are empty."""
    rng = np.random.default_rng(0)
    blocks = -(-side // 8)
    values = rng.uniform(0, 3, (bands, blocks, blocks))
    values[:, rng.random((blocks, blocks)) > FILLED] = np.nan
    return np.kron(values, np.ones((1, 8, 8)))[:, :side, :side].astype(np.float32)


def forwards(model: Model, slice_name: str, values: NDArray[np.float32]) -> dict[str, Forward]:
    """Return runtime -> a forward pass: logits (classes, rows, cols) of the raster."""
    cpu = torch.device("cpu")
    precisions = {"torch float32": torch.float32}
    if half_precision(cpu):
        precisions["torch bfloat16"] = torch.bfloat16
    found: dict[str, Forward] = {}
    for name, dtype in precisions.items():
        found[name] = _of_torch(model, slice_name, values, dtype)
    data = to_onnx(model, slice_name)
    if importlib.util.find_spec("onnxruntime"):
        found["ONNX Runtime"] = _of_onnxruntime(data, values)
    if importlib.util.find_spec("openvino"):
        found["OpenVINO float32"] = _of_openvino(data, values, "f32")
        found["OpenVINO, its choice"] = _of_openvino(data, values, None)
    return found


def _of_torch(model: Model, slice_name: str, values: NDArray[np.float32], dtype: torch.dtype) -> Forward:
    net, bands = folded(model.nets[slice_name], torch.device("cpu"), dtype), model.bands[slice_name]

    def run() -> NDArray[np.float32]:
        with torch.inference_mode():
            x = scaled(values, bands).to(dtype)[None].contiguous(memory_format=torch.channels_last)
            return np.asarray(net(x)[0].float().numpy())

    return run


def _of_onnxruntime(data: bytes, values: NDArray[np.float32]) -> Forward:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return lambda: np.asarray(session.run(None, {"bands": values[None]})[0][0])


def _of_openvino(data: bytes, values: NDArray[np.float32], precision: str | None) -> Forward:
    import openvino

    core = openvino.Core()
    settings: dict[str, Any] = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    if precision:
        settings["INFERENCE_PRECISION_HINT"] = precision
    request = core.compile_model(core.read_model(data), "CPU", settings).create_infer_request()
    return lambda: np.asarray(request.infer({"bands": values[None]})["logits"][0])


def table(slice_name: str, rows: dict[str, dict[str, float]], side: int) -> str:
    """Format the numbers of a slice as Markdown."""
    usual = rows.get("torch bfloat16", rows["torch float32"])["seconds"]
    lines = [
        f"| {slice_name}, {side} x {side} cells | s | times as fast as predict | same class, % |",
        "|---|---:|---:|---:|",
    ]
    for name, row in rows.items():
        ratio, same = usual / row["seconds"], 100 * row["agreement"]
        lines.append(f"| {name} | {row['seconds']:.2f} | {ratio:.2f} | {same:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
