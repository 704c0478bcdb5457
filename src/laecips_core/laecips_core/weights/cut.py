"""Changes cut by size: the largest stay, the rest goes back, so that an update fits a budget."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.values import WeightArrays
from laecips_core.weights.checks import check_tensors
from laecips_core.weights.delta import encode_delta
from laecips_core.weights.precision import restore
from laecips_core.weights.precision import store

# Each halves what is not known of the share's logarithm: the share is found to within 0.4 %.
_HALVINGS = 12


def cut_changes(parent: ModelWeights, child: ModelWeights, share: float) -> ModelWeights:
    """
    Keep the largest changes of each tensor.

    :param parent: the weights before.
    :param child: the weights after, of the same names, shapes and dtypes.
    :param share: part of each tensor's numbers that may differ from the parent, in (0, 1]; of k
        numbers ceil(share * k), so at least one. Of equal changes the first in C order stay.
    :returns: the child where it is kept, else the parent, both bit for bit as they are stored.
    :raises WeightsError: when the share is out of bounds, the two are not of one form, or cannot
        be stored.
    """
    if not 0.0 < share <= 1.0:
        raise WeightsError('share of changes', 'a number in (0, 1]', share)
    old, new = store(parent), store(child)
    _check_form(old, new)
    return restore({name: _kept(old[name], new[name], share) for name in old})


def cut_to_bytes(parent: ModelWeights, child: ModelWeights, max_bytes: int) -> ModelWeights:
    """
    Keep as many of the largest changes as a delta of so many bytes can hold.

    :param parent: the weights that the receiver holds.
    :param child: the weights to send, of the same names, shapes and dtypes.
    :param max_bytes: bound on the length of :func:`encode_delta`.
    :returns: the child itself where it fits; else :func:`cut_changes` of the largest share that
        was found to fit, by bisection.
    :raises WeightsError: when not even the largest change of each tensor fits, or as
        :func:`cut_changes`.
    """
    if len(encode_delta(parent, child)) <= max_bytes:
        return child
    sizes = [array.size for array in (*child.edge.values(), *child.miner.values())]
    low, high = 1.0 / max(sizes), 1.0
    cut = cut_changes(parent, child, low)
    smallest = len(encode_delta(parent, cut))
    if smallest > max_bytes:
        do = 'raise update.max_delta_bytes'
        raise WeightsError('smallest delta', f'at most {max_bytes} bytes', smallest, do)
    for _ in range(_HALVINGS):
        share = math.sqrt(low * high)
        tried = cut_changes(parent, child, share)
        if len(encode_delta(parent, tried)) <= max_bytes:
            low, cut = share, tried
        else:
            high = share
    return cut


def _check_form(old: WeightArrays, new: WeightArrays) -> None:
    check_tensors({name: array.shape for name, array in old.items()}, new)
    for name, array in old.items():
        if new[name].dtype != array.dtype:
            raise WeightsError(f'{name} of the child', array.dtype, new[name].dtype)


def _kept(old: NDArray[Any], new: NDArray[Any], share: float) -> NDArray[Any]:
    before, after = old.reshape(-1), new.reshape(-1)
    change = np.abs(after.astype(np.float64) - before.astype(np.float64))
    largest = np.argsort(-change, kind='stable')[: math.ceil(share * change.size)]
    kept = before.copy()
    kept[largest] = after[largest]
    return kept.reshape(old.shape)
