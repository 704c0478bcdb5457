"""Services whose answers come later, under both of the executors that nodes run on."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import os
from threading import Thread
from time import monotonic
from typing import Any

import pytest
import rclpy
from rclpy.executors import Executor
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from std_srvs.srv import SetBool

from laecips_ros.deferred_service import Answer
from laecips_ros.deferred_service import DeferredService
from laecips_ros.program import event_executor

_WAIT_S = 10.0


def usual(threads: int) -> Executor:
    return SingleThreadedExecutor()


class Service:
    """A deferred service and its client, on one thread; keeps requests for the test to answer."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self.held: list[tuple[bool, Answer]] = []
        self.timer_calls = 0
        self.node = Node('deferred')
        self._service = DeferredService(self.node, SetBool, 'set', self._take)
        self._client = self.node.create_client(SetBool, 'set')
        self.node.create_timer(0.01, self._tick)
        executor.add_node(self.node)
        self.until(self._client.service_is_ready)

    def ask(self, data: bool) -> Any:
        return self._client.call_async(SetBool.Request(data=data))

    def until(self, done: Callable[[], bool]) -> None:
        ends_s = monotonic() + _WAIT_S
        while not done():
            assert monotonic() < ends_s, 'it never happened'
            self._executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()

    def _take(self, request: SetBool.Request, answer: Answer) -> None:
        self.held.append((request.data, answer))

    def _tick(self) -> None:
        self.timer_calls += 1


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    rclpy.init(domain_id=1 + os.getpid() % 100, signal_handler_options=SignalHandlerOptions.NO)
    yield
    rclpy.try_shutdown()


@pytest.fixture(params=[usual, event_executor])
def service(request: pytest.FixtureRequest, ros_domain: None) -> Iterator[Service]:
    made = Service(request.param(1))
    yield made
    made.close()


def test_the_answer_may_come_later_from_another_thread(service: Service) -> None:
    future = service.ask(True)
    service.until(lambda: len(service.held) == 1)
    asked, answer = service.held[0]
    assert asked is True
    assert not future.done()
    Thread(target=answer, args=(SetBool.Response(success=True, message='later'),)).start()
    service.until(future.done)
    assert (future.result().success, future.result().message) == (True, 'later')


def test_it_may_come_at_once(service: Service) -> None:
    service.held = Immediate()
    future = service.ask(True)
    service.until(future.done)
    assert future.result().message == 'at once'


def test_two_requests_do_not_wait_for_each_other(service: Service) -> None:
    first, second = service.ask(True), service.ask(False)
    service.until(lambda: len(service.held) == 2)
    by_data = dict(service.held)
    by_data[False](SetBool.Response(message='second'))
    service.until(second.done)
    assert second.result().message == 'second'
    assert not first.done()
    by_data[True](SetBool.Response(message='first'))
    service.until(first.done)
    assert first.result().message == 'first'


def test_nothing_is_sent_before_the_answer_and_the_node_goes_on(service: Service) -> None:
    future = service.ask(True)
    service.until(lambda: len(service.held) == 1)
    calls = service.timer_calls
    service.until(lambda: service.timer_calls >= calls + 5)
    assert not future.done()


class Immediate(list[tuple[bool, Answer]]):
    """Answers what would be held."""

    def append(self, held: tuple[bool, Answer]) -> None:
        held[1](SetBool.Response(message='at once'))
