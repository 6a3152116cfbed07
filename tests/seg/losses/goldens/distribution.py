"""Cross-entropies, and the focal loss."""

import numpy as np

from bevseg.seg.losses.cross_entropy_loss import balanced_cross_entropy, cross_entropy, weighted_cross_entropy
from bevseg.seg.losses.focal_loss import focal
from bevseg.seg.losses.loss_text import parse
from tests.seg.losses.goldens.case import Case, Departure


def bce(case: Case):
    return cross_entropy(case.logits, case.labels, case.ignore)


def weighted_bce(case: Case):
    return weighted_cross_entropy(case.logits, case.labels, case.ignore, weights=case.params.get("beta", 1.0))


def balanced_bce(case: Case):
    """`beta` says where it is counted, or is a number."""
    beta = case.params.get("beta", "batch")
    how = {"scope": beta} if isinstance(beta, str) else {"beta": beta}
    return balanced_cross_entropy(case.logits, case.labels, case.ignore, **how)


def focal_binary(case: Case):
    gamma, alpha = case.params.get("gamma", 2), case.params.get("alpha")
    return focal(case.logits, case.labels, case.ignore, gamma=gamma, alpha=alpha)


def jdt_focal_ce(case: Case):
    return focal(case.logits, case.labels, case.ignore, gamma=case.params.get("gamma", 2))


def jadon_weighted_bce(case: Case):
    """Positives weigh beta / (1 - beta), beta = 0.25."""
    return weighted_cross_entropy(case.logits, case.labels, case.ignore, weights=1 / 3)


def jadon_focal(case: Case):
    return focal(case.logits, case.labels, case.ignore, gamma=2, alpha=0.25)


def jadon_bce_dice(case: Case):
    return parse("0.5*ce+0.5*dice")(case.logits, case.labels, case.ignore)


# --- the clipped probabilities of Keras

_CLIP = 1e-7


def _clipped(case: Case) -> bool:
    """Say whether clipping shows, and the stored value is the one with clipped probabilities."""
    z, y = _kept(case)
    if case.set != "jadon_bce_dice" and np.abs(z).max(initial=0) < np.log(1 / _CLIP - 1):
        return False
    p = _sigmoid(z)
    q = np.clip(p, _CLIP, 1 - _CLIP)
    # Under the logarithms of its cross-entropy Keras adds the 1e-7 once more.
    more = _CLIP if case.set == "jadon_bce_dice" else 0
    value = _VALUES[case.set](y, p, np.log(q + more), np.log(1 - q + more))
    return bool(np.isclose(value, case.arrays["value"], rtol=1e-9, atol=1e-15))


def _unclipped(case: Case) -> tuple[float, np.ndarray]:
    z, y = _kept(case)
    p, q = _sigmoid(z), _sigmoid(-z)  # q = 1 - p
    value = _VALUES[case.set](y, p, -np.logaddexp(0, -z), -np.logaddexp(0, z))
    gradient = np.zeros_like(case.arrays["logits"])
    gradient[case.arrays["labels"] != case.ignore] = _SLOPES[case.set](z, y, p, q)
    return value, gradient


def _kept(case: Case) -> tuple[np.ndarray, np.ndarray]:
    keep = case.arrays["labels"] != case.ignore
    return case.arrays["logits"][keep], case.arrays["labels"][keep]


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -z))


def _dice(y, p):
    return 1 - (2 * (y * p).sum() + 1) / (y.sum() + p.sum() + 1)


def _dice_slope(y, p, q):
    whole = y.sum() + p.sum() + 1
    return p * q * ((2 * (y * p).sum() + 1) / whole**2 - 2 * y / whole)


def _focal_slope(z, y, p, q):
    positive = 0.25 * q**2 * (-2 * p * np.logaddexp(0, -z) - q)
    negative = 0.75 * p**2 * (2 * q * np.logaddexp(0, z) + p)
    return np.where(y == 1, positive, negative) / len(z)


_VALUES = {
    "jadon_weighted_bce": lambda y, p, log_p, log_q: -(y * log_p / 3 + (1 - y) * log_q).mean(),
    "jadon_focal": lambda y, p, log_p, log_q: (
        -(y * np.exp(log_q) ** 2 * log_p / 4 + (1 - y) * np.exp(log_p) ** 2 * log_q * 3 / 4).mean()
    ),
    "jadon_bce_dice": lambda y, p, log_p, log_q: (-(y * log_p + (1 - y) * log_q).mean() + _dice(y, p)) / 2,
}
_SLOPES = {
    "jadon_weighted_bce": lambda z, y, p, q: ((1 - y) * p - y * q / 3) / len(z),
    "jadon_focal": _focal_slope,
    "jadon_bce_dice": lambda z, y, p, q: ((p - y) / len(z) + _dice_slope(y, p, q)) / 2,
}

SETS = {
    "bce": bce,
    "weighted_bce": weighted_bce,
    "balanced_bce": balanced_bce,
    "focal_binary": focal_binary,
    "jdt_focal_ce": jdt_focal_ce,
    "jadon_weighted_bce": jadon_weighted_bce,
    "jadon_focal": jadon_focal,
    "jadon_bce_dice": jadon_bce_dice,
}
DEPARTURES: tuple[Departure, ...] = (
    Departure(
        "probabilities are clipped to [1e-7, 1 - 1e-7]: wrong pixels beyond cost 16.1 without a gradient, ours |z|",
        tuple(_VALUES),
        _clipped,
        _unclipped,
    ),
)
