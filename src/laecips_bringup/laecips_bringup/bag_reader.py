"""Reads images and maps from rosbag2 bags, without ROS."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader
from rosbags.highlevel import AnyReaderError
from rosbags.typesys import get_typestore
from rosbags.typesys import Stores
from sensor_msgs.msg import Image

from laecips_core.config import LimitsConfig
from laecips_core.errors import DataSetError
from laecips_core.errors import LaecipsError
from laecips_core.image_codec import decode_image
from laecips_core.values import Image as Pixels
from laecips_core.values import LabelMap
from laecips_ros.conversions import frame_from_image
from laecips_ros.conversions import map_from_image

IMAGE_TYPE = 'sensor_msgs/msg/Image'
COMPRESSED_TYPE = 'sensor_msgs/msg/CompressedImage'

_NS_PER_S = 1_000_000_000
_BAG = 'a rosbag2 bag: a folder with metadata.yaml and .db3 or .mcap files'


class BagReader:
    """
    A bag with image topics, sqlite3 or mcap; messages are read one at a time.

    :param path: folder of the bag.
    :raises DataSetError: when there is no such bag.
    """

    def __init__(self, path: Path) -> None:
        """Look at what the bag holds."""
        self.path = path
        with self._open() as reader:
            kinds = {topic: (info.msgtype, info.msgcount) for topic, info in reader.topics.items()}
        self._kinds = {
            topic: kind
            for topic, kind in kinds.items()
            if kind[0] in (IMAGE_TYPE, COMPRESSED_TYPE)
        }

    @property
    def image_topics(self) -> tuple[str, ...]:
        """Topics of raw or compressed images, sorted."""
        return tuple(sorted(self._kinds))

    def count(self, topic: str) -> int:
        """
        Count the messages of an image topic.

        :raises DataSetError: when the bag has no such image topic.
        """
        self._expect(topic)
        return self._kinds[topic][1]

    def messages(self, topic: str) -> Iterator[tuple[int, Any]]:
        """
        Read an image topic in the order of recording, without decoding images.

        :returns: header stamp in ns and message; only one message is held at a time.
        :raises DataSetError: when the bag has no such image topic or is damaged.
        """
        self._expect(topic)
        with self._open() as reader:
            wanted = [c for c in reader.connections if c.topic == topic]
            for connection, _, data in reader.messages(wanted):
                message: Any = reader.deserialize(data, connection.msgtype)
                stamp = message.header.stamp
                yield stamp.sec * _NS_PER_S + stamp.nanosec, message

    def _expect(self, topic: str) -> None:
        if topic not in self._kinds:
            known = ', '.join(self.image_topics) or 'none'
            raise DataSetError(
                str(self.path), f'image topic {topic}', f'these image topics: {known}'
            )

    @contextmanager
    def _open(self) -> Iterator[AnyReader]:
        typestore = get_typestore(Stores.ROS2_JAZZY)
        try:
            with AnyReader([self.path], default_typestore=typestore) as reader:
                yield reader
        except LaecipsError:
            raise
        except (AnyReaderError, OSError) as error:
            raise DataSetError(str(self.path), _BAG, repr(str(error))) from error


def pixels_of(message: Any, limits: LimitsConfig) -> Pixels:
    """
    Decode an image message of a bag.

    :param message: raw or compressed image.
    :param limits: largest compressed image that is decoded.
    :returns: (H, W, 3) uint8 RGB.
    :raises ImageError: when it cannot be used.
    """
    if message.__msgtype__ == COMPRESSED_TYPE:
        return decode_image(message.data.tobytes(), limits)
    return frame_from_image(_ros_image(message), '').image


def map_of(message: Any) -> LabelMap:
    """
    Take a mono8 image message of a bag as a map.

    :returns: (H, W) uint8.
    :raises ImageError: when it is of another encoding or inconsistent.
    """
    return map_from_image(_ros_image(message))


def _ros_image(message: Any) -> Image:
    return Image(
        height=message.height,
        width=message.width,
        encoding=message.encoding,
        is_bigendian=message.is_bigendian,
        step=message.step,
        data=array('B', message.data.tobytes()),
    )
