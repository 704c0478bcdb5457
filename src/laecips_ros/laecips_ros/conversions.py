"""The only place where ROS messages and the values of the core meet."""

from __future__ import annotations

from array import array
from functools import cache
from importlib import import_module
import logging
from typing import Any

from builtin_interfaces.msg import Time
import numpy as np
from numpy.typing import NDArray
from rosbags.image import message_to_cvimage
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import LimitsConfig
from laecips_core.errors import ImageError
from laecips_core.errors import ShapeError
from laecips_core.image_codec import decode_image
from laecips_core.values import Frame
from laecips_core.values import Image as Pixels
from laecips_core.values import WeightManifest
from laecips_msgs.msg import LabelInfo
from laecips_msgs.msg import ModelVersion
from laecips_ros.image_encodings import BYTES_PER_PIXEL
from laecips_ros.image_encodings import of_8_bits
from laecips_ros.image_encodings import YUV_422

_MANIFEST_FIELDS = tuple(ModelVersion.get_fields_and_field_types())
_NS_PER_S = 1_000_000_000
_log = logging.getLogger(__name__)


def stamp_to_ns(stamp: Time) -> int:
    """Give a message stamp as ns."""
    return int(stamp.sec) * _NS_PER_S + int(stamp.nanosec)


def ns_to_stamp(stamp_ns: int) -> Time:
    """Give ns as a message stamp; exact."""
    sec, nanosec = divmod(stamp_ns, _NS_PER_S)
    return Time(sec=sec, nanosec=nanosec)


def frame_uid(robot: str, stamp_ns: int) -> str:
    """Name a frame for its whole way; needs a camera that stamps its images."""
    return f'{robot}/{stamp_ns}'


def frame_from_image(msg: Image, robot: str) -> Frame:
    """
    Take a raw camera image, rows padded or not, as a frame.

    :param msg: an RGB, BGR (with alpha or not), grey or Bayer image of 8 or 16 bits, or YUV 4:2:2.
    :param robot: name of the robot, first part of the frame's uid.
    :returns: the frame; its image is the message's own memory when that is unpadded rgb8.
    :raises ImageError: when the image is empty, of another encoding, truncated or inconsistent.
    """
    rows = _rows(msg, BYTES_PER_PIXEL)
    if msg.encoding in YUV_422:
        _expect(msg.width % 2 == 0, 'width', f'an even number for {msg.encoding}', msg.width)
    if msg.encoding.endswith('16'):
        pixels = of_8_bits(rows, big_endian=bool(msg.is_bigendian))
        msg = _image(pixels, msg.header, f'{msg.encoding.removesuffix("16")}8', msg.width)
    elif rows.shape[1] != msg.step:
        # The converter takes rows as unpadded, whatever step says.
        msg = _image(rows, msg.header, msg.encoding, msg.width)
    image = np.asarray(message_to_cvimage(msg, 'rgb8'), np.uint8)
    stamp_ns = stamp_to_ns(msg.header.stamp)
    return Frame(image, stamp_ns, frame_uid(robot, stamp_ns))


def frame_from_compressed(msg: CompressedImage, robot: str, limits: LimitsConfig) -> Frame:
    """
    Decode a compressed camera image as a frame.

    :param msg: the image; its bytes say the format, the ``format`` field is not read.
    :param robot: name of the robot, first part of the frame's uid.
    :param limits: the largest image that is decoded.
    :raises ImageError: when the bytes are no image, or of one larger than the limits.
    """
    stamp_ns = stamp_to_ns(msg.header.stamp)
    image = decode_image(bytes(msg.data), limits)
    return Frame(image, stamp_ns, frame_uid(robot, stamp_ns))


def map_from_image(msg: Image) -> NDArray[np.uint8]:
    """
    Take a mono8 image as a map of class ids or confidences.

    :returns: (H, W) uint8; shares memory with the message when that is not padded.
    :raises ImageError: when the image is empty, of another encoding, truncated or inconsistent.
    """
    return np.ascontiguousarray(_rows(msg, {'mono8': 1}))


