"""Batch normalisation by the statistics of the whole batch, where several processes share it.

`torch.nn.SyncBatchNorm` needs a GPU. This one is the same code on every device, so tests on a CPU speak for a GPU.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bevseg.seg.training.distributed import Processes


def with_common_statistics(net: nn.Module, processes: Processes) -> nn.Module:
    """Return the network with batch normalisations that see the crops of all processes.

    Its layers are replaced in place; parameters and buffers stay, with their names. Alone, a process keeps them.
    """
    if processes.count == 1:
        return net
    if isinstance(net, _BatchNorm):
        return CommonBatchNorm(net, processes)
    for name, child in net.named_children():
        setattr(net, name, with_common_statistics(child, processes))
    return net


class CommonBatchNorm(_BatchNorm):
    """A layer with the parameters and buffers of another one, and in training the statistics of all processes.

    Parameters
    ----------
    layer
        For any number of dimensions.
    processes
        They see the same number of crops.
    """

    def __init__(self, layer: _BatchNorm, processes: Processes) -> None:
        super().__init__(
            layer.num_features, layer.eps, layer.momentum, layer.affine, layer.track_running_stats
        )
        self.processes = processes
        self._parameters, self._buffers = layer._parameters, layer._buffers
        self.train(layer.training)

    def forward(self, input: Tensor) -> Tensor:
        """Return x (B, C, ...) less the mean and divided by the deviation of its channels, scaled and shifted."""
        if not self.training:
            return super().forward(input)
        x = input.to(torch.promote_types(input.dtype, torch.float32))
        own = torch.stack(torch.var_mean(x, [0, *range(2, x.ndim)], correction=0))
        variances, means = self.processes.stacked(own).unbind(1)
        mean = means.mean(0)
        variance = (variances + (means - mean).square()).mean(0)
        self._remember(mean.detach(), variance.detach(), self.processes.count * x.numel() // x.shape[1])
        factor = (variance + self.eps).rsqrt()
        if self.weight is not None:
            factor = factor * self.weight
        shift = -mean * factor
        if self.bias is not None:
            shift = shift + self.bias
        shape = (1, -1) + (1,) * (x.ndim - 2)
        return torch.addcmul(shift.view(shape), x, factor.view(shape)).to(input.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Move the running statistics towards those of a batch with `count` values in each channel."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked += 1
        weight = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, weight)
        self.running_var.lerp_(variance * (count / max(count - 1, 1)), weight)

    def _check_input_dim(self, input: Tensor) -> None:
        """Take any number of dimensions."""
