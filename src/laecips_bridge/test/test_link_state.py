"""The latched topic of the link's state, as a late subscriber sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.time import Time

from laecips_bridge.link_state import LinkStatePublisher
from laecips_bridge.link_watch import LinkFacts
from laecips_bridge.link_watch import LinkLevel
from laecips_msgs.msg import LinkState
from laecips_ros import qos

UP = LinkFacts(LinkLevel.UP, 'heartbeats are answered', 0.25, 1.0)
DOWN = LinkFacts(LinkLevel.DOWN, 'cut', 0.0, 2.0)


class Ros(Protocol):
    def node(self, name: str) -> Node: ...
    def until(self, done: Callable[[], bool]) -> None: ...


class State:
    """The publisher, and what a subscriber heard."""

    def __init__(self, ros: Ros) -> None:
        self._ros = ros
        self._node = ros.node('bridge')
        self._node.set_parameters([Parameter('use_sim_time', value=True)])
        self.heard: list[LinkState] = []
        self.publisher = LinkStatePublisher(self._node, 'cloud/link_state')
        self._listener = self._node.create_subscription(
            LinkState, 'cloud/link_state', self.heard.append, qos.latched()
        )
        ros.until(lambda: self.publisher._publisher.get_subscription_count() == 1)

    def publish_at(self, now_s: float, facts: LinkFacts) -> None:
        clock = self._node.get_clock()
        clock.set_ros_time_override(
            Time(nanoseconds=round(now_s * 1e9), clock_type=clock.clock_type)
        )
        self.publisher.publish(facts, 3, 4000, now_s)

    def until_heard(self, count: int) -> None:
        self._ros.until(lambda: len(self.heard) >= count)


@pytest.fixture
def state(ros: Ros) -> State:
    return State(ros)


def test_every_field_is_told(state: State) -> None:
    state.publish_at(100.5, UP)
    state.until_heard(1)
    (msg,) = state.heard
    assert (msg.stamp.sec, msg.stamp.nanosec) == (100, 500_000_000)
    assert (msg.state, msg.reason, msg.rtt_s) == (LinkState.UP, 'heartbeats are answered', 0.25)
    assert (msg.outbox_frames, msg.outbox_bytes) == (3, 4000)


def test_it_is_told_at_each_change_and_once_a_second(state: State) -> None:
    for now_s, facts in [
        (100.0, UP),
        (100.9, UP),
        (101.0, UP),
        (101.5, DOWN),
        (101.75, DOWN),
        (102.25, UP),
    ]:
        before = len(state.heard)
        state.publish_at(now_s, facts)
        if now_s not in (100.9, 101.75):
            state.until_heard(before + 1)
    told = [(msg.stamp.sec + msg.stamp.nanosec * 1e-9, msg.state) for msg in state.heard]
    up, down = LinkState.UP, LinkState.DOWN
    assert told == [(100.0, up), (101.0, up), (101.5, down), (102.25, up)]


def test_a_simulated_clock_that_stands_still_does_not_silence_it(state: State) -> None:
    state.publish_at(100.0, UP)
    state.until_heard(1)
    state.publisher.publish(UP, 3, 4000, 101.0)
    state.until_heard(2)
