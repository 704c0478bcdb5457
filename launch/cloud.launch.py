"""Start the node on the server."""

from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and start the node."""
    defaults = PathJoinSubstitution([FindPackageShare('laecips_bringup'), 'config', 'cloud.yaml'])
    return LaunchDescription(
        [
            DeclareLaunchArgument('namespace', default_value='', description='Robot namespace.'),
            DeclareLaunchArgument(
                'params_file', default_value=defaults, description='Parameters of the cloud node.'
            ),
            Node(
                package='laecips_cloud',
                executable='cloud_node',
                name='cloud',
                namespace=LaunchConfiguration('namespace'),
                parameters=[LaunchConfiguration('params_file')],
                output='screen',
            ),
        ]
    )
