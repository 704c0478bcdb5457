"""
The changes between two sequences of numbers, packed into sections.

A section is a uint32 length and one zstd frame. A pair of sequences gives these, in this order:

- the gaps: a byte below 255 leaves out that many numbers and changes the next, 255 leaves out 255
  and changes none. Positions can only grow, and none needs more than its bytes;
- for each byte of a number, lowest first, that byte of every change: the way from the old float to
  the new one in steps of its type, its sign folded into the lowest bit. Training moves a number by
  few steps, so high bytes are 0 and pack well.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
import zstandard

from laecips_core.errors import WeightsError

Numbers = NDArray[Any]
"""(N,) signed integers with the bits of stored numbers of their width."""

_LEVEL = 19
_LEFT_OUT = 255
_LENGTH = struct.Struct('<I')
_SMALLEST_WINDOW_BYTES = 1024  # zstd has none below
_SEND_AGAIN = 'send it again'


def changes_between(before: Numbers, after: Numbers) -> bytes:
    """
    Pack what differs.

    :param before: (N,) old numbers.
    :param after: (N,) new numbers of the same width.
    :returns: the sections; equal input gives equal bytes.
    """
    positions = np.flatnonzero(before != after)
    left_out = np.diff(positions, prepend=-1) - 1
    counts = left_out // _LEFT_OUT + 1
    gaps = np.full(int(counts.sum()), _LEFT_OUT, np.uint8)
    gaps[np.cumsum(counts) - 1] = left_out % _LEFT_OUT
    steps = _ordered(after[positions]) - _ordered(before[positions])
    folded = (steps << 1) ^ (steps >> _top_bit(steps))
    planes = folded.view(np.uint8).reshape(-1, before.itemsize).T
    return b''.join(map(_section, [gaps, *planes]))


def changed(before: Numbers, reader: SectionReader) -> Numbers:
    """
    Undo :func:`changes_between`.

    :param before: (N,) old numbers; not changed.
    :param reader: gives the sections; untrusted.
    :returns: (N,) new numbers.
    :raises WeightsError: when a section is damaged or too large, or a position is out of range.
    """
    width = before.itemsize
    what = f'changes of width {width}'
    gaps = reader.section(f'{what}: gaps', before.size + before.size // _LEFT_OUT)
    ends = np.flatnonzero(gaps < _LEFT_OUT)
    positions = gaps.cumsum(dtype=np.int64)[ends] + np.arange(len(ends))
    if len(ends) and positions[-1] >= before.size:
        raise WeightsError(f'{what}: positions', f'below {before.size}', int(positions[-1]))
    planes = [reader.section(f'{what}: byte {byte}', len(ends)) for byte in range(width)]
    if any(len(plane) != len(ends) for plane in planes):
        got = ', '.join(str(len(plane)) for plane in planes)
        raise WeightsError(f'{what}: bytes', f'{len(ends)} for each byte of a number', got)
    folded = np.ascontiguousarray(np.stack(planes, axis=-1)).view(f'<u{width}').reshape(-1)
    steps = ((folded >> 1) ^ -(folded & 1)).view(before.dtype)
    after = before.copy()
    after[positions] = _ordered(_ordered(before[positions]) + steps)
    return after


class SectionReader:
    """Unpacks one section after another, never into more bytes than agreed."""

    def __init__(self, data: bytes, offset: int, max_bytes: int) -> None:
        """
        Start at the first section.

        :param data: holds the sections; untrusted.
        :param offset: where they begin.
        :param max_bytes: bound on what all of them unpack to.
        """
        self._data, self._offset, self._left = data, offset, max_bytes

    def section(self, what: str, most: int) -> NDArray[np.uint8]:
        """
        Unpack the next section.

        :param what: its name in errors.
        :param most: bound on its bytes; the frame's own word is looked at before unpacking.
        :raises WeightsError: when it is cut, damaged or above a bound.
        """
        begin = self._offset + _LENGTH.size
        length = int.from_bytes(self._data[self._offset : begin], 'little')
        frame = self._data[begin : begin + length]
        if not len(frame) == length > 0:
            raise WeightsError(what, f'a frame of {length} bytes', len(frame), _SEND_AGAIN)
        content = _unpacked(what, frame, min(most, self._left))
        self._offset, self._left = begin + length, self._left - len(content)
        return np.frombuffer(content, np.uint8)

    def check_end(self) -> None:
        """
        Refuse bytes behind the last section.

        :raises WeightsError: when there are any.
        """
        if left := len(self._data) - self._offset:
            raise WeightsError('delta', 'no bytes behind the last section', left, _SEND_AGAIN)


def _section(content: NDArray[np.uint8]) -> bytes:
    frame = zstandard.ZstdCompressor(level=_LEVEL).compress(content.tobytes())
    return _LENGTH.pack(len(frame)) + frame


def _unpacked(what: str, frame: bytes, most: int) -> bytes:
    try:
        facts = zstandard.get_frame_parameters(frame)
        # A frame that does not tell its size announces 2**64 - 1.
        needed = max(facts.content_size, facts.window_size - _SMALLEST_WINDOW_BYTES)
        if needed > most:
            raise WeightsError(what, f'at most {most} bytes', needed, _SEND_AGAIN)
        return zstandard.ZstdDecompressor().decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise WeightsError(what, 'a zstd frame', error, _SEND_AGAIN) from error


def _ordered(numbers: Numbers) -> Numbers:
    """Turn the sign and magnitude of floats into an order by value, or back."""
    ordered: Numbers = numbers ^ (numbers >> _top_bit(numbers) & np.iinfo(numbers.dtype).max)
    return ordered


def _top_bit(numbers: Numbers) -> int:
    return 8 * numbers.itemsize - 1
