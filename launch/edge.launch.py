"""Start the node on the robot."""

from laecips_bringup.launch_actions import described
from laecips_bringup.launch_actions import node_actions
from laecips_bringup.launch_actions import rviz_actions
from laecips_bringup.node_roles import EDGE
from launch import LaunchDescription

ARGUMENTS = (
    'robot',
    'namespace',
    'image',
    'image_transport',
    'robot_name',
    'cloud_namespace',
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
        ARGUMENTS, lambda values: [*node_actions(EDGE, values), *rviz_actions('robot', values)]
    )