def image_from_map(values: NDArray[np.uint8], header: Header) -> Image:
    """
    Give a map of class ids or confidences as a mono8 image.

    :param values: (H, W) uint8.
    :param header: of the input image; taken over unchanged.
    :raises ShapeError: when the map is of another shape or dtype.
    """
    if values.ndim != 2 or values.dtype != np.uint8:
        raise ShapeError('map', '(H, W) uint8', f'{values.shape} {values.dtype}')
    return _image(values, header, 'mono8', values.shape[1])


def image_from_rgb(image: Pixels, header: Header) -> Image:
    """
    Give an RGB image as an rgb8 message.

    :param image: (H, W, 3) uint8.
    :param header: of the input image; taken over unchanged.
    :raises ShapeError: when the image is of another shape or dtype.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ShapeError('image', '(H, W, 3) uint8', f'{image.shape} {image.dtype}')
    return _image(image, header, 'rgb8', image.shape[1])


def label_info(catalogue: ClassCatalogue, header: Header) -> LabelInfo:
    """Describe the class ids of a mask; published latched, before the first mask."""
    return LabelInfo(
        header=header,
        class_names=list(catalogue.names),
        colours=array('B', [value for colour in catalogue.colours for value in colour]),
        catalogue_sha256=catalogue.sha256,
    )


def vision_label_info(catalogue: ClassCatalogue, header: Header) -> Any | None:
    """
    Describe the class ids as consumers that do not know of LAECIPS read them.

    :returns: a ``vision_msgs/LabelInfo``; None where that package is not installed.
    """
    messages = _vision_messages()
    if messages is None:
        return None
    make = messages.VisionClass
    classes = [make(class_id=i, class_name=name) for i, name in enumerate(catalogue.names)]
    return messages.LabelInfo(header=header, class_map=classes, threshold=0.0)


def manifest_to_msg(manifest: WeightManifest) -> ModelVersion:
    """Announce a set of weights; its notes stay behind."""
    return ModelVersion(**{name: getattr(manifest, name) for name in _MANIFEST_FIELDS})


def manifest_from_msg(msg: ModelVersion) -> WeightManifest:
    """Read an announcement; nothing in it is trusted before the payload's digest is checked."""
    fields = {name: getattr(msg, name) for name in _MANIFEST_FIELDS}
    return WeightManifest(**{**fields, 'signature': bytes(msg.signature)})


@cache
def _vision_messages() -> Any | None:
    try:
        return import_module('vision_msgs.msg')
    except ModuleNotFoundError:
        _log.info('vision_msgs is not installed: only laecips_msgs/LabelInfo is published')
        return None


def _expect(good: bool, what: str, expected: object, got: object) -> None:
    if not good:
        raise ImageError(what, str(expected), got)


def _rows(msg: Image, known: dict[str, int]) -> NDArray[np.uint8]:
    """View the rows of a checked image without their padding, (H, bytes in a row)."""
    _expect(msg.encoding in known, 'encoding', 'one of ' + ', '.join(known), repr(msg.encoding))
    _expect(
        msg.height > 0 and msg.width > 0,
        'size',
        'height and width > 0',
        f'{msg.height} x {msg.width}',
    )
    row_bytes = msg.width * known[msg.encoding]
    _expect(msg.step >= row_bytes, 'step', f'at least {row_bytes} bytes', msg.step)
    size_bytes = msg.step * msg.height
    _expect(len(msg.data) == size_bytes, 'data', f'{size_bytes} bytes', len(msg.data))
    return np.frombuffer(msg.data, np.uint8).reshape(msg.height, msg.step)[:, :row_bytes]


def _image(pixels: NDArray[np.uint8], header: Header, encoding: str, width: int) -> Image:
    data = array('B')
    data.frombytes(np.ascontiguousarray(pixels).data)
    height = pixels.shape[0]
    step = len(data) // height if height else 0
    return Image(
        header=header, height=height, width=width, encoding=encoding, step=step, data=data
    )
