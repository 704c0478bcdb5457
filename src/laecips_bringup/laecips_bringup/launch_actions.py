"""What the launch files are made of; needs launch and launch_ros."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from inspect import signature
from pathlib import Path
from typing import Any

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument
from launch.actions import EmitEvent
from launch.actions import ExecuteLocal
from launch.actions import ExecuteProcess
from launch.actions import OpaqueFunction
from launch.actions import RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode
from launch_ros.actions import Node
from launch_ros.substitutions import ExecutableInPackage

from laecips_bringup.launch_arguments import ARGUMENTS
from laecips_bringup.launch_plan import node_plan
from laecips_bringup.launch_plan import NodePlan
from laecips_bringup.launch_plan import replay_words
from laecips_bringup.launch_plan import respawn_limit
from laecips_bringup.launch_plan import robot_defaults
from laecips_bringup.node_exits import check_replay
from laecips_bringup.node_exits import NodeExits
from laecips_bringup.node_roles import CLOUD
from laecips_bringup.node_roles import EDGE
from laecips_bringup.node_roles import NodeRole
from laecips_bringup.node_settings import RELIABLE_IMAGES
from launch import Action
from launch import LaunchContext
from launch import LaunchDescription

Values = Mapping[str, str]

_PACKAGE = 'laecips_bringup'
_RESPAWN_DELAY_S = 2.0
# A node finishes its frame and gives up its training: launch's own 5 s may be too short.
_STOP_S = '15'
# Before launch 3.1 (Jazzy) a node that dies at once would be started again for ever.
_LIMITED = 'respawn_max_retries' in signature(ExecuteLocal.__init__).parameters


def described(
    names: Sequence[str], actions: Callable[[Values], Sequence[Action]]
) -> LaunchDescription:
    """
    Describe a launch: its arguments, and what is started with their values.

    :param names: of the arguments.
    :param actions: makes what is started, from the values by name.
    """

    def start(context: LaunchContext) -> list[Action]:
        return list(actions({name: context.launch_configurations[name] for name in names}))

    return LaunchDescription([*_declared(names), OpaqueFunction(function=start)])


def node_actions(
    role: NodeRole, values: Values, parameters: Mapping[str, object] | None = None
) -> list[Action]:
    """
    Start a node, and end the launch with an error when it cannot run.

    :param role: which node.
    :param values: launch arguments by name.
    :param parameters: beside those that the arguments give, by dotted name.
    """
    plan = node_plan(role, values, config_folder())
    limit = respawn_limit(values) if _LIMITED else 0
    more = {'respawn_max_retries': limit} if _LIMITED else {}
    node = LifecycleNode(
        package=role.package,
        executable=role.executable,
        name=role.name,
        namespace=plan.namespace,
        parameters=_parameters(plan, parameters or {}),
        remappings=list(plan.remappings),
        ros_arguments=['--log-level', plan.log_level],
        output='screen',
        sigterm_timeout=LaunchConfiguration('sigterm_timeout', default=_STOP_S),
        respawn=limit > 0,
        respawn_delay=_RESPAWN_DELAY_S,
        **more,
    )
    exits = NodeExits(role.name, limit)

    def ended(event: Any, context: LaunchContext) -> None:
        if not context.is_shutdown:
            exits.add(event.returncode)

    return [RegisterEventHandler(OnProcessExit(target_action=node, on_exit=ended)), node]


def replay_actions(values: Values) -> list[Action]:
    """
    Start cloud, edge and ``laecips replay``, and end the launch with the replay.

    :param values: launch arguments by name.
    """
    command = [ExecutableInPackage('laecips', _PACKAGE), *replay_words(values)]
    replay = ExecuteProcess(cmd=command, name='replay', output='screen')

    def ended(event: Any, context: LaunchContext) -> list[Action]:
        if not context.is_shutdown:
            check_replay(event.returncode)
        return [EmitEvent(event=Shutdown(reason='the replay is done'))]

    return [
        *node_actions(CLOUD, values),
        *node_actions(EDGE, values, RELIABLE_IMAGES),
        *rviz_actions('robot', values),
        RegisterEventHandler(OnProcessExit(target_action=replay, on_exit=ended)),
        replay,
    ]


def rviz_actions(layout: str, values: Values) -> list[Action]:
    """
    Start rviz2 where it was asked for.

    :param layout: a file of ``config/rviz`` without its suffix.
    :param values: launch arguments by name.
    """
    if values['rviz'] != 'true':
        return []
    return [
        Node(
            package='rviz2',
            executable='rviz2',
            namespace=values.get('namespace', ''),
            arguments=['-d', str(config_folder() / 'rviz' / f'{layout}.rviz')],
            remappings=[('image', values.get('image', 'image'))],
        )
    ]


def config_folder() -> Path:
    """Tell where the installed ``config/`` is."""
    return Path(get_package_share_directory(_PACKAGE)) / 'config'


def _declared(names: Sequence[str]) -> Iterator[Action]:
    for name in names:
        argument = ARGUMENTS[name]
        yield DeclareLaunchArgument(
            name,
            default_value=argument.default,
            description=argument.description,
            choices=list(argument.choices) or None,
        )
        if name == 'robot':
            # What is set here keeps the declarations that follow from setting their defaults.
            yield OpaqueFunction(function=_set_robot_defaults)


def _set_robot_defaults(context: LaunchContext) -> None:
    given = context.launch_configurations
    for name, value in robot_defaults(given['robot'], config_folder()).items():
        given.setdefault(name, value)


def _parameters(plan: NodePlan, more: Mapping[str, object]) -> list[object]:
    files = [] if plan.params_file is None else [str(plan.params_file)]
    values = {**more, **plan.parameters}
    return [*files, values] if values else list(files)
