"""Start the bridge, on the robot or on the server."""

from laecips_bringup.launch_actions import described
from laecips_bringup.launch_actions import node_actions
from laecips_bringup.node_roles import BRIDGES
from launch import LaunchDescription

ARGUMENTS = (
    'side',
    'namespace',
    'robot_name',
    'params_file',
    'autostart',
    'log_level',
    'respawn_limit',
)


def generate_launch_description() -> LaunchDescription:
    """Start the node."""
    return described(ARGUMENTS, lambda values: node_actions(BRIDGES[values['side']], values))
