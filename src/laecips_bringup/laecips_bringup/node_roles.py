"""The nodes that can be started, and where each is found: told here only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class NodeRole:
    """
    A node that launch files, the process runner and tests can start.

    :param package: ROS package it is in.
    :param executable: as ``ros2 run`` knows it; its Python module has the same name.
    :param name: of the node.
    :param params_file: its parameter file in ``config/``.
    :param robot_parameter: its parameter that names the robot; empty: it has none.
    """

    package: str
    executable: str
    name: str
    params_file: str
    robot_parameter: str = ''

    @property
    def module(self) -> str:
        """Python module, for ``python -m``."""
        return f'{self.package}.{self.executable}'


EDGE = NodeRole('laecips_edge', 'edge_node', 'edge', 'edge.yaml', 'uplink.robot')
CLOUD = NodeRole('laecips_cloud', 'cloud_node', 'cloud', 'cloud.yaml')

BRIDGES: Mapping[str, NodeRole] = {
    'robot': NodeRole('laecips_bridge', 'bridge_node', 'bridge', 'bridge_robot.yaml', 'robot'),
    'server': NodeRole('laecips_bridge', 'bridge_node', 'bridge', 'bridge_server.yaml'),
}
"""The bridge by the side of the link that it is on."""

ROLES: Mapping[str, NodeRole] = {
    'edge': EDGE,
    'cloud': CLOUD,
    **{f'bridge_{side}': role for side, role in BRIDGES.items()},
}
"""Every node by its role."""
