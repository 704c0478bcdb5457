"""Tests of what is opened together and closed together, on real nodes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import os
from threading import Event
from threading import Thread
import time

import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import Empty
from std_srvs.srv import Trigger

from laecips_ros.entities import Entities
from laecips_ros.qos import masks

WAIT_S = 30.0


class Bench:
    """A node whose parts open through entities, and an executor."""

    def __init__(self, context: Context) -> None:
        self.node = Node('parts', context=context)
        self.other = Node('other', context=context)
        self.entities = Entities(self.node)
        self.executor = SingleThreadedExecutor(context=context)
        for node in (self.node, self.other):
            self.executor.add_node(node)

    def until(self, done: Callable[[], bool]) -> None:
        ends_s = time.monotonic() + WAIT_S
        while not done():
            assert time.monotonic() < ends_s
            self.executor.spin_once(timeout_sec=0.05)

    def opened(self) -> list[int]:
        node = self.node
        lists = (node.publishers, node.subscriptions, node.clients, node.services, node.timers)
        return [len(list(each)) for each in lists]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    context = Context()
    rclpy.init(context=context, domain_id=1 + os.getpid() % 100)
    made = Bench(context)
    yield made
    made.executor.shutdown()
    made.node.destroy_node()
    made.other.destroy_node()
    rclpy.try_shutdown(context=context)


def test_all_that_was_opened_is_closed(bench: Bench) -> None:
    before = bench.opened()
    entities = bench.entities
    entities.create_publisher(Empty, '~/out', masks())
    entities.create_subscription(Empty, '~/in', lambda msg: None, masks())
    entities.create_client(Trigger, '~/ask')
    entities.create_service(Trigger, '~/answer', lambda request, response: response)
    entities.create_timer(1.0, lambda: None)
    assert [now - then for now, then in zip(bench.opened(), before, strict=True)] == [1] * 5
    entities.close()
    assert bench.opened() == before
    entities.close()


def test_every_topic_takes_overrides(bench: Bench) -> None:
    bench.entities.create_publisher(Empty, '~/out', masks())
    bench.entities.create_subscription(Empty, '~/in', lambda msg: None, masks())
    assert bench.node.has_parameter('qos_overrides./parts/out.publisher.depth')
    assert bench.node.has_parameter('qos_overrides./parts/in.subscription.reliability')


def test_what_is_the_nodes_own_is_reached(bench: Bench) -> None:
    assert bench.entities.get_name() == 'parts'


def test_callbacks_come_as_on_a_node(bench: Bench) -> None:
    seen: list[str] = []
    bench.entities.create_timer(0.01, lambda: seen.append('timer'))
    bench.entities.create_subscription(Empty, 'in', lambda msg: seen.append('message'), masks())
    publisher = bench.other.create_publisher(Empty, 'in', masks())
    bench.until(lambda: publisher.get_subscription_count() == 1)
    publisher.publish(Empty())
    bench.until(lambda: {'timer', 'message'} <= set(seen))


def test_no_callback_begins_once_it_is_quiet(bench: Bench) -> None:
    seen: list[str] = []
    bench.entities.create_timer(0.001, lambda: seen.append('timer'))
    others = []
    bench.other.create_timer(0.001, lambda: others.append('timer'))
    assert bench.entities.quieten(WAIT_S)
    bench.until(lambda: len(others) >= 5)
    assert seen == []


def test_a_request_that_comes_while_quiet_is_answered(bench: Bench) -> None:
    def answer(request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.message = 'here'
        return response

    bench.entities.create_service(Trigger, 'ask', answer)
    client = bench.other.create_client(Trigger, 'ask')
    assert client.wait_for_service(WAIT_S)
    bench.entities.quieten(WAIT_S)
    call = client.call_async(Trigger.Request())
    bench.until(call.done)
    assert call.result().message == 'here'


def test_quiet_waits_for_the_callback_under_way(bench: Bench) -> None:
    begun, go = Event(), Event()

    def work() -> None:
        begun.set()
        assert go.wait(WAIT_S)

    bench.entities.create_timer(0.001, work)
    thread = Thread(target=lambda: bench.until(begun.is_set))
    thread.start()
    assert begun.wait(WAIT_S)
    assert not bench.entities.quieten(0.01)
    go.set()
    assert bench.entities.quieten(WAIT_S)
    thread.join(WAIT_S)


def test_what_a_late_thread_publishes_is_dropped(bench: Bench) -> None:
    publisher = bench.entities.create_publisher(Empty, 'out', masks())
    bench.entities.close()
    publisher.publish(Empty())


def test_what_a_late_request_answers_is_dropped(bench: Bench) -> None:
    begun = Event()

    def answer(request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        bench.entities.close()
        begun.set()
        return response

    bench.entities.create_service(Trigger, 'ask', answer)
    client = bench.other.create_client(Trigger, 'ask')
    assert client.wait_for_service(WAIT_S)
    client.call_async(Trigger.Request())
    bench.until(begun.is_set)
