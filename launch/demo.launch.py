"""Start edge and cloud on this machine and replay the simulated patrol through them."""

from laecips_bringup.launch_actions import described
from laecips_bringup.launch_actions import replay_actions
from launch import LaunchDescription

ARGUMENTS = (
    'frames',
    'out',
    'edge_params_file',
    'cloud_params_file',
    'log_level',
    'respawn_limit',
    'rviz',
)


def generate_launch_description() -> LaunchDescription:
    """Start both nodes and the replay, and end with the replay."""
    return described(ARGUMENTS, replay_actions)
