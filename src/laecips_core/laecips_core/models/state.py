"""Weights of a torch module as named arrays, and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from laecips_core.values import WeightArrays
from laecips_core.weights.checks import check_tensors

_COUNTER = 'num_batches_tracked'


def arrays_of(module: nn.Module) -> WeightArrays:
    """
    Copy the weights out of a module.

    Batch norm's counter of batches is left out: with a fixed momentum nothing reads it.

    :param module: any module.
    :returns: name to float array, parameters and batch-norm statistics.
    """
    return {
        name: tensor.detach().cpu().numpy().copy()
        for name, tensor in module.state_dict().items()
        if not name.endswith(_COUNTER)
    }


def load_arrays(module: nn.Module, arrays: WeightArrays) -> None:
    """
    Replace all weights of a module.

    :param module: any module.
    :param arrays: every array by name, as :func:`arrays_of` gives them.
    :raises WeightsError: when a name is missing or unknown, or a shape differs; nothing changes.
    """
    expected = {
        name: tuple(tensor.shape)
        for name, tensor in module.state_dict().items()
        if not name.endswith(_COUNTER)
    }
    check_tensors(expected, arrays)
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    module.load_state_dict(tensors, strict=False)
