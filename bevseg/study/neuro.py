"""The surrogate of the IoU that NeuroIoU learns from the maps of a trained network, and what it is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from bevseg.errors import SurrogateError
from bevseg.seg.neuro_iou.learn import CROPS, Variant
from bevseg.seg.neuro_iou.loss import neuro_iou
from bevseg.seg.neuro_iou.surrogate import Pairs, fit, pairs_of
from bevseg.study.crops import Crops
from bevseg.study.outputs import Loss


def learned(
    form: Variant, net: nn.Module, crops: Crops, target: Callable[[Tensor], Tensor], seed: int
) -> tuple[Loss | None, dict[str, Any]]:
    """Fit a surrogate to the maps of a network, and say what it is worth.

    Returns
    -------
    Loss or None, dict
        None if the surrogate would teach the wrong way, or there is too little to fit. Facts: `surrogate_rmse` over
        pairs held out, `surrogate_spread` (that of the best constant), `right_TP`, `right_FP`, `right_FN` (share of
        the pairs with the right sign), `refused` (why, or empty).
    """
    try:
        surrogate, report = fit(pairs(form, net, crops, target), seed=seed)
    except SurrogateError as error:
        return None, {"refused": error.why}
    facts = {"surrogate_rmse": report.rmse, "surrogate_spread": report.spread, "refused": ""}
    facts |= {f"right_{name}": slope.share for name, slope in report.slopes.items()}
    try:
        report.refuse()
    except SurrogateError as error:
        return None, facts | {"refused": error.why}
    return partial(neuro_iou, surrogate=surrogate, inputs=form.inputs), facts


def pairs(form: Variant, net: nn.Module, crops: Crops, target: Callable[[Tensor], Tensor]) -> Pairs:
    """Return the pairs of the maps of as many crops as in training."""

    def stream() -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(CROPS):
            bands, labels = crops.batch(1)
            yield bands, target(labels)

    return pairs_of(net, stream(), form.inputs, torch.device("cpu"))
