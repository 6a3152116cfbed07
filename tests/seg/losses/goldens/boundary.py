"""Losses that measure distances to a contour."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from bevseg.seg.losses import contour, hausdorff
from tests.seg.losses.goldens.case import Case, Departure


def _distance_map_ce(case: Case) -> Tensor:
    return contour.distance_cross_entropy(case.logits, case.labels, case.ignore)


def _alpha(case: Case) -> float:
    return float(case.params.get("alpha", 2))


def _hausdorff_dt(case: Case) -> Tensor:
    logits, params = case.logits, case.params
    many = logits.ndim == 4 and logits.shape[1] > 1
    # Without the background, class 0: the reference keeps the only channel of binary logits.
    classes = range(1, logits.shape[1]) if many and not params.get("include_background", False) else None
    return hausdorff.hausdorff_dt(logits, case.labels, case.ignore, alpha=_alpha(case), classes=classes)


def _hausdorff_one_sided(case: Case) -> Tensor:
    return hausdorff.hausdorff_one_sided(case.logits, case.labels, case.ignore, alpha=_alpha(case))


def _hausdorff_er(case: Case) -> Tensor:
    erosions = int(case.params.get("k", 10))
    return hausdorff.hausdorff_erosion(
        case.logits, case.labels, case.ignore, alpha=_alpha(case), erosions=erosions
    )


def _hausdorff_cv(case: Case) -> Tensor:
    radii = [int(r) for r in case.params.get("radii", hausdorff.RADII)]
    return hausdorff.hausdorff_cv(case.logits, case.labels, case.ignore, radii=radii, alpha=_alpha(case))


def _hausdorff_dt_inside(case: Case) -> Tensor:
    return hausdorff.hausdorff_dt(
        case.logits, case.labels, case.ignore, classes=case.params.get("idc"), inside=True
    )


def _boundary_loss(case: Case) -> Tensor:
    return contour.boundary(case.logits, case.labels, case.ignore, classes=case.params.get("idc"))


def _shape_aware(case: Case) -> Tensor:
    return contour.shape_aware(case.logits, case.labels, case.ignore, scope=case.params.get("scope", "all"))


SETS = {
    "distance_map_ce": _distance_map_ce,
    "hausdorff_dt": _hausdorff_dt,
    "hausdorff_one_sided": _hausdorff_one_sided,
    "hausdorff_er": _hausdorff_er,
    "hausdorff_cv": _hausdorff_cv,
    "hausdorff_dt_inside": _hausdorff_dt_inside,
    "boundary_loss": _boundary_loss,
    "shape_aware": _shape_aware,
}


def _depths(masks: np.ndarray) -> np.ndarray:
    """Distance of each pixel of masks (..., H, W) to the nearest one outside; 0 there, and if there is none."""
    found = np.zeros(masks.shape)
    for image in np.ndindex(masks.shape[:-2]):
        if not masks[image].all():
            found[image] = distance_transform_edt(masks[image])
    return found


def _predicted_depths(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Softmax (B, C, H, W) in float64, and the depths of the most likely classes."""
    exps = np.exp(case.arrays["logits"] - case.arrays["logits"].max(1, keepdims=True))
    p = exps / exps.sum(1, keepdims=True)
    return p, _depths(p.argmax(1)[:, None] == np.arange(p.shape[1])[:, None, None])


def _rounded_down(case: Case) -> bool:
    p, depths = _predicted_depths(case)
    whole = np.floor(depths)
    return bool((depths != whole).any()) and case.holds(*_with_depths(case, p, whole))


def _exact_depths(case: Case) -> tuple[float, np.ndarray]:
    return _with_depths(case, *_predicted_depths(case))


def _with_depths(case: Case, p: np.ndarray, depths: np.ndarray) -> tuple[float, np.ndarray]:
    y = case.arrays["labels"][:, None] == np.arange(p.shape[1])[:, None, None]
    weights = np.zeros(p.shape)
    classes = list(case.params.get("idc", range(p.shape[1])))
    weights[:, classes] = (depths**2 + _depths(y) ** 2)[:, classes] / p[:, classes].size
    slopes = 2 * (p - y) * weights
    return float(((p - y) ** 2 * weights).sum()), p * (slopes - (slopes * p).sum(1, keepdims=True))


def _reads_ignored(case: Case) -> bool:
    predicted = case.arrays["logits"] > 0
    somewhere = predicted[case.arrays["labels"] == case.ignore].any()
    return bool(somewhere) and case.holds(*_with_prediction(case, predicted))


def _outside_where_ignored(case: Case) -> tuple[float, np.ndarray]:
    kept = case.arrays["labels"] != case.ignore
    return _with_prediction(case, (case.arrays["logits"] > 0) & kept)


def _with_prediction(case: Case, predicted: np.ndarray) -> tuple[float, np.ndarray]:
    z, labels = case.arrays["logits"], case.arrays["labels"]
    keep, y = labels != case.ignore, labels == 1
    far = np.zeros((len(z), 1, 1))
    for image in range(len(z)):
        ours, true = _contour(predicted[image]), _contour(y[image])
        if ours.any() and true.any():
            far[image] = distance_transform_edt(~true)[ours].mean()
    weights = 1 + far * (1 if case.params.get("scope", "all") == "all" else predicted != y)
    weights = weights * keep / max(keep.sum(), 1)
    costs = np.logaddexp(0, np.where(y, -z, z))
    sigmoid = np.exp(-np.logaddexp(0, -z))
    return float((weights * costs).sum()), weights * (sigmoid - y)


def _contour(mask: np.ndarray) -> np.ndarray:
    wide = np.pad(mask, 1)
    return mask & ~(wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:])


DEPARTURES = (
    Departure(
        "the reference keeps the predicted mask's distances in whole pixels, rounded down; ours are exact",
        ("hausdorff_dt_inside",),
        _rounded_down,
        _exact_depths,
    ),
    Departure(
        "ignored pixels are outside the predicted mask as well; the reference reads their logits",
        ("shape_aware",),
        _reads_ignored,
        _outside_where_ignored,
    ),
)
