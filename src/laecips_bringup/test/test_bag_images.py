from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from laecips_bringup.bag_files import BagError
from laecips_bringup.bag_stream import BagStream
from laecips_bringup.stream import StreamFrame
from laecips_bringup.stream import UnreadableFrame
from laecips_core.errors import ImageError
from laecips_core.image_codec import encode_image

GREY = np.full((4, 4), 90, np.uint8)
RGB = np.dstack([GREY, GREY + 10, GREY + 20])
BGR = RGB[..., ::-1]
OPAQUE = np.full((4, 4, 1), 255, np.uint8)


@pytest.mark.parametrize(
    ('encoding', 'pixels', 'expected'),
    [
        ('rgb8', RGB, RGB),
        ('bgr8', BGR, RGB),
        ('rgba8', np.dstack([RGB, OPAQUE]), RGB),
        ('bgra8', np.dstack([BGR, OPAQUE]), RGB),
        ('mono8', GREY, np.dstack([GREY] * 3)),
        ('bayer_rggb8', GREY, np.dstack([GREY] * 3)),
    ],
)
def test_encodings_are_those_of_the_node(
    bags: Any, tmp_path: Path, encoding: str, pixels: np.ndarray, expected: np.ndarray
) -> None:
    path = bags.write(tmp_path / 'bag', [('/cam', 5, bags.image(1, pixels, encoding))])
    (frame,) = BagStream(path)
    assert isinstance(frame, StreamFrame)
    assert frame.stamp_ns == 1
    np.testing.assert_array_equal(frame.image, expected)


def test_padded_rows_are_cut(bags: Any, tmp_path: Path) -> None:
    data = np.array([1, 2, 3, 4, 5, 6, 0, 0], np.uint8)
    message = bags.make('sensor_msgs/msg/Image', bags.header(1), 1, 2, 'bgr8', 0, 8, data)
    (frame,) = BagStream(bags.write(tmp_path / 'bag', [('/cam', 5, message)]))
    assert isinstance(frame, StreamFrame)
    assert frame.image.tolist() == [[[3, 2, 1], [6, 5, 4]]]


def test_png_in_a_compressed_image_comes_back_exactly(bags: Any, tmp_path: Path) -> None:
    message = bags.compressed(1, encode_image(RGB, 'png', 90))
    (frame,) = BagStream(bags.write(tmp_path / 'bag', [('/cam/compressed', 5, message)]))
    assert isinstance(frame, StreamFrame)
    np.testing.assert_array_equal(frame.image, RGB)


def test_frames_that_the_node_would_refuse_come_with_their_reason(
    bags: Any, tmp_path: Path
) -> None:
    messages = [
        ('/cam', 1, bags.image(1, RGB)),
        ('/cam', 2, bags.image(2, RGB, '32FC1')),
        ('/cam', 3, b'\x00\x01\x00\x00'),
        ('/cam', 4, bags.image(4, RGB)),
    ]
    frames = list(BagStream(bags.write(tmp_path / 'bag', messages)))
    assert [type(f) for f in frames] == [
        StreamFrame, UnreadableFrame, UnreadableFrame, StreamFrame,
    ]  # fmt: skip
    assert [f.stamp_ns for f in frames] == [1, 2, 3, 4]
    assert [f.error.code for f in frames if isinstance(f, UnreadableFrame)] == [
        'bad_image', 'bad_message',
    ]  # fmt: skip


def test_cut_jpeg_comes_with_its_reason(bags: Any, tmp_path: Path) -> None:
    data = encode_image(RGB, 'jpeg', 90)
    path = bags.write(tmp_path / 'bag', [('/cam', 1, bags.compressed(1, data[:20]))])
    (frame,) = BagStream(path)
    assert isinstance(frame, UnreadableFrame)
    assert frame.error.code == 'bad_image'


def test_topic_without_images_is_named(bags: Any, tmp_path: Path) -> None:
    empty = [('/cam', 'sensor_msgs/msg/Image')]
    path = bags.write(tmp_path / 'bag', [], empty=empty)
    with pytest.raises(BagError, match='expected at least one image on /cam, got none'):
        BagStream(path)


def test_bag_without_an_image_topic_says_so(bags: Any, tmp_path: Path) -> None:
    path = bags.write(tmp_path / 'bag', [('/where', 1, bags.header(1))])
    with pytest.raises(BagError, match=r'expected /image of type .*, got these .*: none'):
        BagStream(path)


def test_labels_must_be_raw_and_mono8(bags: Any, tmp_path: Path) -> None:
    png = bags.compressed(1, encode_image(RGB, 'png', 90))
    frame = ('/cam', 1, bags.image(1, RGB))
    path = bags.write(tmp_path / 'png', [frame, ('/truth', 1, png)])
    with pytest.raises(BagError, match=r'/truth of type sensor_msgs/msg/Image, got .*Compressed'):
        BagStream(path, '/cam', '/truth')
    path = bags.write(tmp_path / 'rgb', [frame, ('/truth', 1, bags.image(1, RGB))])
    with pytest.raises(ImageError, match="encoding: expected one of mono8, got 'rgb8'"):
        list(BagStream(path, '/cam', '/truth'))
