"""Writes down what is published on one side of a link, with the time of each message."""

from __future__ import annotations

from collections.abc import Callable
import json
import sys
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import Bool

from laecips_msgs.msg import LinkState
from laecips_msgs.msg import ModelVersion
from laecips_msgs.msg import Report
from laecips_msgs.msg import TrainingRound
from laecips_ros import qos
from laecips_ros.conversions import stamp_to_ns
from laecips_ros.program import run_node

_DEPTH = 100


class Witness(Node):
    """Listens to everything that a test asks for."""

    def __init__(self) -> None:
        """Read ``side`` (robot or server) and ``file``, and listen."""
        super().__init__('witness')
        side = self.declare_parameter('side', 'robot').value
        self._file = open(self.declare_parameter('file', '').value, 'a', encoding='utf-8')  # noqa: SIM115
        self._hear(DiagnosticArray, '/diagnostics', qos.diagnostics(), self._diagnostics)
        if side == 'robot':
            self._hear(Image, 'edge/mask', qos.masks(), _mask)
            self._hear(Report, 'edge/report', qos.masks(), _report)
            self._hear(ModelVersion, 'edge/model_version', qos.latched(), _version)
            self._hear(Bool, 'edge/cloud_ready', qos.latched(), _ready)
            self._hear(LinkState, 'cloud/link_state', qos.latched(), _link_state)
        else:
            self._hear(ModelVersion, 'cloud/model_version', qos.latched(), _version)
            self._hear(TrainingRound, 'cloud/training_round', qos.latched(), _round)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _hear(
        self,
        kind: type,
        topic: str,
        profile: QoSProfile,
        describe: Callable[[Any], dict[str, object] | None],
    ) -> None:
        name = topic.rpartition('/')[2]
        profile.depth = _DEPTH

        def take(msg: Any) -> None:
            found = describe(msg)
            if found is not None:
                self._write(name, found)

        self.create_subscription(kind, topic, take, profile)

    def _diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            values = {item.key: item.value for item in status.values}
            found = {
                'name': status.name.partition(':')[0],
                'message': status.message,
                'values': values,
            }
            self._write('diagnostics', found)

    def _write(self, topic: str, found: dict[str, object]) -> None:
        row = {'topic': topic, 't': time.monotonic(), **found}
        self._file.write(f'{json.dumps(row)}\n')
        self._file.flush()


def _mask(msg: Image) -> dict[str, object]:
    return {'stamp_ns': stamp_to_ns(msg.header.stamp)}


def _report(msg: Report) -> dict[str, object]:
    return {
        'uid': msg.frame_uid,
        'source': msg.source,
        'reason': msg.fallback_reason,
        'weights_version': msg.weights_version,
        'total_s': msg.total_s,
    }


def _version(msg: ModelVersion) -> dict[str, object]:
    return {'version': msg.version, 'release': msg.release, 'parent': msg.parent}


def _ready(msg: Bool) -> dict[str, object] | None:
    return {} if msg.data else None


def _link_state(msg: LinkState) -> dict[str, object]:
    return {'state': msg.state, 'reason': msg.reason, 'outbox_frames': msg.outbox_frames}


def _round(msg: TrainingRound) -> dict[str, object]:
    return {'number': msg.training_round, 'state': msg.state, 'samples': msg.samples}


if __name__ == '__main__':
    sys.exit(run_node(Witness))
