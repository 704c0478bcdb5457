"""Calls to a real service of our own, which answers when the test lets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Protocol

import pytest
from rclpy.node import Node
from std_srvs.srv import SetBool

from laecips_bridge import cloud_calls
from laecips_bridge.cloud_calls import CloudCalls
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros.deferred_service import Answer
from laecips_ros.deferred_service import DeferredService


class Ros(Protocol):
    def node(self, name: str) -> Node: ...
    def until(self, done: Callable[[], bool]) -> None: ...


class Cloud:
    """The cloud's side and the bridge's, on a clock of the test."""

    def __init__(self, ros: Ros, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ros = ros
        self.now_s = 100.0
        monkeypatch.setattr(cloud_calls, 'monotonic', lambda: self.now_s)
        self.calls = CloudCalls(ros.node('bridge'), SetBool, 'set', 2, 5.0)
        self.held: list[Answer] = []

    def start(self) -> None:
        node = self.ros.node('cloud')
        self._service = DeferredService(node, SetBool, 'set', lambda _, a: self.held.append(a))
        self.ros.until(self.calls._client.service_is_ready)

    def call(self) -> list[tuple[str | None, str]]:
        told: list[tuple[str | None, str]] = []

        def done(response: Any, reason: str) -> None:
            told.append((None if response is None else response.message, reason))

        self.calls.call(SetBool.Request(), done)
        return told


@pytest.fixture
def cloud(ros: Ros, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    return Cloud(ros, monkeypatch)


def test_without_a_cloud_node_it_is_told_at_once(cloud: Cloud) -> None:
    assert cloud.call() == [(None, 'set is not there: the cloud node does not run')]


def test_a_call_is_answered_once(cloud: Cloud) -> None:
    cloud.start()
    told = cloud.call()
    cloud.ros.until(lambda: len(cloud.held) == 1)
    assert told == []
    cloud.held[0](SetBool.Response(message='here'))
    cloud.ros.until(lambda: bool(told))
    cloud.now_s += 100.0
    cloud.calls.expire()
    assert told == [('here', '')]


def test_the_deadline_settles_a_call_once(cloud: Cloud) -> None:
    cloud.start()
    told = cloud.call()
    cloud.now_s = 104.9
    cloud.calls.expire()
    assert told == []
    cloud.now_s = 105.0
    cloud.calls.expire()
    late = [(None, 'set gave no answer in 5 s')]
    assert told == late
    cloud.ros.until(lambda: len(cloud.held) == 1)
    second = cloud.call()
    cloud.ros.until(lambda: len(cloud.held) == 2)
    cloud.held[0](SetBool.Response(message='too late'))
    cloud.held[1](SetBool.Response(message='in time'))
    cloud.ros.until(lambda: bool(second))
    assert told == late
    assert second == [('in time', '')]


def test_calls_under_way_are_bounded(cloud: Cloud) -> None:
    cloud.start()
    first = cloud.call()
    assert cloud.call() == []
    assert cloud.call() == [(None, '2 calls of set are under way')]
    cloud.ros.until(lambda: len(cloud.held) == 2)
    for answer in cloud.held:
        answer(SetBool.Response(message='done'))
    cloud.ros.until(lambda: bool(first))
    assert cloud.call() == []


def test_a_late_call_makes_room(cloud: Cloud) -> None:
    cloud.start()
    for _ in range(2):
        cloud.call()
    cloud.now_s += 5.0
    cloud.calls.expire()
    assert cloud.call() == []


@pytest.mark.parametrize(
    ('told_s', 'waits_s'), [(0.5, 0.5), (0.0, 5.0), (-1.0, 5.0), (9.0, 5.0), (float('nan'), 5.0)]
)
def test_a_call_that_a_dead_cloud_took_makes_room_when_its_caller_gives_up(
    ros: Ros, monkeypatch: pytest.MonkeyPatch, told_s: float, waits_s: float
) -> None:
    now_s = 100.0
    monkeypatch.setattr(cloud_calls, 'monotonic', lambda: now_s)
    calls = CloudCalls(ros.node('bridge'), SegmentHardFrame, 'segment', 1, 5.0)
    service = DeferredService(ros.node('cloud'), SegmentHardFrame, 'segment', lambda *_: None)
    ros.until(calls._client.service_is_ready)
    told: list[str] = []
    calls.call(SegmentHardFrame.Request(deadline_s=told_s), lambda _, reason: told.append(reason))
    now_s = 100.0 + waits_s - 0.01
    calls.expire()
    assert told == []
    now_s = 100.0 + waits_s
    calls.expire()
    assert told == [f'segment gave no answer in {waits_s:g} s']
    del service
