"""The ways of a node's status to /diagnostics: by ``diagnostic_updater``, or by our own."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

from diagnostic_msgs.msg import DiagnosticArray
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node

from laecips_ros import qos

LIBRARY = 'diagnostic_updater'
TASK = 'state'
Fill = Callable[[DiagnosticStatus], DiagnosticStatus]


class StatusOutput(Protocol):
    """Publishes one status, named after node and task; both ways give the same messages."""

    def update(self) -> None:
        """Have the status filled in, and publish it."""

    def close(self) -> None:
        """Leave the topic."""


class OwnStatus:
    """
    A publisher of our own.

    :param node: the node.
    :param hardware_id: gives the name of the machine.
    :param fill: writes level, message and values.
    """

    def __init__(self, node: Node, hardware_id: Callable[[], str], fill: Fill) -> None:
        """Open the topic."""
        self._node, self._hardware_id, self._fill = node, hardware_id, fill
        self._publisher = node.create_publisher(
            DiagnosticArray,
            '/diagnostics',
            qos.diagnostics(),
            qos_overriding_options=qos.overridable(),
        )

    def update(self) -> None:
        """Have the status filled in, and publish it."""
        status = DiagnosticStatus(
            name=f'{_name(self._node)}: {TASK}', hardware_id=self._hardware_id()
        )
        array = DiagnosticArray(status=[self._fill(status)])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)

    def close(self) -> None:
        """Leave the topic."""
        self._node.destroy_publisher(self._publisher)


class UpdaterStatus:
    """
    The publisher of ``diagnostic_updater``, whose parameters users know.

    :param node: the node.
    :param hardware_id: gives the name of the machine.
    :param fill: writes level, message and values.
    """

    def __init__(self, node: Node, hardware_id: Callable[[], str], fill: Fill) -> None:
        """Open the topic; the library says that the node starts."""
        self._node, self._hardware_id = node, hardware_id
        self._updater = import_module(LIBRARY).Updater(node)
        # Its timer follows simulated time, which may stand; ours does not.
        node.destroy_timer(self._updater.timer)
        self._updater.node_name = _name(node)
        self._updater.add(TASK, fill)

    def update(self) -> None:
        """Have the status filled in, and publish it."""
        self._updater.setHardwareID(self._hardware_id())
        self._updater.update()

    def close(self) -> None:
        """Leave the topic."""
        self._node.destroy_publisher(self._updater.publisher)


def installed_output() -> type[OwnStatus] | type[UpdaterStatus]:
    """Choose the library where it is installed."""
    return OwnStatus if find_spec(LIBRARY) is None else UpdaterStatus


def _name(node: Node) -> str:
    return str(node.get_fully_qualified_name()).lstrip('/')
