"""Whether hard frames can be sent: somebody serves them, and knows of us."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from rclpy.client import Client
from rclpy.node import Node
from std_msgs.msg import Bool

from laecips_ros import qos
from laecips_ros.steady import steady_timer

SETTLE_S = 0.25
"""A service must have been in sight for so long before it is used, in seconds."""

_CHECK_S = 0.1


class CloudPresence:
    """
    Watches the service, and announces on ``~/cloud_ready`` when it comes and goes.

    Discovery finds a service before the service finds its client. What is asked meanwhile is
    worked on, and the answer is dropped: "client will not receive response".
    """

    def __init__(
        self, node: Node, client: Client, now_s: Callable[[], float] = perf_counter
    ) -> None:
        """
        Watch from now on.

        :param node: the edge node.
        :param client: of the service.
        :param now_s: a steady clock, in seconds.
        """
        self._client, self._now_s = client, now_s
        self._since_s: float | None = None
        self._told: bool | None = None
        self._publisher = node.create_publisher(Bool, '~/cloud_ready', qos.latched())
        self._timer = steady_timer(node, _CHECK_S, self.check)

    @property
    def ready(self) -> bool:
        """Whether a frame sent now will be answered; any thread may ask."""
        since_s = self._since_s
        settled = since_s is not None and self._now_s() - since_s >= SETTLE_S
        return settled and bool(self._client.service_is_ready())

    def check(self) -> None:
        """Look for the service, and tell what has changed."""
        if not self._client.service_is_ready():
            self._since_s = None
        elif self._since_s is None:
            self._since_s = self._now_s()
        ready = self.ready
        if ready != self._told:
            self._told = ready
            self._publisher.publish(Bool(data=ready))
