"""The state of the link as a latched topic."""

from __future__ import annotations

from rclpy.node import Node

from laecips_bridge.link_watch import LinkFacts
from laecips_bridge.link_watch import LinkLevel
from laecips_msgs.msg import LinkState
from laecips_ros import qos

_REPEAT_S = 1.0
_STATES = {
    LinkLevel.DOWN: LinkState.DOWN,
    LinkLevel.DEGRADED: LinkState.DEGRADED,
    LinkLevel.UP: LinkState.UP,
}


class LinkStatePublisher:
    """Publishes the state at once when it changes, and once a second."""

    def __init__(self, node: Node, topic: str) -> None:
        """
        Open the topic.

        :param node: the bridge's node.
        :param topic: its name.
        """
        self._node = node
        self._publisher = node.create_publisher(LinkState, topic, qos.latched())
        self._level: LinkLevel | None = None
        self._published_s = 0.0

    def publish(
        self, facts: LinkFacts, outbox_frames: int, outbox_bytes: int, now_s: float
    ) -> None:
        """
        Publish, if it is time.

        :param facts: how the link is.
        :param outbox_frames: frames kept for later.
        :param outbox_bytes: their size.
        :param now_s: monotonic time in seconds; a simulated clock may stand still.
        """
        if facts.level is self._level and now_s - self._published_s < _REPEAT_S:
            return
        self._level, self._published_s = facts.level, now_s
        self._publisher.publish(
            LinkState(
                stamp=self._node.get_clock().now().to_msg(),
                state=_STATES[facts.level],
                reason=facts.reason,
                rtt_s=facts.rtt_s,
                outbox_frames=outbox_frames,
                outbox_bytes=outbox_bytes,
            )
        )
