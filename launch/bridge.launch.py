"""Start the bridge, on the robot or on the server: the parameter file says which."""

from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and start the node."""
    folder = PathJoinSubstitution([FindPackageShare('laecips_bringup'), 'config'])
    return LaunchDescription(
        [
            DeclareLaunchArgument('namespace', default_value='', description='Robot namespace.'),
            DeclareLaunchArgument(
                'side', default_value='robot', description='robot or server: picks the file.'
            ),
            DeclareLaunchArgument(
                'params_file',
                default_value=[folder, '/bridge_', LaunchConfiguration('side'), '.yaml'],
                description='Parameters of the bridge node.',
            ),
            Node(
                package='laecips_bridge',
                executable='bridge_node',
                name='bridge',
                namespace=LaunchConfiguration('namespace'),
                parameters=[LaunchConfiguration('params_file')],
                output='screen',
            ),
        ]
    )
