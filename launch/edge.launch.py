"""Start the node on the robot."""

from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and start the node."""
    defaults = PathJoinSubstitution([FindPackageShare('laecips_bringup'), 'config', 'edge.yaml'])
    return LaunchDescription(
        [
            DeclareLaunchArgument('namespace', default_value='', description='Robot namespace.'),
            DeclareLaunchArgument('image', default_value='image', description='Camera topic.'),
            DeclareLaunchArgument(
                'params_file', default_value=defaults, description='Parameters of the edge node.'
            ),
            Node(
                package='laecips_edge',
                executable='edge_node',
                name='edge',
                namespace=LaunchConfiguration('namespace'),
                parameters=[LaunchConfiguration('params_file')],
                remappings=[('image', LaunchConfiguration('image'))],
                output='screen',
            ),
        ]
    )
