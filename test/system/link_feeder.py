"""Feeds patrol frames into the edge at a fixed rate, and writes down when."""

from __future__ import annotations

from itertools import cycle
import json
import sys
import time

import cv2
from rclpy.duration import Duration
from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from laecips_bringup.stream import DataSetStream
from laecips_core.config import DataSetConfig
from laecips_core.datasets.patrol.patrol import Patrol
from laecips_ros import qos
from laecips_ros.conversions import image_from_rgb
from laecips_ros.conversions import ns_to_stamp
from laecips_ros.program import run_node
from laecips_ros.steady import steady_timer

_FRAMES = 12
_SIZE_PX = (160, 120)
_ARRIVAL_S = 5.0


class Feeder(Node):
    """Publishes from the moment at which the edge listens until it is told to end."""

    def __init__(self) -> None:
        """Read ``rate_hz`` and ``file``."""
        super().__init__('feeder')
        period_s = 1.0 / self.declare_parameter('rate_hz', 5.0).value
        self._file = open(self.declare_parameter('file', '').value, 'a', encoding='utf-8')  # noqa: SIM115
        frames = DataSetStream(Patrol(DataSetConfig(frames=_FRAMES)))
        self._images = cycle([cv2.resize(frame.image, _SIZE_PX) for frame in frames])
        self._publisher = self.create_publisher(Image, 'image', qos.masks())
        self._began = False
        self._timer = steady_timer(self, period_s, self._feed)

    def close(self) -> None:
        """See the last frame arrive, and close the file."""
        # What is published last is gone where the process ends before its listeners have it.
        self._publisher.wait_for_all_acked(Duration(seconds=_ARRIVAL_S))
        self._file.close()

    def _feed(self) -> None:
        self._began = self._began or self._publisher.get_subscription_count() > 0
        if not self._began:
            return
        stamp_ns, fed_s = time.time_ns(), time.monotonic()
        header = Header(stamp=ns_to_stamp(stamp_ns), frame_id='camera')
        self._publisher.publish(image_from_rgb(next(self._images), header))
        self._file.write(f'{json.dumps({"topic": "fed", "t": fed_s, "stamp_ns": stamp_ns})}\n')
        self._file.flush()


if __name__ == '__main__':
    sys.exit(run_node(Feeder))
