"""What a student learns from a teacher: on labelled tiles beside the labels, on unlabelled ones instead of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bevseg.errors import UsageError
from bevseg.seg.losses.cross_entropy_loss import cross_entropy
from bevseg.seg.losses.jaccard_metric_loss import jaccard_metric
from bevseg.seg.losses.kullback_leibler_loss import kullback_leibler


def distillation(
    logits: Tensor,
    target: Tensor,
    teacher_logits: Tensor,
    ignore_index: int = 255,
    *,
    keep: Tensor | None = None,
    temperature: float = 1.0,
    ce_weight: float = 0.25,
    jml_weight: float = 0.75,
    label_weight: float = 0.5,
    teacher_weight: float = 0.5,
    form: int = 1,
    miou_d: float = 0.0,
    miou_i: float = 0.5,
    miou_c: float = 0.5,
    smooth: float = 1.0,
    active: str | Sequence[int] = "present",
    threshold: float = 0.01,
) -> Tensor:
    """Weighted sum c (l CE(z, y) + t KL(z, q)) + j (l JML(z, y) + t JML(z, q)), q = softmax(teacher logits / T).

    Parameters
    ----------
    logits
        (B, C, H, W), or (B, H, W) or (B, 1, H, W) for two classes; any finite value, float16 to float64.
    target
        (B, H, W) class ids.
    teacher_logits
        Of the shape of the logits; no gradient goes there.
    ignore_index
        Target of the pixels that are ignored in every term. They have no loss and no gradient, for any logits.
    keep
        (B, H, W) bool, the pixels in which the teacher is learned; None: those that have a target.
    temperature
        T, above 0, of teacher and student in KL, which is multiplied by T^2. JML compares q with the student's
        softmax at T = 1, as the authors' code does: for T > 1 they are not alike even when both logits are.
    ce_weight, jml_weight
        c and j, as the authors recommend.
    label_weight, teacher_weight
        l and t.
    form, miou_d, miou_i, miou_c, smooth
        As in `jaccard_metric`, for both JML terms; the authors' values.
    active, threshold
        As in `jaccard_metric`, for JML against the teacher, where `present` with a threshold drops the classes that
        the teacher gives at most `threshold` in every pixel. Against the labels the classes present count.

    Returns
    -------
    Tensor
        Scalar of at least 0, float32 or wider; 0 with zero gradient if all pixels are ignored.

    Raises
    ------
    UsageError
        For an option outside its domain.
    ValueError
        If the shapes do not fit.

    Notes
    -----
    Source: Wang, Ning, Blaschko, Jaccard Metric Losses (NeurIPS 2023), and their code with one head (golden set
    `jml_kd`). They train the teacher with `boundary_smoothed` labels.
    """
    labelled = target != ignore_index
    teacher, taught = probabilities(teacher_logits, temperature), labelled if keep is None else keep

    def jml(labels: Tensor, counted: str | Sequence[int], kept: Tensor) -> Tensor:
        return jaccard_metric(
            logits,
            labels,
            ignore_index,
            form=form,
            keep=kept,
            miou_d=miou_d,
            miou_i=miou_i,
            miou_c=miou_c,
            smooth=smooth,
            active=counted,
            threshold=threshold,
        )

    from_labels = label_weight and label_weight * (
        ce_weight * cross_entropy(logits, target, ignore_index)
        + jml_weight * jml(target, "present", labelled)
    )
    divergence = kullback_leibler(logits, teacher, keep=taught, temperature=temperature)
    from_teacher = ce_weight * divergence + jml_weight * jml(teacher, active, taught)
    return from_labels + teacher_weight * from_teacher


def semi_supervised(
    logits: Tensor,
    teacher: Tensor,
    keep: Tensor | None = None,
    *,
    confidence: float = 0.0,
    form: int = 1,
    miou_d: float = 0.0,
    miou_i: float = 0.5,
    miou_c: float = 0.5,
    smooth: float = 1.0,
    active: str | Sequence[int] = "present",
    threshold: float = 0.01,
) -> Tensor:
    """Jaccard metric loss of unlabelled tiles against the probabilities that a teacher gives them.

    Parameters
    ----------
    logits
        (B, C, H, W), or (B, H, W) or (B, 1, H, W) for two classes; any finite value, float16 to float64.
    teacher
        Probabilities in [0, 1] of the shape of the logits; no gradient goes there.
    keep
        (B, H, W) bool, False in pixels to ignore, such as cells without points.
    confidence
        Pixels whose most probable class has less than this are ignored too.
    form, miou_d, miou_i, miou_c, smooth, active, threshold
        As in `jaccard_metric`; the defaults of `distillation`.

    Returns
    -------
    Tensor
        Scalar in [0, 1] times the sum of the weights of the means, float32 or wider; 0 with zero gradient if all
        pixels are ignored or the teacher names no class.

    Raises
    ------
    UsageError
        For an option outside its domain.
    ValueError
        If the shapes do not fit.

    Notes
    -----
    Source: the abstract of Wang, Ning, Blaschko (NeurIPS 2023); their code has no such training.
    """
    soft, sure = pseudo_labels(teacher, confidence)
    return jaccard_metric(
        logits,
        soft,
        form=form,
        keep=sure if keep is None else sure & keep,
        miou_d=miou_d,
        miou_i=miou_i,
        miou_c=miou_c,
        smooth=smooth,
        active=active,
        threshold=threshold,
    )


def pseudo_labels(teacher: Tensor, confidence: float = 0.0) -> tuple[Tensor, Tensor]:
    """Return a teacher's probabilities as soft labels, and in which pixels they are to be trusted.

    Parameters
    ----------
    teacher
        Probabilities (B, C, H, W), or (B, H, W) or (B, 1, H, W) of the foreground.
    confidence
        Least probability, in [0, 1], of the most probable class.

    Returns
    -------
    soft : Tensor
        (B, C, H, W), detached; 0 in the pixels not to be trusted.
    keep : Tensor
        (B, H, W) bool; False also where the teacher knows nothing (NaN).

    Raises
    ------
    UsageError
        For a confidence outside [0, 1].
    """
    if not 0 <= confidence <= 1:
        raise UsageError(f"Invalid confidence: {confidence:g}", hint="choose a probability from 0 to 1")
    teacher = teacher.detach() if teacher.ndim == 4 else teacher.detach()[:, None]
    best = teacher.amax(1) if teacher.shape[1] > 1 else torch.maximum(teacher, 1 - teacher)[:, 0]
    keep = best >= confidence
    return torch.where(keep[:, None], teacher, 0), keep


def probabilities(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Return softmax(z / T), for binary logits the sigmoid, float32 or wider, detached."""
    logits = logits.detach().to(torch.promote_types(logits.dtype, torch.float32)) / temperature
    binary = logits.ndim == 3 or logits.shape[1] == 1
    return logits.sigmoid() if binary else logits.softmax(1)
