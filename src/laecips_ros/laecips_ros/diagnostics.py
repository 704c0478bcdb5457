"""The state of a node on /diagnostics, once a second."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from enum import IntEnum

from diagnostic_msgs.msg import DiagnosticArray
from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_msgs.msg import KeyValue
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node

from laecips_ros.counters import Counters
from laecips_ros.qos import diagnostics
from laecips_ros.qos import overridable
from laecips_ros.steady import steady_timer

PERIOD_S = 1.0


class Level(IntEnum):
    """Severity; the numbers are those of ``diagnostic_msgs/DiagnosticStatus``."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True)
class State:
    """
    What a node says of itself.

    :param level: its own judgement.
    :param message: one short sentence.
    :param values: facts, with units in their names.
    """

    level: Level
    message: str
    values: Mapping[str, object] = field(default_factory=dict)


class Diagnostics:
    """
    Publishes state and counters of one node.

    The level is raised to WARN when an error was counted since the last message, and falls back
    by itself when no more come.
    """

    def __init__(
        self, node: Node, hardware_id: str, describe: Callable[[], State], counters: Counters
    ) -> None:
        """
        Publish from now on, every PERIOD_S seconds.

        :param node: the node; its executor runs the timer.
        :param hardware_id: the machine, such as the robot's name.
        :param describe: gives the state of the moment; must not wait.
        :param counters: shown beside the state's values.
        """
        self._node, self._hardware_id = node, hardware_id
        self._describe, self._counters = describe, counters
        self._errors = counters.errors()
        self._publisher = node.create_publisher(
            DiagnosticArray, '/diagnostics', diagnostics(), qos_overriding_options=overridable()
        )
        self._timer = steady_timer(node, PERIOD_S, self.publish, MutuallyExclusiveCallbackGroup())

    def publish(self) -> None:
        """Publish the state of the moment."""
        state = self._describe()
        level, message = state.level, state.message
        errors = self._counters.errors()
        risen, self._errors = errors - self._errors, errors
        if risen > 0:
            level = max(level, Level.WARN)
            message = f'{message}; {risen} new errors'
        values = {**state.values, **self._counters.snapshot()}
        status = DiagnosticStatus(
            level=bytes([level]),
            name=self._node.get_fully_qualified_name().lstrip('/'),
            message=message,
            hardware_id=self._hardware_id,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)
