"""The reference set of multi-scale evaluation."""

import numpy as np

from bevseg.seg.inference.tta import multi_scale
from tests.seg.losses.goldens.case import Case, Departure


def multi_scale_eval(case: Case) -> dict[str, np.ndarray]:
    names = sorted((n for n in case.arrays if n.startswith("logits_")), key=lambda n: int(n.split("_")[1]))
    size = case.arrays["mean_probs"].shape[-2:]
    return {"mean_probs": multi_scale([case.tensor(name) for name in names], size).numpy()}


SETS = {"multi_scale_eval": multi_scale_eval}
DEPARTURES: tuple[Departure, ...] = ()
