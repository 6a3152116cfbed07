"""First weights of a network."""

from __future__ import annotations

from torch import nn


def initialise(net: nn.Module, *heads: nn.Conv2d) -> None:
    """Draw the weights of all convolutions and matrices for the ReLU that follows (He et al. 2015).

    The heads, which give logits, have no ReLU behind them. They start small: the first loss is about log(classes),
    whatever the seed.
    """
    if heads[0].weight.is_meta:  # of shapes alone; drawing numbers there imports torch's compiler, for 2 s
        return
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    for head in heads:
        nn.init.xavier_normal_(head.weight, gain=0.5)
        nn.init.zeros_(head.bias)  # type: ignore[arg-type]
