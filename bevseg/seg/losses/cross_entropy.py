"""Cross-entropy, plain and balanced by class frequency."""

from __future__ import annotations

import torch
import torch.nn.functional as nnf
from torch import Tensor

from bevseg.seg.losses.kept import kept


def cross_entropy(logits: Tensor, target: Tensor, ignore_index: int = 255, *, balance: float = 0.0) -> Tensor:
    """Mean over the kept pixels of -log softmax(z)[y], or of softplus(z) - y z for binary logits.

    With `balance` b > 0 the pixels are weighted by the frequency of their class among the kept pixels of the
    batch: sum(w l) / sum(w), w = count(y)^-b. b = 1 is the mean over classes of the mean within the class.

    Parameters
    ----------
    logits
        (B, C, H, W), or (B, H, W) or (B, 1, H, W) for two classes; any finite value, float16 to float64.
    target
        (B, H, W) class ids, 0 or 1 for binary logits.
    ignore_index
        Target of the pixels that cost nothing and have no gradient, whatever their logits hold.
    balance
        Exponent b of the class weights, at least 0.

    Returns
    -------
    Tensor
        Scalar in [0, inf), float32 or wider. A class that is absent costs what it takes from the probability
        of the others. 0 with zero gradient if all pixels are ignored.

    Notes
    -----
    Definition and ignored pixels as in the golden set `bce`; weights by inverse (square root of) frequency are
    common in the field, as in Berman et al. (CVPR 2018) section 4.
    """
    pixels = kept(logits, target, ignore_index)
    if not len(pixels.ids):
        return pixels.planes.sum()
    if len(pixels.planes) == 1:
        truth = pixels.truth.to(pixels.planes.dtype)
        costs = nnf.binary_cross_entropy_with_logits(pixels.planes, truth, reduction="none")[0]
    else:
        costs = -pixels.planes.log_softmax(0).gather(0, pixels.ids[None])[0]
    if not balance:
        return costs.mean()
    weights = torch.bincount(pixels.ids).clamp(min=1).to(costs.dtype).pow(-balance)[pixels.ids]
    return (weights * costs).sum() / weights.sum()
