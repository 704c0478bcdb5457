"""
The cloud's stand-in in ``laecips bench link``: answers of a known size, after a known time.

It segments nothing; the bench measures what lies between robot and server.
"""

from __future__ import annotations

import random
import sys
import time

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node

from laecips_msgs.msg import ModelVersion
from laecips_msgs.srv import GetModelUpdate
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros import qos
from laecips_ros.program import run_node

WEIGHTS_BYTES = 50_000_000
_BLOCK_BYTES = 65_536
_THREADS = 3


class StandInCloud(Node):
    """Offers the cloud's services under its name."""

    def __init__(self) -> None:
        """Read ``answer_bytes`` and ``compute_s``, and offer the services."""
        super().__init__('cloud')
        answer_bytes = self.declare_parameter('answer_bytes', 8000).value
        self._compute_s = float(self.declare_parameter('compute_s', 0.0).value)
        # Incompressible, as PNG and weights are.
        noise = random.Random(0)
        self._answer = noise.randbytes(answer_bytes)
        self._block = noise.randbytes(_BLOCK_BYTES)
        self._manifest = ModelVersion(
            version='000000000000', sha256='0' * 64, size_bytes=WEIGHTS_BYTES
        )
        self._version = self.create_publisher(ModelVersion, '~/model_version', qos.latched())
        self._version.publish(self._manifest)
        self._offered = [
            self.create_service(
                kind, f'~/{name}', answer, callback_group=MutuallyExclusiveCallbackGroup()
            )
            for kind, name, answer in (
                (SegmentHardFrame, 'segment_hard_frame', self._segment),
                (GetModelUpdate, 'get_model_update', self._chunk),
            )
        ]

    def _segment(
        self, request: SegmentHardFrame.Request, response: SegmentHardFrame.Response
    ) -> SegmentHardFrame.Response:
        time.sleep(self._compute_s)
        response.edge_s = self._compute_s
        response.label_png = self._answer
        return response

    def _chunk(
        self, request: GetModelUpdate.Request, response: GetModelUpdate.Response
    ) -> GetModelUpdate.Response:
        response.manifest, response.offset = self._manifest, request.offset
        response.chunk = self._block[: min(request.max_bytes, WEIGHTS_BYTES - request.offset)]
        return response


def main() -> int:
    """Run the node until it is told to stop."""
    return run_node(StandInCloud, _THREADS)


if __name__ == '__main__':
    sys.exit(main())
