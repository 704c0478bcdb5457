"""
Announces whatever lies in a folder, and serves weights from it, in place of the cloud.

An announcement is a file ``NUMBER.json`` with a manifest; a payload is a file named by the SHA-256
that manifests of its version announce.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys
from typing import Any

from rclpy.node import Node

from laecips_core.values import WeightManifest
from laecips_msgs.msg import ModelVersion
from laecips_msgs.srv import GetModelUpdate
from laecips_ros import qos
from laecips_ros.conversions import manifest_to_msg
from laecips_ros.program import run_node
from laecips_ros.steady import steady_timer

_LOOK_S = 0.1


class Forger(Node):
    """Has no key and no scruples: who holds the folder decides what it says."""

    def __init__(self) -> None:
        """Read ``folder`` and ``serves``: whether it offers downloads beside announcements."""
        super().__init__('forger')
        self._folder = Path(self.declare_parameter('folder', '').value)
        self._next = 0
        self._held: dict[str, WeightManifest] = {}
        self._version = self.create_publisher(ModelVersion, '/cloud/model_version', qos.latched())
        if self.declare_parameter('serves', True).value:
            self._service = self.create_service(
                GetModelUpdate, '/cloud/get_model_update', self._chunk
            )
        self._timer = steady_timer(self, _LOOK_S, self._look)

    def _look(self) -> None:
        path = self._folder / f'{self._next}.json'
        if not path.exists():
            return
        entry: dict[str, Any] = json.loads(path.read_text(encoding='utf-8'))
        manifest = WeightManifest(**{**entry, 'signature': bytes.fromhex(entry['signature'])})
        self._next += 1
        self._held[manifest.version] = manifest
        self._version.publish(manifest_to_msg(manifest))

    def _chunk(
        self, request: GetModelUpdate.Request, response: GetModelUpdate.Response
    ) -> GetModelUpdate.Response:
        manifest = self._held[request.version]
        payload = (self._folder / manifest.sha256).read_bytes()
        response.manifest, response.offset = manifest_to_msg(manifest), request.offset
        response.chunk = payload[request.offset : request.offset + request.max_bytes]
        return response


if __name__ == '__main__':
    sys.exit(run_node(Forger))
