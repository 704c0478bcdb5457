"""Writes images and maps as rosbag2 bags, without ROS."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rosbags.interfaces import Connection
from rosbags.rosbag2 import CompressionFormat
from rosbags.rosbag2 import CompressionMode
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer
from rosbags.rosbag2 import WriterError

from laecips_bringup.bag_types import bag_types
from laecips_core.errors import DataSetError
from laecips_core.image_codec import encode_image
from laecips_core.values import Image

FRAME_ID = 'camera'
"""Coordinate frame in the header of everything written."""

_NS_PER_S = 1_000_000_000
_BAG_VERSION: Final = 8
_METADATA = 'metadata.yaml'


class BagWriter:
    """
    A new bag in mcap storage, compressed by it; ``with`` closes it.

    :param path: folder of the bag, which must not exist; folders above it are made.
    :raises DataSetError: when it exists or cannot be made.
    """

    def __init__(self, path: Path) -> None:
        """Make the bag."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = Writer(path, version=_BAG_VERSION, storage_plugin=StoragePlugin.MCAP)
            self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
            self._writer.open()
        except (OSError, WriterError) as error:
            raise DataSetError(
                str(path), 'a new folder for a bag', repr(str(error)), 'name another folder'
            ) from error
        self._connections: dict[str, Connection] = {}

    def __enter__(self) -> BagWriter:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write the index."""
        self._writer.close()

    def write_rgb(self, topic: str, stamp_ns: int, image: Image) -> None:
        """
        Write a frame as rgb8.

        :param topic: full name.
        :param stamp_ns: of header and recording, in ns.
        :param image: (H, W, 3) uint8 RGB.
        """
        self._write_image(topic, stamp_ns, image, 'rgb8')

    def write_map(self, topic: str, stamp_ns: int, values: NDArray[np.uint8]) -> None:
        """
        Write a map of class ids or confidences as mono8.

        :param topic: full name.
        :param stamp_ns: of header and recording, in ns.
        :param values: (H, W) uint8.
        """
        self._write_image(topic, stamp_ns, values, 'mono8')

    def write_jpeg(self, topic: str, stamp_ns: int, image: Image, quality: int) -> None:
        """
        Write a frame as a JPEG.

        :param topic: full name.
        :param stamp_ns: of header and recording, in ns.
        :param image: (H, W, 3) uint8 RGB.
        :param quality: 1 to 100.
        """
        data = np.frombuffer(encode_image(image, 'jpeg', quality), np.uint8)
        kind = bag_types().types['sensor_msgs/msg/CompressedImage']
        self._write(topic, stamp_ns, kind(_header(stamp_ns), 'rgb8; jpeg compressed bgr8', data))

    def _write_image(
        self, topic: str, stamp_ns: int, pixels: NDArray[np.uint8], encoding: str
    ) -> None:
        height, width = pixels.shape[:2]
        flat = np.ascontiguousarray(pixels).reshape(-1)
        kind = bag_types().types['sensor_msgs/msg/Image']
        step = flat.size // height
        message = kind(_header(stamp_ns), height, width, encoding, 0, step, flat)
        self._write(topic, stamp_ns, message)

    def _write(self, topic: str, stamp_ns: int, message: Any) -> None:
        name = message.__msgtype__
        data = bag_types().serialize_cdr(message, name)
        self.write_serialized(topic, name, stamp_ns, data)

    def write_serialized(
        self, topic: str, kind: str, recorded_ns: int, data: bytes | memoryview
    ) -> None:
        """
        Write a message as it came over the wire.

        :param topic: full name.
        :param kind: message type, such as ``laecips_msgs/msg/Report``.
        :param recorded_ns: time of recording in ns.
        :param data: CDR bytes.
        """
        if topic not in self._connections:
            connection = self._writer.add_connection(topic, kind, typestore=bag_types())
            self._connections[topic] = connection
        self._writer.write(self._connections[topic], recorded_ns, data)


def remove_bag(path: Path) -> None:
    """
    Remove a bag that :class:`BagWriter` made, if there is one.

    :param path: its folder.
    :raises DataSetError: when the folder holds anything else; then nothing is removed.
    """
    if not path.exists():
        return
    files = [path / _METADATA, path / f'{path.name}.mcap']
    others = sorted(p.name for p in path.iterdir() if p not in files) if path.is_dir() else ['-']
    if others:
        raise DataSetError(str(path), 'a bag or nothing', others, 'move it or name another folder')
    for file in files:
        file.unlink(missing_ok=True)
    path.rmdir()


def _header(stamp_ns: int) -> Any:
    sec, nanosec = divmod(stamp_ns, _NS_PER_S)
    stamp = bag_types().types['builtin_interfaces/msg/Time'](sec, nanosec)
    return bag_types().types['std_msgs/msg/Header'](stamp, FRAME_ID)
