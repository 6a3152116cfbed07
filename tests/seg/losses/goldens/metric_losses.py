"""Jaccard metric losses, distillation and boundary label smoothing (Wang, Ning, Blaschko 2023)."""

from itertools import combinations

import numpy as np

from bevseg.seg.losses.jaccard_metric_loss import jaccard_metric, soft_jaccard
from bevseg.seg.losses.soft_labels import boundary_smoothed
from bevseg.seg.training.distill import distillation
from tests.seg.losses.goldens.case import Case, Departure


def jdt(case: Case):
    """norm = 2 is no metric loss but soft Jaccard."""
    params, soft = case.params, "soft_labels" in case.arrays
    options = {
        "keep": case.tensor("keep_mask") if "keep_mask" in case.arrays else None,
        "smooth": params.get("smooth", 1e-3),
        "miou_d": params.get("mIoUD", 1.0),
        "miou_i": params.get("mIoUI", 0.0),
        "miou_c": params.get("mIoUC", 0.0),
        "threshold": params.get("threshold", 0.01),
    }
    if soft:
        target, options["active"] = (
            case.tensor("soft_labels"),
            params.get("active_classes_mode_soft", "ALL").lower(),
        )
    else:
        target, options["active"] = case.labels, params.get("active_classes_mode_hard", "PRESENT").lower()
    if params.get("norm", 1) == 2:
        return soft_jaccard(case.logits, target, case.ignore, norm=2, **options)
    return jaccard_metric(
        case.logits,
        target,
        case.ignore,
        fp_weight=params.get("alpha", 1.0),
        fn_weight=params.get("beta", 1.0),
        gamma=params.get("gamma", 1.0),
        log=params.get("log_loss", False),
        **options,
    )


def first_commit(case: Case):
    """Its JML1 adds s to twice the areas; `label` names the classes with a label above the threshold."""
    params = case.params
    form, per_image = int(params.get("loss", "JML1")[-1]), params.get("per_image", False)
    classes = params.get("classes", "present")
    return jaccard_metric(
        case.logits,
        case.tensor("soft_labels") if params.get("soft_label", False) else case.labels,
        case.ignore,
        form=form,
        keep=case.tensor("not_ignore") if "not_ignore" in case.arrays else None,
        miou_d=float(not per_image),
        miou_i=float(per_image),
        smooth=params.get("smooth", 1.0) / (2 if form == 1 else 1),
        active="present" if classes == "label" else classes,
        threshold=params.get("threshold", 0.1),
    )


def formula(case: Case):
    """Ignored pixels have a soft label of zeros."""
    target = case.tensor("soft_labels") if case.params["labels"] == "soft" else case.labels
    kind, number = case.params["form"][:3], int(case.params["form"][-1])
    if kind == "SJL":
        return soft_jaccard(case.logits, target, case.ignore, norm=number, smooth=0, threshold=0)
    return jaccard_metric(case.logits, target, case.ignore, form=number, smooth=0, threshold=0)


def kd(case: Case):
    params = case.params
    jml = params.get("jdt", {})
    return distillation(
        case.logits,
        case.labels,
        case.tensor("teacher_logits"),
        case.ignore,
        temperature=params.get("T", 1.0),
        ce_weight=params.get("ce_weight", 0.25),
        jml_weight=params.get("jdt_weight", 0.75),
        label_weight=params.get("label_weight", 0.5),
        teacher_weight=params.get("teacher_weight", 0.5),
        miou_d=jml.get("mIoUD", 1.0),
        miou_i=jml.get("mIoUI", 0.0),
        miou_c=jml.get("mIoUC", 0.0),
        smooth=jml.get("smooth", 1e-3),
        active=jml.get("active_classes_mode_soft", "ALL").lower(),
        threshold=jml.get("threshold", 0.01),
    )


def smoothing(case: Case):
    """The ignored id is the number of classes."""
    classes = case.params["C"]
    soft, boundary = boundary_smoothed(
        case.labels, classes, case.params.get("epsilon", 0.5), case.params.get("k", 3), ignore_index=classes
    )
    return {"soft_labels": soft.numpy(), "boundary": boundary.numpy()}


SETS = {
    "jml_jdt": jdt,
    "jml_first_commit": first_commit,
    "jml_formula": formula,
    "jml_kd": kd,
    "boundary_label_smoothing": smoothing,
}


def kept_softmax(case: Case):
    """p and y (B, C, H, W), 0 in ignored pixels."""
    z, keep = case.arrays["logits"], case.arrays["not_ignore"].astype(bool)[:, None]
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    if "soft_labels" in case.arrays:
        y = case.arrays["soft_labels"]
    else:
        y = case.arrays["labels"][:, None] == np.arange(z.shape[1])[:, None, None]
    return p * keep, y * keep


def leaves_out_a_class(case: Case) -> bool:
    """All classes are asked for, and the reference is the mean of fewer, all that have a label among them."""
    if case.params["classes"] != "all" or case.params["per_image"]:
        return False
    _, y = kept_softmax(case)
    labelled = (y > case.params.get("threshold", 0.1)).any((0, 2, 3))
    others = np.flatnonzero(~labelled)
    for size in range(len(others)):
        for chosen in combinations(others, size):
            counted = labelled.copy()
            counted[list(chosen)] = True
            if counted.any() and case.holds(*mean_of(case, counted)):
                return True
    return False


def mean_of_all_classes(case: Case):
    return mean_of(case, np.ones(case.arrays["logits"].shape[1], bool))


def mean_of(case: Case, counted: np.ndarray):
    p, y = kept_softmax(case)
    over = (2, 3) if case.params["per_image"] else (0, 2, 3)
    sign, s = np.sign(p - y), case.params["smooth"]
    apart = np.abs(p - y).sum(over, keepdims=True)
    if case.params["loss"] == "JML1":
        both = (p + y).sum(over, keepdims=True)
        part, whole, d_part, d_whole = both - apart + s, both + apart + s, 1 - sign, 1 + sign
    else:
        part = (p * y).sum(over, keepdims=True) + s
        whole, d_part, d_whole = part + apart, y, y + sign
    share = counted[:, None, None] / counted.sum() / len(part)
    d_p = (part * d_whole / whole - d_part) / whole * share
    return ((1 - part / whole) * share).sum(), p * (d_p - (p * d_p).sum(1, keepdims=True))


DEPARTURES: tuple[Departure, ...] = (
    Departure(
        "JML over all classes: all means all; the reference leaves out one in neither labels nor predictions",
        ("jml_first_commit",),
        leaves_out_a_class,
        mean_of_all_classes,
    ),
)
