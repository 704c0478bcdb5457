"""Facts of an encoded image, read from its structure without decoding a pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import re
import struct
from typing import Literal
import zlib

from laecips_core.errors import ImageError

ImageFormat = Literal['jpeg', 'webp', 'png']

MAX_JPEG_SCANS = 100
"""A progressive JPEG has about ten; thousands of empty ones would keep the decoder busy."""

MAX_PARTS = 20_000
"""Chunks or segments walked before decoding; a flood of empty ones would take seconds."""

_Part = tuple[bytes, int, int]
"""Name of a chunk or segment, and where its content starts and ends."""

_PNG_START = b'\x89PNG\r\n\x1a\n'
_PNG_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # by colour type; palettes have none of their own
_JPEG_START, _JPEG_END = b'\xff\xd8', b'\xff\xd9'
_JPEG_SCAN = b'\xff\xda'
_JPEG_FILL = re.compile(rb'\xff*(?=\xff[^\xff])', re.DOTALL)
_JPEG_FRAMES = {bytes((0xFF, code)) for code in range(0xC0, 0xD0) if code % 4 or code == 0xC0}
_WEBP_ANIMATED, _WEBP_ALPHA = 0x02, 0x10


@dataclass(frozen=True)
class ImageHeader:
    """
    What an encoded image says it is.

    :param image_format: how it is encoded.
    :param size_px: height and width in pixels.
    :param channels: 1 (grey), 2 (grey, alpha), 3 (RGB) or 4; 0 for a palette.
    :param depth_bits: bits of one channel.
    """

    image_format: ImageFormat
    size_px: tuple[int, int]
    channels: int
    depth_bits: int


def read_header(data: bytes) -> ImageHeader:
    """
    Read the header and check that the image goes on to its end.

    :param data: an encoded image; untrusted.
    :returns: its facts; height and width are at least 1.
    :raises ImageError: when it is empty, of another format, cut, damaged in its structure, or
        animated.
    """
    if not data:
        raise ImageError('data', 'an encoded image', 'no bytes')
    try:
        header = _read_known(data)
    except struct.error as error:
        raise ImageError('header', 'a whole one', f'{len(data)} bytes, cut') from error
    if min(header.size_px) < 1:
        raise ImageError('size', 'at least 1 x 1 pixels', header.size_px)
    return header


def _read_known(data: bytes) -> ImageHeader:
    if data.startswith(_PNG_START):
        return _read_png(data)
    if data.startswith(_JPEG_START):
        return _read_jpeg(data)
    if data[:4] == b'RIFF' and data[8:12] == b'WEBP':
        return _read_webp(data)
    raise ImageError('format', 'jpeg, webp or png', f'bytes that start with {data[:8]!r}')


def _limited(parts: Iterator[_Part]) -> Iterator[_Part]:
    for count, part in enumerate(parts):
        if count == MAX_PARTS:
            raise ImageError('structure', f'at most {MAX_PARTS} chunks', 'more')
        yield part


def _read_png(data: bytes) -> ImageHeader:
    """Follow https://www.w3.org/TR/png-3/#5DataRep."""
    header = None
    for name, start, end in _limited(_png_chunks(data)):
        if (header is None) != (name == b'IHDR'):
            raise ImageError('png', 'one IHDR chunk, the first', repr(name))
        if name == b'IHDR':
            width, height, depth, colour = struct.unpack('>IIBB3x', data[start:end])
            header = ImageHeader('png', (height, width), _PNG_CHANNELS.get(colour, 0), depth)
        if name == b'acTL':
            raise ImageError('png', 'a still image', 'an animation')
        if name == b'IEND' and header is not None:
            return header
    raise ImageError('png', 'an IEND chunk', 'none: cut')


def _png_chunks(data: bytes) -> Iterator[_Part]:
    position = len(_PNG_START)
    while position < len(data):
        length, name = struct.unpack_from('>I4s', data, position)
        start, end = position + 8, position + 8 + length
        (expected,) = struct.unpack_from('>I', data, end)
        found = zlib.crc32(data[start - 4 : end])
        if found != expected:
            raise ImageError(f'png chunk {name!r}', f'checksum {expected:08x}', f'{found:08x}')
        yield name, start, end
        position = end + 4


