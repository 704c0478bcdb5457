"""Tries to connect as a robot's bridge does, but shows no certificate."""

from __future__ import annotations

import sys

from rclpy.node import Node
import zenoh

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.zenoh_settings import open_session
from laecips_bridge.zenoh_settings import robot_settings
from laecips_ros.parameters import declare_config
from laecips_ros.program import run_node
from laecips_ros.steady import steady_timer

_OWN = ('connect_certificate', 'connect_private_key', 'enable_mtls')


class Intruder(Node):
    """Knows the CA, as anyone may, and has nothing signed by it."""

    def __init__(self) -> None:
        """Take the settings of a bridge."""
        super().__init__('intruder')
        settings = dict(robot_settings(declare_config(self, BridgeConfig())))
        tls = settings['transport/link/tls']
        settings['transport/link/tls'] = {k: v for k, v in tls.items() if k not in _OWN}
        self._settings = settings
        self._timer = steady_timer(self, 0.3, self._try)

    def _try(self) -> None:
        try:
            session = open_session(self._settings)
        except zenoh.ZError:
            return
        session.close()


if __name__ == '__main__':
    sys.exit(run_node(Intruder))
