"""Every argument of the launch files, declared once: name, default, description, choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class LaunchArgument:
    """
    One argument of a launch file.

    :param name: as in ``ros2 launch … NAME:=VALUE``.
    :param default: text; None: it must be given.
    :param description: what it is, with its unit.
    :param choices: every value that is allowed; empty: any.
    """

    name: str
    default: str | None
    description: str
    choices: tuple[str, ...] = ()


_AS_IN_FILE = 'Empty: as the parameter file says.'
_BOOL = ('', 'true', 'false')
_TABLE = (
    LaunchArgument(
        'robot',
        '',
        'Robot whose camera is used: a file of config/robots, which gives arguments their '
        'defaults. Empty: none.',
        ('', 'go2', 'spot'),
    ),
    LaunchArgument('namespace', '', 'Namespace of the nodes: one for each robot of a domain.'),
    LaunchArgument('side', 'robot', 'End of the link that the bridge is on.', ('robot', 'server')),
    LaunchArgument(
        'image',
        'image',
        'Camera topic, in the namespace unless it begins with a slash. For compressed images '
        'without the /compressed at its end.',
    ),
    LaunchArgument(
        'image_transport',
        '',
        f'Whether the camera sends raw images or JPEGs. {_AS_IN_FILE}',
        ('', 'raw', 'compressed'),
    ),
    LaunchArgument(
        'robot_name', '', f'Name of this robot in frame ids and certificates. {_AS_IN_FILE}'
    ),
    LaunchArgument(
        'cloud_namespace',
        '',
        'Namespace of the cloud node or of the bridge; / where several robots share one cloud '
        'node. Empty: that of this node.',
    ),
    LaunchArgument(
        'params_file', '', "ROS parameter file of the node. Empty: the role's own in config/."
    ),
    LaunchArgument(
        'edge_params_file', '', 'ROS parameter file of the edge node. Empty: its defaults.'
    ),
    LaunchArgument(
        'cloud_params_file', '', 'ROS parameter file of the cloud node. Empty: its defaults.'
    ),
    LaunchArgument(
        'autostart',
        '',
        'Whether nodes become active by themselves, or wait for `ros2 lifecycle set`. '
        f'{_AS_IN_FILE}',
        _BOOL,
    ),
    LaunchArgument(
        'use_sim_time', '', f'Whether time is that of the topic /clock. {_AS_IN_FILE}', _BOOL
    ),
    LaunchArgument(
        'log_level',
        'info',
        'Least severe lines that nodes log.',
        ('debug', 'info', 'warn', 'error', 'fatal'),
    ),
    LaunchArgument(
        'respawn_limit',
        '3',
        'How often a node that ended is started again before the launch ends with an error. '
        'A node that refuses its settings is not started again.',
    ),
    LaunchArgument(
        'rviz', 'false', 'Whether rviz2 starts, with its layout in config/rviz.', ('true', 'false')
    ),
    LaunchArgument('bag', None, 'Folder of the rosbag2 bag whose images are replayed.'),
    LaunchArgument('frames', '300', 'Frames of the simulated patrol to replay.'),
    LaunchArgument(
        'out',
        'out/launch',
        'Folder for metrics.json and a bag of the masks.',
    ),
)

ARGUMENTS: Mapping[str, LaunchArgument] = {argument.name: argument for argument in _TABLE}
"""Every argument by its name."""