def _read_jpeg(data: bytes) -> ImageHeader:
    """Follow ITU-T T.81, annex B."""
    header, start = None, 0
    for name, start, _ in _limited(_jpeg_segments(data)):
        if name == _JPEG_SCAN:
            break
        if name in _JPEG_FRAMES:
            if header is not None:
                raise ImageError('jpeg', 'one frame header', 'two')
            depth, height, width, channels = struct.unpack_from('>BHHB', data, start)
            header = ImageHeader('jpeg', (height, width), channels, depth)
    if header is None:
        raise ImageError('jpeg', 'a frame header before the first scan', 'none')
    _check_jpeg_scans(data, start)
    return header


def _jpeg_segments(data: bytes) -> Iterator[_Part]:
    position = len(_JPEG_START)
    while position < len(data):
        fill = _JPEG_FILL.match(data, position)
        if fill is None:
            raise ImageError('jpeg', 'a marker', repr(data[position : position + 4]))
        name, length = struct.unpack_from('>2sH', data, fill.end())
        start, position = fill.end() + 4, fill.end() + 2 + length
        yield name, start, position


def _check_jpeg_scans(data: bytes, first_scan: int) -> None:
    """Look for the end marker, which coded data cannot hold; decoders fill a cut image up."""
    if data.find(_JPEG_END, first_scan) < 0:
        raise ImageError('jpeg', 'an end marker', 'none: cut')
    scans = 1 + data.count(_JPEG_SCAN, first_scan)
    if scans > MAX_JPEG_SCANS:
        raise ImageError('jpeg', f'at most {MAX_JPEG_SCANS} scans', scans)


def _read_webp(data: bytes) -> ImageHeader:
    """Follow RFC 9649, sections 2.5 to 2.7 and 3.4."""
    (riff_bytes,) = struct.unpack_from('<I', data, 4)
    if riff_bytes + 8 != len(data):
        raise ImageError('webp', f'{riff_bytes + 8} bytes', f'{len(data)}')
    canvas = None
    for name, start, _ in _limited(_webp_chunks(data)):
        if name == b'VP8X':
            canvas = _webp_canvas(data, start)
        if name in (b'VP8 ', b'VP8L'):
            return _webp_image(data, name, start, canvas)
    raise ImageError('webp', 'a VP8 or VP8L chunk', 'none: cut')


def _webp_chunks(data: bytes) -> Iterator[_Part]:
    position = 12
    while position < len(data):
        name, length = struct.unpack_from('<4sI', data, position)
        start, position = position + 8, position + 8 + length + length % 2
        yield name, start, position


def _webp_canvas(data: bytes, start: int) -> ImageHeader:
    (flags,) = struct.unpack_from('<I', data, start)
    if flags & _WEBP_ANIMATED:
        raise ImageError('webp', 'a still image', 'an animation')
    width = 1 + int.from_bytes(data[start + 4 : start + 7], 'little')
    height = 1 + int.from_bytes(data[start + 7 : start + 10], 'little')
    return ImageHeader('webp', (height, width), 4 if flags & _WEBP_ALPHA else 3, 8)


def _webp_image(data: bytes, name: bytes, start: int, canvas: ImageHeader | None) -> ImageHeader:
    if name == b'VP8L':
        signature, bits = struct.unpack_from('<BI', data, start)
        good = signature == 0x2F
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        channels = 4 if bits >> 28 & 1 else 3
    else:
        mark, width, height = struct.unpack_from('<3sHH', data, start + 3)
        good = mark == b'\x9d\x01\x2a'
        width, height, channels = width & 0x3FFF, height & 0x3FFF, 3
    if not good or (canvas is not None and canvas.size_px != (height, width)):
        raise ImageError('webp', 'one image that fills its canvas', f'{width} x {height} pixels')
    return canvas or ImageHeader('webp', (height, width), channels, 8)
