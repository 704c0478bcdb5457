"""What memory an engine needs for one image, and whether it is an engine of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np

from laecips_core.engines.graph_facts import INPUT
from laecips_core.engines.graph_facts import OUTPUT
from laecips_core.errors import EngineError

DTYPE = np.dtype(np.float32)
"""Type of what goes in and comes out, whatever the engine computes with."""

_AGAIN = 'remove it from the folder of built engines: the next start builds it again'


@dataclass(frozen=True)
class EngineTensor:
    """
    What an engine says of one of its inputs or outputs.

    :param name: its name.
    :param is_input: whether it goes in.
    :param shape: its shape; -1 where a size is open.
    :param kind: the library's name of its type, ``FLOAT`` for float32.
    """

    name: str
    is_input: bool
    shape: tuple[int, ...]
    kind: str


@dataclass(frozen=True)
class BufferPlan:
    """
    Shapes of what goes in and comes out, both float32 in C order.

    :param input_shape: (1, 3, h, w).
    :param output_shape: (1, M, h', w').
    """

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]

    @property
    def input_bytes(self) -> int:
        """Memory of the input."""
        return math.prod(self.input_shape) * DTYPE.itemsize

    @property
    def output_bytes(self) -> int:
        """Memory of the output."""
        return math.prod(self.output_shape) * DTYPE.itemsize


def buffer_plan(
    tensors: Sequence[EngineTensor], input_size_px: tuple[int, int], classes: int
) -> BufferPlan:
    """
    Check what an engine takes and gives, and plan its memory.

    :param tensors: every input and output of the engine.
    :param input_size_px: (h, w) of the input that is wanted.
    :param classes: number of classes M that is wanted.
    :raises EngineError: when it takes or gives anything else.
    """
    inputs = [tensor for tensor in tensors if tensor.is_input]
    outputs = [tensor for tensor in tensors if not tensor.is_input]
    taken = _only('input', inputs, INPUT)
    given = _only('output', outputs, OUTPUT)
    wanted = (1, 3, *input_size_px)
    if taken.shape != wanted:
        raise EngineError('engine input', f'shape {wanted}', f'{taken.shape}', _AGAIN)
    sized = len(given.shape) == 4 and given.shape[:2] == (1, classes) and min(given.shape) > 0
    if not sized:
        expected = f"shape (1, {classes}, h', w')"
        raise EngineError('engine output', expected, f'{given.shape}', _AGAIN)
    return BufferPlan(taken.shape, given.shape)


def _only(what: str, tensors: Sequence[EngineTensor], name: str) -> EngineTensor:
    if len(tensors) != 1 or (tensors[0].name, tensors[0].kind) != (name, 'FLOAT'):
        got = ', '.join(f'{tensor.kind} {tensor.name}' for tensor in tensors) or 'none'
        raise EngineError(f'engine {what}', f'FLOAT {name} alone', got, _AGAIN)
    return tensors[0]
