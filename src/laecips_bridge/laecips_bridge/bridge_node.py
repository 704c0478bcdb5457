"""The bridge's node: one half on the robot, the other on the server."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
import sys
from typing import ClassVar

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.bridge_config import check_bridge_config
from laecips_bridge.robot_side import LoadedRobotSide
from laecips_bridge.server_side import LoadedServerSide
from laecips_ros.lifecycle import ManagedNode
from laecips_ros.lifecycle import started
from laecips_ros.program import event_executor
from laecips_ros.program import run_node

PACKAGES = ('laecips_ros', 'laecips_bridge')
SIDES: Mapping[str, type[LoadedRobotSide | LoadedServerSide]] = {
    'robot': LoadedRobotSide,
    'server': LoadedServerSide,
}
"""What each role starts."""


class BridgeNode(ManagedNode):
    """One side of the link."""

    rates: ClassVar = {'frames': 'input_fps'}

    def __init__(self) -> None:
        """Declare the parameters; a LaecipsError says what was wrong with one."""
        super().__init__('bridge', BridgeConfig(), PACKAGES)

    def check(self, config: BridgeConfig) -> None:
        """Refuse values that do not go together."""
        check_bridge_config(config)

    def machine(self, config: BridgeConfig) -> str:
        """Name the robot, or the server."""
        return config.robot if config.role == 'robot' else 'server'

    def load(self, config: BridgeConfig) -> LoadedRobotSide | LoadedServerSide:
        """Load what the side needs."""
        return SIDES[config.role](config, self.counters)


def main() -> int:
    """Run the node until it is told to stop."""
    return run_node(partial(started, BridgeNode), make_executor=event_executor)


if __name__ == '__main__':
    sys.exit(main())
