"""The state of a node on /diagnostics, once a second."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from enum import IntEnum

from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_msgs.msg import KeyValue
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node

from laecips_ros.counters import Counters
from laecips_ros.rates import Rates
from laecips_ros.status_outputs import Fill
from laecips_ros.status_outputs import installed_output
from laecips_ros.status_outputs import StatusOutput
from laecips_ros.steady import steady_timer
from laecips_ros.temperatures import Temperatures

PERIOD_S = 1.0
_WARNING = '_warning'


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
    by itself when no more come; and while a value whose name ends in ``_warning`` is not empty.
    """

    def __init__(
        self,
        node: Node,
        hardware_id: Callable[[], str],
        describe: Callable[[], State],
        counters: Counters,
        rates: Mapping[str, str] | None = None,
        output: Callable[[Node, Callable[[], str], Fill], StatusOutput] | None = None,
    ) -> None:
        """
        Publish from now on, every PERIOD_S seconds.

        :param node: the node; its executor runs the timer.
        :param hardware_id: gives the name of the machine, such as the robot's.
        :param describe: gives the state of the moment; must not wait.
        :param counters: shown beside the state's values, as the temperatures of the machine are.
        :param rates: counters whose rate is shown too, and the names to show it by.
        :param output: the way to /diagnostics; None: ``diagnostic_updater`` where it is installed,
            else our own.
        """
        self._node = node
        self._describe, self._counters = describe, counters
        self._errors = counters.errors()
        self._rates, self._temperatures = Rates(counters, rates or {}), Temperatures()
        self._output = (output or installed_output())(node, hardware_id, self._fill)
        self._timer = steady_timer(
            node, PERIOD_S, self._output.update, MutuallyExclusiveCallbackGroup()
        )

    def close(self) -> None:
        """Publish no more."""
        self._node.destroy_timer(self._timer)
        self._output.close()

    def _fill(self, status: DiagnosticStatus) -> DiagnosticStatus:
        """Write the state of the moment into a status."""
        state = self._describe()
        of_all_nodes = {**self._rates.facts(), **self._temperatures.facts()}
        values = {**state.values, **of_all_nodes, **self._counters.snapshot()}
        warnings = self._warnings(state)
        level = max(state.level, Level.WARN) if warnings else state.level
        status.level = bytes([level])
        status.message = '; '.join([state.message, *warnings])
        status.values = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
        return status

    def _warnings(self, state: State) -> list[str]:
        warnings = [str(v) for name, v in state.values.items() if name.endswith(_WARNING) and v]
        errors = self._counters.errors()
        risen, self._errors = errors - self._errors, errors
        return [*warnings, f'{risen} new errors'] if risen > 0 else warnings
