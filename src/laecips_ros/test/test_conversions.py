"""Tests of the conversions between ROS messages and core values."""

from __future__ import annotations

import importlib.util

from builtin_interfaces.msg import Time
import numpy as np
import pytest
from rclpy.serialization import deserialize_message
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import LimitsConfig
from laecips_core.errors import ImageError
from laecips_core.errors import ImageTooLargeError
from laecips_core.errors import ShapeError
from laecips_core.image_codec import encode_image
from laecips_ros.conversions import frame_from_compressed
from laecips_ros.conversions import frame_from_image
from laecips_ros.conversions import image_from_map
from laecips_ros.conversions import image_from_rgb
from laecips_ros.conversions import map_from_image

HEADER = Header(stamp=Time(sec=12, nanosec=34), frame_id='camera_optical')
CATALOGUE = ClassCatalogue(('floor', 'wall'), ((1, 2, 3), (250, 251, 252)))
BAYER = ('rggb', 'bggr', 'gbrg', 'grbg')
RGB = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
HAS_VISION_MSGS = importlib.util.find_spec('vision_msgs') is not None


def image(encoding: str, pixels: np.ndarray, padding: int = 0, step: int | None = None) -> Image:
    """Build an image message from (H, W) or (H, W, C) pixels, with padded rows."""
    rows = pixels.reshape(pixels.shape[0], -1)
    data = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
    return Image(
        header=HEADER,
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        step=data.shape[1] if step is None else step,
        data=data.tobytes(),
    )


def in_encoding(encoding: str) -> np.ndarray:
    """Lay RGB out as the encoding says, by hand."""
    opaque = np.full((2, 3, 1), 255, np.uint8)
    return {
        'rgb8': RGB,
        'bgr8': RGB[..., ::-1],
        'rgba8': np.concatenate([RGB, opaque], axis=2),
        'bgra8': np.concatenate([RGB[..., ::-1], opaque], axis=2),
    }[encoding]


@pytest.mark.parametrize('padding', [0, 1, 7])
@pytest.mark.parametrize('encoding', ['rgb8', 'bgr8', 'rgba8', 'bgra8'])
def test_colour_image_becomes_rgb(encoding: str, padding: int) -> None:
    frame = frame_from_image(image(encoding, in_encoding(encoding), padding), 'dog')
    assert np.array_equal(frame.image, RGB)
    assert frame.image.dtype == np.uint8
    assert frame.image.flags.c_contiguous


def test_message_from_the_wire_becomes_rgb() -> None:
    wire = serialize_message(image('bgr8', in_encoding('bgr8'), padding=5))
    frame = frame_from_image(deserialize_message(wire, Image), 'dog')
    assert np.array_equal(frame.image, RGB)


def test_big_endian_flag_does_not_matter_for_bytes() -> None:
    msg = image('rgb8', RGB)
    msg.is_bigendian = 1
    assert np.array_equal(frame_from_image(msg, 'dog').image, RGB)


@pytest.mark.parametrize('padding', [0, 3])
def test_grey_image_becomes_three_equal_channels(padding: int) -> None:
    grey = np.array([[0, 9, 255]], np.uint8)
    frame = frame_from_image(image('mono8', grey, padding), 'dog')
    assert np.array_equal(frame.image, np.repeat(grey[..., None], 3, axis=2))


def of_16_bits(encoding: str, pixels: np.ndarray, *, big_endian: bool, padding: int = 0) -> Image:
    """Build an image message from uint16 pixels."""
    pixels = pixels.astype('>u2' if big_endian else '<u2')
    msg = image(encoding, pixels.view(np.uint8), padding)
    msg.width, msg.is_bigendian = pixels.shape[1], int(big_endian)
    return msg


@pytest.mark.parametrize('big_endian', [False, True])
@pytest.mark.parametrize('padding', [0, 1, 4])
def test_16_bit_grey_image_is_rounded_to_8_bits(padding: int, big_endian: bool) -> None:
    grey = np.array([[0, 128, 129, 385, 386], [257 * 9, 257 * 254, 65406, 65407, 65535]])
    msg = of_16_bits('mono16', grey, big_endian=big_endian, padding=padding)
    expected = np.array([[0, 0, 1, 1, 2], [9, 254, 254, 255, 255]], np.uint8)
    found = frame_from_image(msg, 'dog').image
    assert np.array_equal(found, np.repeat(expected[..., None], 3, axis=2))


