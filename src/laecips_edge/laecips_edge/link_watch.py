"""The link to the cloud, as the bridge on this robot sees it."""

from __future__ import annotations

from time import perf_counter

from rclpy.node import Node

from laecips_msgs.msg import LinkState
from laecips_ros import qos

_BELIEVED_S = 10.0
_NAMES = {LinkState.DOWN: 'down', LinkState.DEGRADED: 'degraded', LinkState.UP: 'up'}


class LinkWatch:
    """
    The last state heard; without a bridge none is ever heard, and nothing changes.

    A state is believed for ten seconds: a bridge that lives repeats it. Afterwards frames are
    offered to the service again, whoever serves it, and its answer decides.
    """

    def __init__(self, node: Node) -> None:
        """
        Listen from now on.

        :param node: the edge node.
        """
        self._heard: tuple[LinkState, float] | None = None
        self._subscription = node.create_subscription(
            LinkState, 'cloud/link_state', self._hear, qos.latched()
        )

    @property
    def down(self) -> bool:
        """Whether a bridge says that nothing can be sent; any thread may ask."""
        heard = self._believed()
        return heard is not None and heard.state == LinkState.DOWN

    @property
    def bridged(self) -> bool:
        """Whether a bridge runs on this robot; any thread may ask."""
        return self._believed() is not None

    def facts(self) -> dict[str, object]:
        """Give what an operator wants to know: state, reason, round trip, frames kept."""
        heard = self._believed()
        if heard is None:
            return {'link': 'not told'}
        return {
            'link': _NAMES.get(heard.state, f'unknown ({heard.state})'),
            'link_reason': heard.reason,
            'link_rtt_s': heard.rtt_s,
            'outbox_frames': heard.outbox_frames,
        }

    def _believed(self) -> LinkState | None:
        heard = self._heard
        if heard is None or perf_counter() - heard[1] > _BELIEVED_S:
            return None
        return heard[0]

    def _hear(self, msg: LinkState) -> None:
        self._heard = msg, perf_counter()
