"""Which weights a round may change: chosen by gradient, before training."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch import Tensor


def largest_gradients(network: nn.Module, share: float) -> dict[str, Tensor]:
    """
    Choose the weights with the largest gradients, over all tensors together.

    After AMS, which sends only a few coordinates of each update and chooses them by gradient:
    Khani, Hamadanian, Nasr-Esfahany, Alizadeh, "Real-Time Video Inference on Edge Devices via
    Adaptive Model Streaming", ICCV 2021, https://arxiv.org/abs/2006.06628. Choosing before
    training, a small update loses little; cutting a full one down afterwards loses much.

    :param network: with gradients of the new frames' loss.
    :param share: of all weights, in (0, 1]; at least one weight is chosen.
    :returns: by name of the parameter, a bool tensor of its shape.
    """
    sizes = {
        name: parameter.grad.abs()
        for name, parameter in network.named_parameters()
        if parameter.grad is not None
    }
    joined = torch.cat([size.flatten() for size in sizes.values()])
    count = max(1, round(share * len(joined)))
    chosen = torch.zeros(len(joined), dtype=torch.bool)
    # Ties are settled by position, so that the number of weights is exact.
    chosen[torch.argsort(joined, descending=True, stable=True)[:count]] = True
    ends = np.cumsum([size.numel() for size in sizes.values()])[:-1].tolist()
    parts = zip(chosen.tensor_split(ends), sizes.values(), strict=True)
    return dict(zip(sizes, (part.view(size.shape) for part, size in parts), strict=True))


def only(network: nn.Module, chosen: Mapping[str, Tensor]) -> Callable[[], None]:
    """
    Give what keeps all other weights as they are when it is called before every step.

    A weight whose gradient is always zero is not moved by Adam without weight decay.

    :param network: the network that is trained.
    :param chosen: of :func:`largest_gradients`.
    """

    def mask_gradients() -> None:
        for name, parameter in network.named_parameters():
            if parameter.grad is not None:
                parameter.grad.mul_(chosen[name])

    return mask_gradients
