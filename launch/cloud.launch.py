"""Start the node on the server."""

from laecips_bringup.launch_actions import described
from laecips_bringup.launch_actions import node_actions
from laecips_bringup.launch_actions import rviz_actions
from laecips_bringup.node_roles import CLOUD
from launch import LaunchDescription

ARGUMENTS = (
    'namespace',
    'params_file',
    'autostart',
    'use_sim_time',
    'log_level',
    'respawn_limit',
    'rviz',
)


def generate_launch_description() -> LaunchDescription:
    """Start the node, and rviz2 where it was asked for."""
    return described(
        ARGUMENTS, lambda values: [*node_actions(CLOUD, values), *rviz_actions('server', values)]
    )
