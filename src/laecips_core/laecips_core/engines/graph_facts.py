"""
What an exported network holds: its weights by name, read from the ONNX bytes without a library.

The contract of our ONNX files, for every engine that reads them:

- one input ``images`` (1, 3, h, w) float32 RGB in [0, 255], one output ``probabilities``
  (1, M, h', w') float32, softmax over the classes; all sizes are fixed;
- an initializer whose name starts with ``constant/`` is a constant of the graph; every other is a
  weight, with the name, shape and type that it has in the torch network (float32, or float16 in a
  file of that precision). All weights of the network are there, also those that no node reads;
- the numbers of the weights are those of a network at random: :meth:`WeightPlaces.filled` gives
  the same file with others.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

from laecips_core.errors import EngineError
from laecips_core.errors import WeightsError
from laecips_core.values import WeightArrays
from laecips_core.weights.checks import check_tensors

INPUT = 'images'
OUTPUT = 'probabilities'
CONSTANT = 'constant/'
"""Start of the names of initializers that are no weights."""

# Field numbers of onnx.proto, which never change once published.
_MODEL_GRAPH, _GRAPH_INITIALIZER = 7, 5
_DIMS, _TYPE, _NAME, _RAW_DATA = 1, 2, 8, 9
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_TYPES = {1: 'float32', 2: 'uint8', 3: 'int8', 6: 'int32', 7: 'int64', 9: 'bool', 10: 'float16'}
_OURS, _AGAIN = 'a file that laecips export made', 'export it again'


@dataclass(frozen=True)
class Place:
    """
    Where a weight lies in an ONNX file.

    :param start: first byte.
    :param shape: its shape.
    :param dtype: its type, little-endian.
    """

    start: int
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]

    @property
    def size_bytes(self) -> int:
        """The weight's bytes in the file."""
        return math.prod(self.shape) * self.dtype.itemsize


class WeightPlaces:
    """
    The weights of an ONNX file by name.

    :param places: where each lies.
    """

    def __init__(self, places: Mapping[str, Place]) -> None:
        """Take over what was read."""
        self.places = dict(places)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every weight by name."""
        return {name: place.shape for name, place in self.places.items()}

    def check(self, arrays: WeightArrays) -> None:
        """
        Refuse weights that do not fit the network.

        :param arrays: every weight by name.
        :raises WeightsError: when some are missing, unexpected or of another shape.
        """
        check_tensors(self.shapes, arrays)

    def filled(self, onnx: bytes, arrays: WeightArrays) -> bytes:
        """
        Give the file with other weights.

        :param onnx: the file the places were read from.
        :param arrays: every weight by name; cast to the file's types.
        :raises WeightsError: when a name or shape does not fit, or a number is too large for the
            file's type.
        """
        self.check(arrays)
        filled = bytearray(onnx)
        with np.errstate(over='ignore'):
            for name, place in self.places.items():
                view = self._view(filled, place)
                view[...] = arrays[name]
                _check_range(name, view)
        return bytes(filled)

    def arrays(self, onnx: bytes) -> WeightArrays:
        """
        Copy the weights out of a file.

        :param onnx: a file with these places.
        """
        return {name: self._view(onnx, place).copy() for name, place in self.places.items()}

    @staticmethod
    def _view(onnx: bytes | bytearray, place: Place) -> NDArray[np.generic]:
        count = math.prod(place.shape)
        return np.frombuffer(onnx, place.dtype, count, place.start).reshape(place.shape)


def weight_places(onnx: bytes) -> WeightPlaces:
    """
    Find the weights of an ONNX file.

    :param onnx: bytes of a file that :func:`laecips_core.engines.onnx_export.export` made.
    :raises EngineError: when they are no such file.
    """
    try:
        found = [
            _initializer(onnx, part)
            for model_field, graph in _fields(onnx, range(len(onnx)))
            if model_field == _MODEL_GRAPH
            for field, part in _fields(onnx, graph)
            if field == _GRAPH_INITIALIZER
        ]
    except (IndexError, ValueError) as error:
        raise EngineError('ONNX file', _OURS, error, _AGAIN) from error
    places = dict(one for one in found if one is not None)
    if not places:
        raise EngineError('ONNX file', _OURS, 'one without weights', _AGAIN)
    return WeightPlaces(places)


def _check_range(name: str, weight: NDArray[np.generic]) -> None:
    if weight.dtype == np.float16 and not np.isfinite(weight).all():
        expected = 'numbers of at most 65504, as precision fp16 holds'
        raise WeightsError(f'tensor {name}', expected, 'larger ones', 'choose precision fp32')


def _initializer(onnx: bytes, part: range) -> tuple[str, Place] | None:
    """Read one initializer; None: a constant."""
    fields: dict[int, list[range]] = {}
    for field, value in _fields(onnx, part):
        fields.setdefault(field, []).append(value)
    name = b''.join(onnx[at.start : at.stop] for at in fields.get(_NAME, [])).decode()
    if name.startswith(CONSTANT):
        return None
    kinds = [kind for at in fields.get(_TYPE, []) for kind in _numbers(onnx, at)]
    shape = tuple(size for at in fields.get(_DIMS, []) for size in _numbers(onnx, at))
    data = fields.get(_RAW_DATA, [])
    if not name or len(kinds) != 1 or kinds[0] not in _TYPES or len(data) != 1:
        raise ValueError(f'weight {name!r} of type {kinds}')
    place = Place(data[0].start, shape, np.dtype(_TYPES[kinds[0]]).newbyteorder('<'))
    if place.size_bytes != len(data[0]):
        raise ValueError(f'{len(data[0])} bytes of weight {name!r} with shape {shape}')
    return name, place


def _fields(onnx: bytes, part: range) -> Iterator[tuple[int, range]]:
    """Give number and bytes of each field of a protobuf message."""
    at = part.start
    while at < part.stop:
        tag, at = _varint(onnx, at)
        field, wire = tag >> 3, tag & 7
        if wire == _BYTES:
            size, at = _varint(onnx, at)
        elif wire == _VARINT:
            size = _varint(onnx, at)[1] - at
        elif wire in (_FIXED_64, _FIXED_32):
            size = 8 if wire == _FIXED_64 else 4
        else:
            raise ValueError(f'field {field} of wire type {wire}')
        if at + size > part.stop:
            raise ValueError(f'field {field} of {size} bytes, cut')
        yield field, range(at, at + size)
        at += size


def _numbers(onnx: bytes, part: range) -> Iterator[int]:
    """Read one number, or several that are packed."""
    at = part.start
    while at < part.stop:
        number, at = _varint(onnx, at)
        yield number


def _varint(onnx: bytes, at: int) -> tuple[int, int]:
    """Read a number of 7 bits a byte, lowest first; also give where the next field begins."""
    number = shift = 0
    while True:
        byte = onnx[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
        if shift > 63:
            raise ValueError('a number of more than 64 bits')
