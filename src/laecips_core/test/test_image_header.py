from __future__ import annotations

from collections.abc import Sequence
import struct
import time
import zlib

import cv2
import numpy as np
import pytest

from laecips_core.errors import ImageError
from laecips_core.image_header import ImageHeader
from laecips_core.image_header import MAX_JPEG_SCANS
from laecips_core.image_header import MAX_PARTS
from laecips_core.image_header import read_header

RGB = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)


def encoded(suffix: str, image: np.ndarray = RGB, flags: Sequence[int] = ()) -> bytes:
    return cv2.imencode(suffix, image, flags)[1].tobytes()


def png_chunk(name: bytes, content: bytes) -> bytes:
    body = name + content
    return struct.pack('>I', len(content)) + body + struct.pack('>I', zlib.crc32(body))


def png(*chunks: bytes) -> bytes:
    return b'\x89PNG\r\n\x1a\n' + b''.join(chunks)


def ihdr(width: int = 7, height: int = 5, depth: int = 8, colour: int = 2) -> bytes:
    return png_chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, 0))


IEND = png_chunk(b'IEND', b'')


def jpeg_segment(code: int, content: bytes) -> bytes:
    return struct.pack('>BBH', 0xFF, code, len(content) + 2) + content


def sof(width: int = 7, height: int = 5, depth: int = 8, channels: int = 3) -> bytes:
    return jpeg_segment(0xC0, struct.pack('>BHHB', depth, height, width, channels))


SCAN = jpeg_segment(0xDA, b'\1')


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b'WEBP' + b''.join(
        name + struct.pack('<I', len(content)) + content + bytes(len(content) % 2)
        for name, content in chunks
    )
    return b'RIFF' + struct.pack('<I', len(body)) + body


def vp8x(width: int, height: int, flags: int = 0) -> tuple[bytes, bytes]:
    sizes = (width - 1).to_bytes(3, 'little') + (height - 1).to_bytes(3, 'little')
    return b'VP8X', struct.pack('<I', flags) + sizes


def vp8(width: int, height: int) -> tuple[bytes, bytes]:
    return b'VP8 ', b'\0\0\0\x9d\x01\x2a' + struct.pack('<HH', width, height)


@pytest.mark.parametrize(
    ('data', 'expected'),
    [
        (encoded('.png'), ImageHeader('png', (5, 7), 3, 8)),
        (encoded('.png', RGB[..., 0]), ImageHeader('png', (5, 7), 1, 8)),
        (encoded('.png', RGB.astype(np.uint16)), ImageHeader('png', (5, 7), 3, 16)),
        (encoded('.png', np.dstack([RGB, RGB[..., 0]])), ImageHeader('png', (5, 7), 4, 8)),
        (png(ihdr(depth=4, colour=3), IEND), ImageHeader('png', (5, 7), 0, 4)),
        (encoded('.jpg'), ImageHeader('jpeg', (5, 7), 3, 8)),
        (encoded('.jpg', RGB[..., 0]), ImageHeader('jpeg', (5, 7), 1, 8)),
        (
            encoded('.jpg', flags=(cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
            ImageHeader('jpeg', (5, 7), 3, 8),
        ),
        (
            encoded('.webp', flags=(cv2.IMWRITE_WEBP_QUALITY, 80)),
            ImageHeader('webp', (5, 7), 3, 8),
        ),
        (
            encoded('.webp', flags=(cv2.IMWRITE_WEBP_QUALITY, 101)),
            ImageHeader('webp', (5, 7), 3, 8),
        ),
        (webp(vp8x(7, 5), (b'ICCP', b'abc'), vp8(7, 5)), ImageHeader('webp', (5, 7), 3, 8)),
        (webp(vp8x(7, 5, 0x10), vp8(7, 5)), ImageHeader('webp', (5, 7), 4, 8)),
    ],
)
def test_headers_are_read(data: bytes, expected: ImageHeader) -> None:
    assert read_header(data) == expected


def test_no_bytes_are_refused() -> None:
    with pytest.raises(ImageError, match='image data: expected an encoded image, got no bytes'):
        read_header(b'')


@pytest.mark.parametrize(
    'data', [b'GIF89a' + bytes(20), b'BM' + bytes(60), b'\xff', b'RIFF1234WAVE']
)
def test_other_formats_are_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match='image format: expected jpeg, webp or png, got bytes'):
        read_header(data)


@pytest.mark.parametrize('suffix', ['.png', '.jpg', '.webp'])
def test_images_cut_anywhere_are_refused(suffix: str) -> None:
    data = encoded(suffix)
    for length in range(len(data)):
        with pytest.raises(ImageError):
            read_header(data[:length])


@pytest.mark.parametrize('size', [(0, 5), (7, 0)])
def test_images_without_pixels_are_refused(size: tuple[int, int]) -> None:
    for data in (png(ihdr(*size), IEND), b'\xff\xd8' + sof(*size) + SCAN + b'\xff\xd9'):
        with pytest.raises(ImageError, match='image size: expected at least 1 x 1 pixels'):
            read_header(data)


def test_a_damaged_png_chunk_is_refused() -> None:
    data = bytearray(encoded('.png'))
    data[50] ^= 1
    with pytest.raises(ImageError, match=r"png chunk b'IDAT': expected checksum [0-9a-f]{8}, got"):
        read_header(bytes(data))


@pytest.mark.parametrize('chunks', [(IEND,), (ihdr(), ihdr(), IEND)])
def test_a_png_without_one_leading_header_is_refused(chunks: tuple[bytes, ...]) -> None:
    with pytest.raises(ImageError, match='image png: expected one IHDR chunk, the first'):
        read_header(png(*chunks))


def test_a_png_without_end_is_refused() -> None:
    with pytest.raises(ImageError, match='image png: expected an IEND chunk, got none: cut'):
        read_header(png(ihdr()))


@pytest.mark.parametrize(
    'data', [png(ihdr(), png_chunk(b'acTL', bytes(8)), IEND), webp(vp8x(7, 5, 2), vp8(7, 5))]
)
def test_animations_are_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match='expected a still image, got an animation'):
        read_header(data)


