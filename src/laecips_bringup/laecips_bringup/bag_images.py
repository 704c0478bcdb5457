"""Images and label maps from the messages of a bag, by the nodes' own conversions."""

from __future__ import annotations

from array import array
from typing import Any

from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image

from laecips_core.config import LimitsConfig
from laecips_core.errors import LaecipsError
from laecips_core.values import Image as Pixels
from laecips_core.values import LabelMap
from laecips_ros.conversions import frame_from_compressed
from laecips_ros.conversions import frame_from_image
from laecips_ros.conversions import map_from_image

IMAGE_TYPE = 'sensor_msgs/msg/Image'
COMPRESSED_TYPE = 'sensor_msgs/msg/CompressedImage'


def pixels_of(content: Any, limits: LimitsConfig) -> Pixels:
    """
    Take an image as the edge node takes it.

    :param content: of a :class:`BagMessage` with a raw or compressed image.
    :param limits: largest compressed image that is decoded.
    :returns: (H, W, 3) uint8 RGB.
    :raises LaecipsError: when the edge node would refuse it, or the message cannot be read.
    """
    if isinstance(content, LaecipsError):
        raise content
    if content.__msgtype__ == COMPRESSED_TYPE:
        message = CompressedImage(format=content.format, data=_bytes_of(content))
        return frame_from_compressed(message, '', limits).image
    return frame_from_image(_ros_image(content), '').image


def map_of(content: Any) -> LabelMap:
    """
    Take a mono8 image as a map.

    :param content: of a :class:`BagMessage` with a raw image.
    :returns: (H, W) uint8.
    :raises LaecipsError: when it is of another encoding or inconsistent, or cannot be read.
    """
    if isinstance(content, LaecipsError):
        raise content
    return map_from_image(_ros_image(content))


def _ros_image(content: Any) -> Image:
    return Image(
        height=content.height,
        width=content.width,
        encoding=content.encoding,
        is_bigendian=content.is_bigendian,
        step=content.step,
        data=_bytes_of(content),
    )


def _bytes_of(content: Any) -> array[int]:
    return array('B', content.data.tobytes())
