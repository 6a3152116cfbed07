"""Scores of hard predictions: IoU with 0/0 = 1 (Berman et al. 2018), sensitivity and specificity (Jadon 2020)."""

import numpy as np

from bevseg.core import metrics
from tests.seg.losses.goldens.case import Case, Departure


def confusions(labels, predicted, ignore, classes):
    """One matrix per image, of the pixels that are not ignored."""
    return np.stack(
        [
            metrics.confusion(truth[truth != ignore], found[truth != ignore], classes)
            for truth, found in zip(labels, predicted, strict=True)
        ]
    )


def metric_iou(case: Case):
    """In percent; per image, the mean of each class over the images."""
    matrices = confusions(case.arrays["labels"], case.arrays["preds"], case.ignore, case.params["C"])
    matrices = matrices if case.params["per_image"] else matrices.sum(0, keepdims=True)
    return {"iou": 100 * metrics.iou(matrices, empty=1.0).mean(0)}


def foreground(case: Case):
    labels, predicted = case.arrays["labels"], (case.logits > 0).long().numpy()
    return confusions(labels, predicted, case.ignore, 2).sum(0)


def sensitivity(case: Case):
    """The reference adds 1e-7 to the denominator, as if it had missed that many pixels more."""
    return {"value": metrics.recall(foreground(case) + np.array([[0, 0], [1e-7, 0]]))[1]}


def specificity(case: Case):
    """Likewise, as if it had raised that many false alarms more."""
    return {"value": metrics.specificity(foreground(case) + np.array([[0, 1e-7], [0, 0]]))[1]}


SETS = {"metric_iou": metric_iou, "jadon_sensitivity": sensitivity, "jadon_specificity": specificity}
DEPARTURES: tuple[Departure, ...] = ()
