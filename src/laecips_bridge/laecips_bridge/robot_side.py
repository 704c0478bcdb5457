"""The robot's half of the bridge, put together."""

from __future__ import annotations

import logging
from time import monotonic

from rclpy.node import Node
import zenoh

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.byte_budget import ByteBudget
from laecips_bridge.frame_relay import FrameRelay
from laecips_bridge.heartbeat import Heartbeat
from laecips_bridge.link_state import LinkStatePublisher
from laecips_bridge.link_watch import LinkLevel
from laecips_bridge.link_watch import LinkWatch
from laecips_bridge.outbox import open_outbox
from laecips_bridge.outbox import Outbox
from laecips_bridge.outbox_sender import OutboxSender
from laecips_bridge.pacing import pace
from laecips_bridge.questions import Questions
from laecips_bridge.seldom import Seldom
from laecips_bridge.session_keeper import SessionKeeper
from laecips_bridge.update_relay import UpdateRelay
from laecips_bridge.zenoh_settings import PRIORITIES
from laecips_bridge.zenoh_settings import robot_settings
from laecips_ros.counters import Counters
from laecips_ros.diagnostics import Level
from laecips_ros.diagnostics import State
from laecips_ros.steady import steady_timer

_CHECK_S = 0.25
_STOP_TIMEOUT_S = 3.0
_LEVELS = {LinkLevel.UP: Level.OK, LinkLevel.DEGRADED: Level.WARN, LinkLevel.DOWN: Level.ERROR}
_log = logging.getLogger(__name__)


class LoadedRobotSide:
    """The outbox, whose frames outlive sessions."""

    def __init__(self, config: BridgeConfig, counters: Counters) -> None:
        """
        Open the outbox.

        :param config: checked settings.
        :param counters: where everything is counted.
        :raises OutboxError: when it cannot be used.
        """
        self._config, self._counters = config, counters
        self._outbox = open_outbox(config.outbox, counters)

    def start(self, node: Node) -> RobotSide:
        """Offer the services, and connect."""
        return RobotSide(node, self._config, self._outbox, self._counters)

    def configure(self, config: BridgeConfig) -> None:
        """
        Use other settings at the next start.

        :param config: checked settings.
        """
        self._config = config

    def close(self) -> None:
        """Close the outbox; what waits stays in it."""
        self._outbox.close()


class RobotSide:
    """Offers the cloud's names in the robot's domain, and carries what is asked to the server."""

    def __init__(
        self, node: Node, config: BridgeConfig, outbox: Outbox, counters: Counters
    ) -> None:
        """
        Start.

        :param node: the bridge's node.
        :param config: checked settings.
        :param outbox: keeps frames; the caller closes it after :meth:`close`.
        :param counters: where everything is counted.
        """
        self._config, self._counters = config, counters
        self._watch = LinkWatch(config.link.watch())
        self._opened_s = 0.0
        self._refusals = Seldom(_log)
        self._subscribers: list[zenoh.Subscriber] = []
        self._outbox = outbox
        self._budget = ByteBudget(config.budget.bytes_per_s, config.budget.burst_bytes)
        self._questions = Questions()
        parts = node, config, self._questions
        self._frames = FrameRelay(*parts, self._budget, self._outbox, self._is_down, counters)
        self._updates = UpdateRelay(*parts, counters)
        self._heartbeat = Heartbeat(*parts, self._watch, counters)
        self._state = LinkStatePublisher(node, 'cloud/link_state')
        self._later = OutboxSender(
            config,
            self._questions,
            self._budget,
            self._outbox,
            self._is_down,
            lambda: self._frames.in_flight,
            counters,
        )
        self._timers = [
            steady_timer(node, _CHECK_S, self._check),
            steady_timer(node, config.link.heartbeat_s, self._heartbeat.beat),
        ]
        self._keeper = SessionKeeper(
            robot_settings(config),
            self,
            config.link.retry_first_s,
            config.link.retry_most_s,
            self._still_good,
        )

    def close(self) -> None:
        """End the session; what is under way stays in the outbox."""
        self._keeper.stop(_STOP_TIMEOUT_S)
        self._questions.close()

    def configure(self, config: BridgeConfig) -> None:
        """
        Change byte budget, deadlines, and what makes the link degraded.

        :param config: checked settings.
        """
        self._budget.configure(config.budget.bytes_per_s, config.budget.burst_bytes)
        self._watch.configure(config.link.watch())
        for part in (self._frames, self._updates, self._later):
            part.configure(config)

    def state(self) -> State:
        """Describe the link, for diagnostics."""
        now_s = monotonic()
        facts = self._watch.state(now_s)
        values = {
            'rtt_s': round(facts.rtt_s, 4),
            'budget_left_bytes': round(self._budget.left_bytes(now_s), 1),
            'outbox_frames': self._outbox.frames,
            'outbox_bytes': self._outbox.size_bytes,
            'questions_open': len(self._questions),
        }
        return State(_LEVELS[facts.level], f'link {facts.level.name}: {facts.reason}', values)

    def on_open(self, session: zenoh.Session) -> None:
        """Use a session that stands."""
        self._opened_s = monotonic()
        self._watch.session_opened(self._opened_s)
        self._subscribers = self._heartbeat.subscribe(session)
        self._questions.use(session)
        link = self._config.link
        paced = pace(session.info.links(), link.rate_bytes_per_s, link.background_up_ratio)
        if paced < len(PRIORITIES):
            self._refusals.warn(f'{paced} of {len(PRIORITIES)} connections could be paced')
        self._counters.add('sessions')
        _log.info('connected to %s', self._config.link.connect)
        self._heartbeat.beat()

    def on_lost(self, reason: str) -> None:
        """Stop using a session."""
        self._watch.session_lost(reason, monotonic())
        self._subscribers = []
        self._questions.use(None)
        self._counters.add('sessions_lost')
        _log.warning('lost the connection: %s', reason)

    def on_refused(self, reason: str) -> None:
        """Count an attempt that failed; log it once a minute."""
        self._counters.add('connects_failed')
        self._watch.session_lost(reason, monotonic())
        self._refusals.warn(f'no connection to {self._config.link.connect}: {reason}')

    def _is_down(self) -> bool:
        return self._watch.state(monotonic()).level is LinkLevel.DOWN

    def _still_good(self) -> bool:
        # A new session gets its time for the first heartbeat.
        fresh = monotonic() - self._opened_s < self._config.link.down_after_s
        return fresh or not self._is_down()

    def _check(self) -> None:
        now_s = monotonic()
        self._questions.expire(now_s)
        self._later.check()
        facts = self._watch.state(now_s)
        self._state.publish(facts, self._outbox.frames, self._outbox.size_bytes, now_s)