def test_all_values_of_8_bits_come_back_from_16() -> None:
    grey = np.arange(256)[None]
    found = frame_from_image(of_16_bits('mono16', 257 * grey, big_endian=False), 'dog').image
    assert np.array_equal(found[..., 0], grey)


@pytest.mark.parametrize('big_endian', [False, True])
@pytest.mark.parametrize('encoding', ['rgb', 'bgr', 'rgba', 'bgra'])
def test_16_bit_colour_image_becomes_rgb(encoding: str, big_endian: bool) -> None:
    pixels = 257 * in_encoding(f'{encoding}8').astype(np.uint16)
    wide = pixels.reshape(2, -1)
    msg = of_16_bits(f'{encoding}16', wide, big_endian=big_endian, padding=2)
    msg.width = 3
    assert np.array_equal(frame_from_image(msg, 'dog').image, RGB)


def test_short_step_of_16_bits_is_refused() -> None:
    msg = of_16_bits('mono16', np.zeros((2, 3)), big_endian=False)
    msg.step = 5
    with pytest.raises(ImageError, match='step: expected at least 6 bytes, got 5'):
        frame_from_image(msg, 'dog')


@pytest.mark.parametrize('padding', [0, 4])
@pytest.mark.parametrize('encoding', ['yuv422', 'uyvy', 'yuv422_yuy2', 'yuyv'])
def test_yuv_image_keeps_its_colour(encoding: str, padding: int) -> None:
    # Red, twice: Y, U and V of BT.601 in limited range.
    y, u, v = 81, 90, 240
    pair = (y, u, y, v) if encoding in ('yuyv', 'yuv422_yuy2') else (u, y, v, y)
    pixels = np.array([[pair[:2], pair[2:]]], np.uint8)
    got = frame_from_image(image(encoding, pixels, padding), 'dog').image
    assert np.abs(got.astype(int) - [255, 0, 0]).max() <= 2


@pytest.mark.parametrize('encoding', ['yuv422', 'uyvy', 'yuv422_yuy2', 'yuyv'])
def test_grey_yuv_image_keeps_its_brightness_order(encoding: str) -> None:
    luma, chroma = np.array([[50, 100, 150, 200]], np.uint8), np.full((1, 4), 128, np.uint8)
    order = (luma, chroma) if encoding in ('yuyv', 'yuv422_yuy2') else (chroma, luma)
    got = frame_from_image(image(encoding, np.stack(order, axis=2)), 'dog').image
    # BT.601, limited range: 255 / 219 * (Y - 16).
    expected = np.round(255 / 219 * (luma.astype(float) - 16))
    assert np.abs(got.astype(float) - expected[..., None]).max() <= 1


@pytest.mark.parametrize('bits', [8, 16])
@pytest.mark.parametrize(
    ('encoding', 'red', 'blue'),
    [
        ('bayer_rggb', (0, 0), (1, 1)),
        ('bayer_bggr', (1, 1), (0, 0)),
        ('bayer_gbrg', (1, 0), (0, 1)),
        ('bayer_grbg', (0, 1), (1, 0)),
    ],
)
def test_bayer_image_keeps_its_colour(
    encoding: str, red: tuple[int, int], blue: tuple[int, int], bits: int
) -> None:
    mosaic = np.full((8, 8), 60, np.uint8)
    mosaic[red[0] :: 2, red[1] :: 2] = 200
    mosaic[blue[0] :: 2, blue[1] :: 2] = 10
    if bits == 8:
        msg = image(f'{encoding}8', mosaic, padding=3)
    else:
        wide = 257 * mosaic.astype(np.uint16)
        msg = of_16_bits(f'{encoding}16', wide, big_endian=True, padding=2)
    assert (frame_from_image(msg, 'dog').image[1:-1, 1:-1] == [200, 60, 10]).all()


def test_frame_carries_stamp_and_uid() -> None:
    frame = frame_from_image(image('rgb8', RGB), 'dog')
    assert frame.stamp_ns == 12_000_000_034
    assert frame.frame_uid == 'dog/12000000034'


def test_unknown_encoding_lists_the_known_ones() -> None:
    kinds = 'rgb', 'bgr', 'rgba', 'bgra', 'mono', *(f'bayer_{k}' for k in BAYER)
    known = [f'{kind}{bits}' for bits in (8, 16) for kind in kinds]
    known += ['yuv422', 'uyvy', 'yuv422_yuy2', 'yuyv']
    text = f"encoding: expected one of {', '.join(known)}, got '32FC1'"
    with pytest.raises(ImageError, match=text):
        frame_from_image(image('32FC1', RGB), 'dog')


