from __future__ import annotations

import dataclasses
import hashlib
import struct
import zlib

import cv2
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import numpy as np
import pytest

from laecips_core.config import LimitsConfig
from laecips_core.errors import ImageError
from laecips_core.errors import ImageTooLargeError
from laecips_core.errors import LaecipsError
from laecips_core.errors import ShapeError
from laecips_core.image_codec import decode_confidence
from laecips_core.image_codec import decode_image
from laecips_core.image_codec import decode_map
from laecips_core.image_codec import encode_confidence
from laecips_core.image_codec import encode_image
from laecips_core.image_codec import encode_map
from laecips_core.image_codec import sha256_hex
from laecips_core.image_header import ImageFormat

LIMITS = LimitsConfig()
ROWS, COLUMNS = np.mgrid[:48, :64]
SMOOTH = np.stack([ROWS * 4, COLUMNS * 3, 255 - ROWS - COLUMNS], axis=-1).astype(np.uint8)
LABELS = (ROWS // 16 * 4 + COLUMNS // 16).astype(np.uint8)
VALID = {
    'jpeg': encode_image(SMOOTH, 'jpeg', 90),
    'webp': encode_image(SMOOTH, 'webp', 90),
    'png': encode_image(SMOOTH, 'png', 90),
    'map': encode_map(LABELS),
}


def png_bomb(width: int, height: int) -> bytes:
    chunks = b''
    for name, content in (
        (b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)),
        (b'IDAT', zlib.compress(bytes(100_000))),
        (b'IEND', b''),
    ):
        checksum = struct.pack('>I', zlib.crc32(name + content))
        chunks += struct.pack('>I', len(content)) + name + content + checksum
    return b'\x89PNG\r\n\x1a\n' + chunks


def refuse_to_decode(*_: object) -> None:
    raise AssertionError('it was decoded')


@pytest.mark.parametrize(('image_format', 'error'), [('jpeg', 2), ('webp', 3), ('png', 0)])
def test_images_come_back_as_rgb(image_format: str, error: float) -> None:
    decoded = decode_image(VALID[image_format], LIMITS)
    assert decoded.shape == SMOOTH.shape
    assert decoded.dtype == np.uint8
    assert np.abs(decoded.astype(int) - SMOOTH).mean() <= error


@pytest.mark.parametrize('image_format', ['jpeg', 'webp'])
def test_less_quality_gives_fewer_bytes(image_format: ImageFormat) -> None:
    noisy = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    sizes = [len(encode_image(noisy, image_format, quality)) for quality in (1, 50, 100)]
    assert sizes == sorted(set(sizes))


def test_a_sliced_image_is_encoded() -> None:
    turned = SMOOTH[::-1, ::2]
    assert (decode_image(encode_image(turned, 'png', 90), LIMITS) == turned).all()


def test_a_grey_image_is_decoded_to_three_equal_channels() -> None:
    decoded = decode_image(encode_map(LABELS), LIMITS)
    assert (decoded == LABELS[..., None]).all()


def test_an_exif_orientation_is_not_followed() -> None:
    exif = b'Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0'
    segment = b'\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif
    turned = VALID['jpeg'][:2] + segment + VALID['jpeg'][2:]
    assert (decode_image(turned, LIMITS) == decode_image(VALID['jpeg'], LIMITS)).all()


@pytest.mark.parametrize(
    'image', [np.zeros((4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 3))]
)
def test_encoding_no_image_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ShapeError, match=r'image: expected \(H, W, 3\) uint8'):
        encode_image(image, 'png', 90)


def test_encoding_to_another_format_is_refused() -> None:
    with pytest.raises(ImageError, match="format: expected jpeg, webp, png, got 'gif'"):
        encode_image(SMOOTH, 'gif', 90)  # type: ignore[arg-type]