def test_a_jpeg_without_markers_is_refused() -> None:
    with pytest.raises(ImageError, match='image jpeg: expected a marker, got'):
        read_header(b'\xff\xd8abcdef')


def test_a_jpeg_without_a_frame_is_refused() -> None:
    with pytest.raises(
        ImageError, match='image jpeg: expected a frame header before the first scan'
    ):
        read_header(b'\xff\xd8' + SCAN + b'\xff\xd9')


def test_a_jpeg_of_two_frames_is_refused() -> None:
    with pytest.raises(ImageError, match='image jpeg: expected one frame header, got two'):
        read_header(b'\xff\xd8' + sof() + sof(9, 9) + SCAN + b'\xff\xd9')


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_jpeg() -> None:
    data = encoded('.jpg')
    thumbnail = jpeg_segment(0xE1, b'Exif' + data)
    assert read_header(data[:2] + thumbnail + data[2:]).size_px == (5, 7)
    with pytest.raises(ImageError, match='image jpeg: expected an end marker, got none: cut'):
        read_header(data[:2] + thumbnail + data[2:-2])


def test_fill_bytes_before_a_marker_and_bytes_behind_the_end_are_allowed() -> None:
    data = encoded('.jpg')
    assert read_header(data[:2] + b'\xff' * 9 + data[2:] + bytes(40)).size_px == (5, 7)


def test_a_jpeg_of_very_many_scans_is_refused() -> None:
    head = b'\xff\xd8' + sof()
    assert read_header(head + SCAN * MAX_JPEG_SCANS + b'\xff\xd9').channels == 3
    match = f'expected at most {MAX_JPEG_SCANS} scans, got {MAX_JPEG_SCANS + 1}'
    with pytest.raises(ImageError, match=match):
        read_header(head + SCAN + b'\xff\xd9' + SCAN * MAX_JPEG_SCANS)


@pytest.mark.parametrize(
    'data',
    [
        png(ihdr(), png_chunk(b'tEXt', b'') * MAX_PARTS, IEND),
        b'\xff\xd8' + jpeg_segment(0xFE, b'') * (MAX_PARTS + 1),
        webp(*[(b'JUNK', b'')] * (MAX_PARTS + 1)),
    ],
)
def test_a_flood_of_chunks_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match=f'structure: expected at most {MAX_PARTS} chunks'):
        read_header(data)


def test_a_flood_of_fill_bytes_takes_no_time() -> None:
    started = time.process_time()
    with pytest.raises(ImageError, match='image jpeg: expected a marker'):
        read_header(b'\xff\xd8' + b'\xff' * 8_000_000)
    assert time.process_time() - started < 1


def test_a_webp_of_another_length_is_refused() -> None:
    data = encoded('.webp')
    match = f'image webp: expected {len(data)} bytes, got {len(data) + 2}'
    with pytest.raises(ImageError, match=match):
        read_header(data + b'\0\0')


def test_a_webp_without_an_image_is_refused() -> None:
    with pytest.raises(ImageError, match='image webp: expected a VP8 or VP8L chunk'):
        read_header(webp(vp8x(7, 5)))


@pytest.mark.parametrize(
    'chunks',
    [(vp8x(1, 1), vp8(7, 5)), ((b'VP8 ', bytes(10)),), ((b'VP8L', bytes(5)),)],
)
def test_a_webp_image_that_is_not_its_canvas_is_refused(
    chunks: tuple[tuple[bytes, bytes], ...],
) -> None:
    with pytest.raises(ImageError, match='image webp: expected one image that fills its canvas'):
        read_header(webp(*chunks))
