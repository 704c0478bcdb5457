"""The server's half of the bridge, put together."""

from __future__ import annotations

import logging
from typing import Any

from rclpy.node import Node
from std_srvs.srv import Trigger
import zenoh

from laecips_bridge.beats import MAX_BEAT_BYTES
from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.cloud_calls import CloudCalls
from laecips_bridge.errors import ListenError
from laecips_bridge.keys import BEAT
from laecips_bridge.keys import every_robots
from laecips_bridge.keys import SEGMENT
from laecips_bridge.keys import TRAIN
from laecips_bridge.keys import UPDATE
from laecips_bridge.pacing import pace
from laecips_bridge.query_desk import QueryDesk
from laecips_bridge.refusals import Refusals
from laecips_bridge.refusals import ZenohLog
from laecips_bridge.robot_desk import RobotDesk
from laecips_bridge.seldom import Seldom
from laecips_bridge.session_keeper import close_session
from laecips_bridge.zenoh_settings import open_session
from laecips_bridge.zenoh_settings import server_settings
from laecips_msgs.srv import GetModelUpdate
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros.counters import Counters
from laecips_ros.diagnostics import Level
from laecips_ros.diagnostics import State
from laecips_ros.steady import steady_timer

_CHECK_S = 0.25
_MOST_CALLS = 32
# The first comes at once; a robot that is not answered hangs up after two at the earliest.
_PATIENCE_BEATS = 2
_log = logging.getLogger(__name__)


class LoadedServerSide:
    """Nothing but the settings: the server keeps its frames in the cloud node."""

    def __init__(self, config: BridgeConfig, counters: Counters) -> None:
        """
        Open nothing yet.

        :param config: checked settings.
        :param counters: where everything is counted.
        """
        self._config, self._counters = config, counters

    def start(self, node: Node) -> ServerSide:
        """Start to listen."""
        return ServerSide(node, self._config, self._counters)

    def configure(self, config: BridgeConfig) -> None:
        """
        Use other settings at the next start.

        :param config: checked settings.
        """
        self._config = config

    def close(self) -> None:
        """Let go of nothing."""


class ServerSide:
    """Answers the robots with what the cloud node of this domain says."""

    def __init__(self, node: Node, config: BridgeConfig, counters: Counters) -> None:
        """
        Start to listen.

        :param node: the bridge's node.
        :param config: checked settings.
        :param counters: where everything is counted.
        :raises ListenError: when the address cannot be listened on, or a certificate not be read.
        """
        self._config, self._robots = config, config.link.robot_names
        self._counters, self._seldom = counters, Seldom(_log)
        self._unpaced = True
        self._desks: list[QueryDesk] = []
        self._calls: list[CloudCalls] = []
        self._session = _listen(config)
        try:
            self._offer(node)
        except BaseException:
            # A session left open keeps the process from ending.
            close_session(self._session)
            raise
        _log.info('listening on %s for %s', config.link.listen, ', '.join(self._robots))

    def _offer(self, node: Node) -> None:
        link = self._config.link
        parts = self._counters, self._seldom
        self._beats = RobotDesk(node, self._session, self._robots, *parts)
        patience_s = _PATIENCE_BEATS * link.heartbeat_s
        self._refusals = Refusals(self._robots, self._beats.silent_s, patience_s, *parts)
        self._log = ZenohLog(self._refusals.take_line)
        self._links = self._session.info.declare_link_events_listener(
            self._take_link, history=True
        )
        services = (
            (SEGMENT, SegmentHardFrame, self._config.limits.max_frame_bytes, _MOST_CALLS),
            (UPDATE, GetModelUpdate, MAX_BEAT_BYTES, _MOST_CALLS),
            (TRAIN, Trigger, MAX_BEAT_BYTES, 1),
        )
        self._queryables = [self._serve(node, *service) for service in services]
        self._queryables.append(
            self._session.declare_queryable(every_robots(BEAT), self._beats.take)
        )
        self._timer = steady_timer(node, _CHECK_S, self._check)

    def close(self) -> None:
        """End the session."""
        close_session(self._session)
        for desk in self._desks:
            desk.close()

    def configure(self, config: BridgeConfig) -> None:
        """
        Wait another time for the cloud node.

        :param config: checked settings.
        """
        for calls in self._calls:
            calls.configure(config.link.cloud_timeout_s)

    def state(self) -> State:
        """Describe who is there, for diagnostics."""
        silent_s = {robot: self._beats.silent_s(robot) for robot in self._robots}
        there = [name for name, s in silent_s.items() if s <= self._config.link.down_after_s]
        values = {f'{name}.silent_s': round(s, 1) for name, s in silent_s.items()}
        return State(Level.OK, f'robots there: {", ".join(there) or "none"}', values)

    def _serve(
        self, node: Node, what: str, kind: Any, max_bytes: int, most: int
    ) -> zenoh.Queryable:
        timeout_s = self._config.link.cloud_timeout_s
        calls = CloudCalls(node, kind, f'cloud/{what}', most, timeout_s)
        desk = QueryDesk(what, kind, calls, self._robots, max_bytes, self._counters, self._seldom)
        self._calls.append(calls)
        self._desks.append(desk)
        return self._session.declare_queryable(every_robots(what), desk.take)

    def _take_link(self, event: zenoh.LinkEvent) -> None:
        # Told before the socket can be found: paced at the next check.
        self._unpaced = True
        self._refusals.take_link(event)

    def _check(self) -> None:
        if self._unpaced:
            link, links = self._config.link, self._session.info.links()
            paced = pace(links, link.rate_bytes_per_s, link.background_down_ratio)
            self._unpaced = paced < len(links)
        for calls in self._calls:
            calls.expire()
        self._refusals.check()


def _listen(config: BridgeConfig) -> zenoh.Session:
    try:
        return open_session(server_settings(config))
    except zenoh.ZError as error:
        raise ListenError(config.link.listen, str(error)) from error
