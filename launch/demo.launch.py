"""Start edge and cloud on this machine and replay the simulated patrol through them."""

from launch.actions import DeclareLaunchArgument
from launch.actions import EmitEvent
from launch.actions import ExecuteProcess
from launch.actions import RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from launch import LaunchDescription

RELIABLE_IMAGES = {'qos_overrides./image.subscription.reliability': 'reliable'}


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments, start both nodes and the replay, and end with the replay."""
    frames = LaunchConfiguration('frames')
    replay = ExecuteProcess(
        cmd=['laecips', 'replay', '--dataset', 'patrol', '--frames', frames], output='screen'
    )
    return LaunchDescription(
        [
            DeclareLaunchArgument('frames', default_value='300', description='Frames to replay.'),
            Node(
                package='laecips_edge',
                executable='edge_node',
                name='edge',
                parameters=[RELIABLE_IMAGES],
                output='screen',
            ),
            Node(package='laecips_cloud', executable='cloud_node', name='cloud', output='screen'),
            replay,
            RegisterEventHandler(
                OnProcessExit(target_action=replay, on_exit=[EmitEvent(event=Shutdown())])
            ),
        ]
    )
