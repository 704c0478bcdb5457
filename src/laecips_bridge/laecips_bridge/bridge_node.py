"""The bridge's node: one half on the robot, the other on the server."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import sys

from rclpy.node import Node

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.bridge_config import check_bridge_config
from laecips_bridge.robot_side import RobotSide
from laecips_bridge.server_side import ServerSide
from laecips_ros.counters import Counters
from laecips_ros.diagnostics import Diagnostics
from laecips_ros.logging_bridge import LoggingBridge
from laecips_ros.parameters import declare_config
from laecips_ros.parameters import on_change
from laecips_ros.program import event_executor
from laecips_ros.program import run_node

SIDES: Mapping[str, Callable[[Node, BridgeConfig, Counters], RobotSide | ServerSide]] = {
    'robot': RobotSide,
    'server': ServerSide,
}
"""What each role starts."""


class BridgeNode(Node):
    """Wires one side; computes nothing itself."""

    def __init__(self) -> None:
        """Start the side that ``role`` names; a LaecipsError says why it could not."""
        super().__init__('bridge')
        self._logging = LoggingBridge(self, ('laecips_ros', 'laecips_bridge'))
        config = declare_config(self, BridgeConfig())
        check_bridge_config(config)
        self._counters = Counters()
        self._side = SIDES[config.role](self, config, self._counters)
        name = config.robot if config.role == 'robot' else 'server'
        self._diagnostics = Diagnostics(
            self, name, self._side.state, self._counters, rates={'frames': 'input_fps'}
        )
        on_change(self, config, self._side.configure)

    def close(self) -> None:
        """Stop the side."""
        self._side.close()
        self._logging.close()


def main() -> int:
    """Run the node until it is told to stop."""
    return run_node(BridgeNode, make_executor=event_executor)


if __name__ == '__main__':
    sys.exit(main())