@pytest.mark.parametrize('shape', [(0, 3, 3), (2, 0, 3)])
def test_empty_image_is_refused(shape: tuple[int, int, int]) -> None:
    text = rf'size: expected height and width > 0, got {shape[0]} x {shape[1]}'
    msg = Image(header=HEADER, height=shape[0], width=shape[1], encoding='rgb8')
    with pytest.raises(ImageError, match=text):
        frame_from_image(msg, 'dog')


def test_short_step_is_refused() -> None:
    with pytest.raises(ImageError, match='step: expected at least 9 bytes, got 8'):
        frame_from_image(image('rgb8', RGB, step=8), 'dog')


@pytest.mark.parametrize('extra', [-1, 1])
def test_data_of_another_length_is_refused(extra: int) -> None:
    msg = image('rgb8', RGB)
    msg.data = bytes(18 + extra)
    with pytest.raises(ImageError, match=f'data: expected 18 bytes, got {18 + extra}'):
        frame_from_image(msg, 'dog')


def test_odd_width_of_yuv_is_refused() -> None:
    with pytest.raises(ImageError, match='width: expected an even number for uyvy, got 3'):
        frame_from_image(image('uyvy', np.zeros((2, 3, 2), np.uint8)), 'dog')


def test_compressed_image_is_decoded() -> None:
    data = encode_image(RGB, 'png', 90)
    msg = CompressedImage(header=HEADER, format='png', data=data)
    frame = frame_from_compressed(msg, 'dog', LimitsConfig())
    assert np.array_equal(frame.image, RGB)
    assert (frame.stamp_ns, frame.frame_uid) == (12_000_000_034, 'dog/12000000034')


def test_compressed_image_that_is_none_is_refused() -> None:
    msg = CompressedImage(header=HEADER, format='jpeg', data=b'no image at all')
    with pytest.raises(ImageError):
        frame_from_compressed(msg, 'dog', LimitsConfig())


def test_compressed_image_over_the_limit_is_refused() -> None:
    data = encode_image(np.zeros((40, 40, 3), np.uint8), 'png', 90)
    msg = CompressedImage(header=HEADER, format='png', data=data)
    with pytest.raises(ImageTooLargeError):
        frame_from_compressed(msg, 'dog', LimitsConfig(max_image_pixels=1000))


def test_map_goes_out_as_mono8_and_comes_back() -> None:
    labels = np.array([[0, 1, 255], [2, 3, 4]], np.uint8)
    msg = image_from_map(labels, HEADER)
    assert (msg.encoding, msg.height, msg.width, msg.step) == ('mono8', 2, 3, 3)
    assert msg.header == HEADER
    back = deserialize_message(serialize_message(msg), Image)
    assert np.array_equal(map_from_image(back), labels)


def test_map_that_is_a_view_keeps_its_order() -> None:
    labels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    for view in (labels.T, labels[::-1], labels[:, ::2]):
        assert np.array_equal(map_from_image(image_from_map(view, HEADER)), view)


@pytest.mark.parametrize('bad', [np.zeros((2, 3, 1), np.uint8), np.zeros((2, 3), np.int64)])
def test_map_of_another_shape_or_dtype_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(ShapeError, match=r'map: expected \(H, W\) uint8, got'):
        image_from_map(bad, HEADER)


def test_padded_map_is_read_without_its_padding() -> None:
    labels = np.array([[0, 1, 255], [2, 3, 4]], np.uint8)
    assert np.array_equal(map_from_image(image('mono8', labels, padding=2)), labels)


def test_map_from_a_colour_image_is_refused() -> None:
    with pytest.raises(ImageError, match="encoding: expected one of mono8, got 'rgb8'"):
        map_from_image(image('rgb8', RGB))


def test_rgb_goes_out_and_comes_back() -> None:
    msg = image_from_rgb(RGB, HEADER)
    assert (msg.encoding, msg.height, msg.width, msg.step) == ('rgb8', 2, 3, 9)
    assert msg.header == HEADER
    assert np.array_equal(frame_from_image(msg, 'dog').image, RGB)


@pytest.mark.parametrize('bad', [np.zeros((2, 3, 4), np.uint8), np.zeros((2, 3, 3), np.float32)])
def test_rgb_of_another_shape_or_dtype_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(ShapeError, match=r'image: expected \(H, W, 3\) uint8, got'):
        image_from_rgb(bad, HEADER)
