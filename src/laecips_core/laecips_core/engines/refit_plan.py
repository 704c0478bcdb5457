"""
Which weights of an engine are to be set, and whether all that changed can be.

TensorRT keeps no torch names: its parser turns the weights of the ONNX file into weights of
layers, some of them computed (a batch norm's four become a scale and a shift). So new weights are
put into the ONNX file by name, the file is parsed as the engine's own was, and what the parser
made of it is set layer by layer. This file compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laecips_core.engines.graph_facts import weight_places
from laecips_core.errors import EngineError

Slot = tuple[str, str]
"""Where a weight lies in an engine: name of the layer, role in it, such as ``KERNEL``."""

LayerWeights = Mapping[Slot, NDArray[Any]]

_OTHER_ENGINE = 'choose engine onnxruntime'
_SHOWN = 5


def whole_weights(array: object) -> NDArray[Any]:
    """
    Read the weights that the bindings show, one after the other.

    Beside numpy 2 the bindings of TensorRT 8.6 to 10.13 (not those of 10.16) give arrays with a
    stride of 0, which show the first number again and again; only the stride is wrong.

    :param array: what the bindings gave: (N,) in the library's own memory.
    :returns: the same memory, read number by number.
    :raises EngineError: when it is no such array.
    """
    if not isinstance(array, np.ndarray) or array.ndim != 1:
        expected = 'weights of a type that numpy knows'
        raise EngineError('refit', expected, f'{type(array).__name__}', _OTHER_ENGINE)
    return np.lib.stride_tricks.as_strided(array, array.shape, (array.dtype.itemsize,))


def slots_to_set(
    refittable: Sequence[Slot], built: LayerWeights, wanted: LayerWeights
) -> list[Slot]:
    """
    Choose what to set so that an engine has other weights.

    Weights that did not change are set too: TensorRT may have joined them with some that did.

    :param refittable: what the engine lets be set.
    :param built: the weights that it was built with.
    :param wanted: the weights that it is to have.
    :returns: slots of ``wanted``, each once, none of them empty.
    :raises EngineError: when a weight that changed cannot be set, or nothing is known of one that
        can: the engine would go on with a number of the random network it was built from.
    """
    if built.keys() != wanted.keys():
        raise EngineError(
            'refit',
            'the layers that the engine was built from',
            f'others: {_named(built.keys() ^ wanted.keys())}',
            'remove the engine from the folder of built engines: the next start builds it again',
        )
    changed = [slot for slot in wanted if _differ(built[slot], wanted[slot])]
    stuck = [slot for slot in changed if slot not in set(refittable)]
    if stuck:
        expected = 'TensorRT to let every weight be set'
        raise EngineError('refit', expected, f'fixed {_named(stuck)}', _OTHER_ENGINE)
    unknown = [slot for slot in refittable if slot not in wanted]
    if unknown:
        expected = 'weights of layers of the ONNX file'
        raise EngineError('refit', expected, f'also {_named(unknown)}', _OTHER_ENGINE)
    return [slot for slot in dict.fromkeys(refittable) if wanted[slot].size > 0]


def check_none_missing(missing: Iterable[Slot]) -> None:
    """
    Refuse to go on while the engine lacks a weight.

    :param missing: what the engine says it lacks.
    :raises EngineError: when there is any.
    """
    left = list(missing)
    if left:
        expected = 'all weights that TensorRT joined'
        raise EngineError('refit', expected, f'none for {_named(left)}', _OTHER_ENGINE)


def check_precision(onnx: bytes, precision: str) -> None:
    """
    Refuse an ONNX file of another precision: TensorRT computes in the types of the file.

    :param onnx: an exported network.
    :param precision: ``fp32`` or ``fp16``, as it is wanted.
    :raises EngineError: when the file has none, or is no exported network.
    """
    kinds = {place.dtype.name for place in weight_places(onnx).places.values()}
    found = 'fp16' if 'float16' in kinds else 'fp32'
    if found != precision:
        do = 'export it again with laecips export'
        raise EngineError('ONNX file', f'weights in {precision}', f'weights in {found}', do)


def _differ(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Compare bytes, such that nan equals nan and -0 does not equal 0."""
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return True
    return np.ascontiguousarray(one).tobytes() != np.ascontiguousarray(other).tobytes()


def _named(slots: Iterable[Slot]) -> str:
    names = [f'{role} of {layer}' for layer, role in sorted(slots)]
    left = len(names) - _SHOWN
    shown = ', '.join(names[:_SHOWN])
    return f'{shown} and {left} more' if left > 0 else shown