@pytest.mark.parametrize('quality', [0, 101])
def test_a_quality_out_of_bounds_is_refused(quality: int) -> None:
    with pytest.raises(ImageError, match=f'quality: expected 1 to 100, got {quality}'):
        encode_image(SMOOTH, 'jpeg', quality)


@pytest.mark.parametrize(('image_format', 'width'), [('jpeg', 70_000), ('webp', 20_000)])
def test_an_image_too_wide_for_its_format_is_refused(
    image_format: ImageFormat, width: int
) -> None:
    with pytest.raises(ImageError, match=r'image size: expected one that .* can hold'):
        encode_image(np.zeros((1, width, 3), np.uint8), image_format, 90)


def test_no_bytes_are_refused() -> None:
    with pytest.raises(ImageError, match='image data: expected an encoded image, got no bytes'):
        decode_image(b'', LIMITS)


def test_another_format_is_refused() -> None:
    with pytest.raises(ImageError, match='image format: expected jpeg, webp or png'):
        decode_image(cv2.imencode('.bmp', SMOOTH)[1].tobytes(), LIMITS)


@pytest.mark.parametrize('image_format', ['jpeg', 'webp', 'png'])
def test_cut_images_are_refused(image_format: str) -> None:
    data = VALID[image_format]
    for length in range(1, len(data), 13):
        with pytest.raises(ImageError):
            decode_image(data[:length], LIMITS)


def test_too_many_bytes_are_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, 'imdecode', refuse_to_decode)
    limits = dataclasses.replace(LIMITS, max_image_bytes=1000)
    match = 'image data: expected at most 1000 bytes, got 1001'
    with pytest.raises(ImageTooLargeError, match=match):
        decode_image(bytes(1001), limits)
    with pytest.raises(ImageTooLargeError, match=match):
        decode_map(bytes(1001), (1, 1), limits)


def test_a_decompression_bomb_is_refused_undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, 'imdecode', refuse_to_decode)
    match = 'image size: expected at most 16000000 pixels, got 50000 x 60000'
    bomb = png_bomb(60_000, 50_000)
    with pytest.raises(ImageTooLargeError, match=match):
        decode_image(bomb, LIMITS)
    with pytest.raises(ImageTooLargeError, match=match):
        decode_map(bomb, (50_000, 60_000), LIMITS)


def test_the_limits_themselves_are_allowed() -> None:
    limits = LimitsConfig(max_image_bytes=len(VALID['png']), max_image_pixels=48 * 64)
    assert decode_image(VALID['png'], limits).shape == (48, 64, 3)


@pytest.mark.parametrize(
    ('image', 'got'),
    [
        (SMOOTH.astype(np.uint16), '16 bits of colour'),
        (np.dstack([SMOOTH, LABELS]), '8 bits of colour and alpha'),
    ],
)
def test_other_pixels_are_refused(image: np.ndarray, got: str) -> None:
    data = cv2.imencode('.png', image)[1].tobytes()
    with pytest.raises(ImageError, match=f'pixels: expected 8 bits of grey or RGB, got {got}'):
        decode_image(data, LIMITS)


def test_damaged_pixels_under_a_right_checksum_are_refused() -> None:
    with pytest.raises(ImageError, match='image data: expected a whole png'):
        decode_map(png_bomb(1000, 1000), (1000, 1000), LIMITS)


@pytest.mark.parametrize(
    'labels', [LABELS, np.zeros((1, 1), np.uint8), np.full((3, 500), 255, np.uint8)]
)
def test_maps_come_back(labels: np.ndarray) -> None:
    decoded = decode_map(encode_map(labels), labels.shape, LIMITS)
    assert decoded.dtype == np.uint8
    assert (decoded == labels).all()


def test_every_class_id_comes_back() -> None:
    ids = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (decode_map(encode_map(ids.T), (16, 16), LIMITS) == ids.T).all()


@pytest.mark.parametrize(
    'label_map', [SMOOTH, np.zeros((0, 4), np.uint8), np.zeros((4, 4), np.int64)]
)
def test_encoding_no_map_is_refused(label_map: np.ndarray) -> None:
    with pytest.raises(ShapeError, match=r'map: expected \(H, W\) uint8'):
        encode_map(label_map)


