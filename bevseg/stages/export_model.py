"""A model -> an ONNX file for each of its networks: `bevseg export-model`."""

from __future__ import annotations

import logging
from pathlib import Path

from bevseg import pipeline
from bevseg.config.names import SLICES
from bevseg.runtime.atomic import ensure_absent, ensure_writable, replacing
from bevseg.runtime.batch import BatchResult
from bevseg.seg.to_onnx import load_onnx, to_onnx

log = logging.getLogger(__name__)

SUFFIX = ".onnx"


def export_model(path: Path, folder: Path, *, overwrite: bool = False) -> BatchResult:
    """Write the networks of a model as ONNX files: `low.onnx` and `high.onnx`.

    Parameters
    ----------
    path
        The model.
    folder
        Where the files are written; made if it is not there.
    overwrite
        Whether the files may be replaced.

    Raises
    ------
    DependencyError
        If the libraries of the extra `onnx` are missing.
    ModelError
        If the file is no model, or a network cannot be exported.
    OutputExistsError, OutputWriteError
        If a file exists, or cannot be written. Nothing is written unless all networks can be exported.
    """
    load_onnx()
    model = pipeline.load_model(path)
    outputs = {name: folder / f"{name}{SUFFIX}" for name in SLICES if name in model.nets}
    for output in outputs.values():
        ensure_absent(output, overwrite=overwrite)
    ensure_writable(folder)
    files = {}
    for name in outputs:
        log.info("exporting the network of the %s slice", name)
        files[name] = to_onnx(model, name)
    for name, output in outputs.items():
        with replacing(output, overwrite=overwrite) as temporary:
            temporary.write_bytes(files[name])
    return BatchResult(list(outputs.values()))
