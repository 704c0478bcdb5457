"""Loads weights of another library's file into its network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn
from torch import Tensor

from laecips_core.errors import WeightsError
from laecips_core.models.state import load_arrays

OTHER_WEIGHTS = 'choose the weights of this network, with these classes'


def load_tensors(network: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """
    Replace all weights of a network.

    :param network: any network.
    :param tensors: by the network's own names.
    :param path: where they come from, for errors.
    :raises WeightsError: when one is missing, unexpected or of another shape; nothing changes.
    """
    arrays = {
        name: (tensor.float() if tensor.is_floating_point() else tensor).numpy()
        for name, tensor in tensors.items()
        if not name.endswith('num_batches_tracked')
    }
    try:
        load_arrays(network, arrays)
    except WeightsError as error:
        raise WeightsError(
            str(path), 'the weights of this network', f'[{error}]', OTHER_WEIGHTS
        ) from error
