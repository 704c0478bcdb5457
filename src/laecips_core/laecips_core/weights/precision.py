"""Tensors as they are stored: half precision where it does not hurt, full where it does."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.values import WeightArrays
from laecips_core.weights.facts import ENCODING

_EDGE, _MINER = 'edge.', 'miner.'
_FLOAT, _COUNTED = 'f', 'iub'


def store(weights: ModelWeights) -> WeightArrays:
    """
    Give tensors as they are stored, under one name space.

    :param weights: edge and miner tensors.
    :returns: copies named ``edge.…`` and ``miner.…``, C order, little-endian; floats of 2 or more
        dimensions as float16, other floats (biases, batch-norm statistics) as float32.
    :raises WeightsError: when a tensor is not finite, too large for its stored type, or neither
        float, integer nor bool.
    """
    named = {_EDGE + name: array for name, array in weights.edge.items()}
    named |= {_MINER + name: array for name, array in weights.miner.items()}
    return {name: _store(name, array) for name, array in named.items()}


def restore(arrays: WeightArrays) -> ModelWeights:
    """
    Undo :func:`store`, except for the precision lost.

    :param arrays: stored tensors; untrusted.
    :returns: writable copies: floats as float32, integers and bools as stored.
    :raises WeightsError: when a name or dtype is not as :func:`store` gives it, or a number is not
        finite.
    """
    edge: WeightArrays = {}
    miner: WeightArrays = {}
    for name, array in arrays.items():
        if name.startswith(_EDGE):
            edge[name.removeprefix(_EDGE)] = _restore(name, array)
        elif name.startswith(_MINER):
            miner[name.removeprefix(_MINER)] = _restore(name, array)
        else:
            raise WeightsError('tensor name', f'{_EDGE}… or {_MINER}…', repr(name))
    return ModelWeights(edge, miner)


def _store(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind in _COUNTED:
        return np.array(array, dtype=array.dtype.newbyteorder('<'), order='C')
    if array.dtype.kind != _FLOAT:
        raise WeightsError(name, 'float, integer or bool numbers', array.dtype)
    _check_finite(name, array)
    dtype = _stored_float(array.ndim)
    with np.errstate(over='ignore'):
        stored = np.array(array, dtype=dtype, order='C')
    if not np.isfinite(stored).all():
        most, got = np.finfo(dtype).max, np.abs(array).max()
        raise WeightsError(name, f'magnitudes up to {most:g} ({dtype.name})', f'{got:g}')
    return stored


def _restore(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind in _COUNTED:
        return array.copy()
    expected = _stored_float(array.ndim)
    if array.dtype != expected:
        raise WeightsError(name, f'{expected.name} in {ENCODING}', array.dtype)
    _check_finite(name, array)
    return array.astype(np.float32)


def _stored_float(dimensions: int) -> np.dtype[Any]:
    return np.dtype('<f2' if dimensions >= 2 else '<f4')


def _check_finite(name: str, array: NDArray[Any]) -> None:
    finite = int(np.isfinite(array).sum())
    if finite < array.size:
        count = array.size - finite
        raise WeightsError(name, 'finite numbers', f'nan or inf in {count} of {array.size}')