@pytest.mark.parametrize(
    ('data', 'got'),
    [
        (VALID['jpeg'], 'jpeg of 8 bits of colour'),
        (VALID['png'], 'png of 8 bits of colour'),
        (cv2.imencode('.png', LABELS.astype(np.uint16))[1].tobytes(), 'png of 16 bits of grey'),
    ],
)
def test_a_map_of_another_kind_is_refused(data: bytes, got: str) -> None:
    with pytest.raises(ImageError, match=f'image map: expected an 8-bit grey png, got {got}'):
        decode_map(data, (48, 64), LIMITS)


@pytest.mark.parametrize('size_px', [(64, 48), (48, 63), (1, 1)])
def test_a_map_of_another_size_is_refused_undecoded(
    size_px: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, 'imdecode', refuse_to_decode)
    with pytest.raises(
        ImageError, match=r'image map size: expected \(.*\) pixels, got \(48, 64\)'
    ):
        decode_map(VALID['map'], size_px, LIMITS)


def test_the_digest_is_sha256() -> None:
    assert sha256_hex(b'abc') == hashlib.sha256(b'abc').hexdigest()


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    start=st.sampled_from([b'', b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n', b'RIFF\x20\0\0\0WEBPVP8 ']),
    data=st.binary(max_size=200),
)
def test_random_bytes_give_only_our_errors(start: bytes, data: bytes) -> None:
    with pytest.raises(LaecipsError):
        decode_image(start + data, LIMITS)
    with pytest.raises(LaecipsError):
        decode_map(start + data, (48, 64), LIMITS)


@settings(deadline=None, derandomize=True, max_examples=500)
@given(
    kind=st.sampled_from(sorted(VALID)),
    position=st.floats(0, 1),
    noise=st.binary(min_size=1, max_size=8),
    dropped=st.integers(0, 8),
)
def test_mutated_images_give_only_our_errors(
    kind: str, position: float, noise: bytes, dropped: int
) -> None:
    data = VALID[kind]
    cut = int(position * len(data))
    mutated = data[:cut] + noise + data[cut + dropped :]
    try:
        if kind == 'map':
            assert decode_map(mutated, (48, 64), LIMITS).shape == (48, 64)
        else:
            decoded = decode_image(mutated, LIMITS)
            assert decoded.dtype == np.uint8
            assert decoded.shape[2] == 3
    except LaecipsError:
        return


def test_a_confidence_map_travels_at_a_quarter_of_its_size() -> None:
    data = encode_confidence(np.full((50, 61), 77, np.uint8))
    assert decode_map(data, (13, 16), LIMITS).shape == (13, 16)
    np.testing.assert_array_equal(decode_confidence(data, (50, 61), LIMITS), 77)


def test_a_coarse_confidence_map_stays_close_and_is_much_smaller() -> None:
    noise = np.random.default_rng(0).integers(-4, 5, LABELS.shape)
    confidence = (100 + ROWS + COLUMNS // 2 + noise).astype(np.uint8)
    data = encode_confidence(confidence)
    assert len(data) * 4 < len(encode_map(confidence))
    back = decode_confidence(data, confidence.shape, LIMITS).astype(int)
    assert np.abs(back - confidence).mean() < 4.0


def test_a_confidence_map_of_another_frame_size_is_refused() -> None:
    data = encode_confidence(np.zeros((48, 64), np.uint8))
    with pytest.raises(ImageError, match=r'map size: expected \(13, 16\) pixels, got \(12, 16\)'):
        decode_confidence(data, (49, 64), LIMITS)


@pytest.mark.parametrize('shape', [(0, 4), (4,), (4, 4, 3)])
def test_what_is_no_confidence_map_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match='map: expected'):
        encode_confidence(np.zeros(shape, np.uint8))
