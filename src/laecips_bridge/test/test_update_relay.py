"""Chunks of weights over a link that the test is, asked for by a real client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Protocol

import pytest
from rclpy.node import Node
from std_srvs.srv import Trigger

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.message_codec import unpack
from laecips_bridge.questions import Urgency
from laecips_bridge.update_relay import UpdateRelay
from laecips_msgs.msg import ModelVersion
from laecips_msgs.srv import GetModelUpdate
from laecips_ros.counters import Counters
from laecips_ros.deferred_service import Answer

Status = GetModelUpdate.Response
CHUNK = 10
PAYLOAD = bytes(range(45))
SHA256 = 'd' * 64


class Ros(Protocol):
    def node(self, name: str) -> Node: ...
    def until(self, done: Callable[[], bool]) -> None: ...


class Relay:
    """The relay under test, the edge's clients, and a server that answers when it is let."""

    def __init__(self, ros: Ros, config: BridgeConfig, script: Any) -> None:
        self.ros, self.script = ros, script
        self.counters = Counters()
        node = ros.node('bridge')
        self.relay = UpdateRelay(node, config, script, self.counters)
        self.taken = 0
        service = self.relay._services[0]
        self._take, service._on_request = service._on_request, self._note
        self._update = node.create_client(GetModelUpdate, 'cloud/get_model_update')
        self._train = node.create_client(Trigger, 'cloud/train_now')
        ros.until(self._update.service_is_ready)
        ros.until(self._train.service_is_ready)

    def ask(self, offset: int, sha256: str = SHA256, max_bytes: int = CHUNK) -> Any:
        """Let the edge ask; give its future when the relay has taken it."""
        taken = self.taken
        future = self._update.call_async(
            GetModelUpdate.Request(
                version='v2', have_version='v1', sha256=sha256, offset=offset, max_bytes=max_bytes
            )
        )
        self.ros.until(lambda: self.taken > taken)
        return future

    def _note(self, request: GetModelUpdate.Request, answer: Answer) -> None:
        self._take(request, answer)
        self.taken += 1

    def train(self) -> Any:
        future = self._train.call_async(Trigger.Request())
        self.ros.until(lambda: len(self.script.asked) == 1)
        return future

    def asked(self) -> list[int]:
        return sorted(self.request_of(one).offset for one in self.script.asked)

    def request_of(self, asked: Any) -> GetModelUpdate.Request:
        return unpack(GetModelUpdate.Request, asked.payload, 1000)

    def of(self, offset: int) -> Any:
        (found,) = [one for one in self.script.asked if self.request_of(one).offset == offset]
        return found

    def answer(self, offset: int) -> None:
        found = self.of(offset)
        chunk = PAYLOAD[offset : offset + self.request_of(found).max_bytes]
        manifest = ModelVersion(version='v2', sha256=SHA256, size_bytes=len(PAYLOAD))
        found.answer(Status(status=Status.OK, manifest=manifest, offset=offset, chunk=chunk))

    def response(self, future: Any) -> Any:
        self.ros.until(future.done)
        return future.result()


@pytest.fixture
def relay(ros: Ros, config: Callable[..., BridgeConfig], script: Any) -> Relay:
    return Relay(ros, config(link__update_timeout_s=7.0), script)


def test_a_chunk_is_asked_for_in_the_background(relay: Relay) -> None:
    future = relay.ask(0, sha256='')
    (asked,) = relay.script.asked
    assert (asked.key, asked.urgency, asked.timeout_s) == (
        'laecips/spot/get_model_update',
        Urgency.BACKGROUND,
        7.0,
    )
    request = relay.request_of(asked)
    assert (request.version, request.have_version, request.offset) == ('v2', 'v1', 0)
    relay.answer(0)
    response = relay.response(future)
    assert (response.status, bytes(response.chunk)) == (Status.OK, PAYLOAD[:10])


def test_the_next_two_are_asked_for_ahead(relay: Relay) -> None:
    relay.ask(0, sha256='')
    relay.answer(0)
    assert relay.asked() == [0, 10, 20]
    ahead = relay.request_of(relay.of(20))
    assert ahead == GetModelUpdate.Request(
        version='v2', have_version='v1', sha256=SHA256, offset=20, max_bytes=CHUNK
    )


def test_a_chunk_that_is_there_already_is_given_at_once(relay: Relay) -> None:
    relay.ask(0, sha256='')
    relay.answer(0)
    relay.answer(10)
    response = relay.response(relay.ask(10))
    assert bytes(response.chunk) == PAYLOAD[10:20]
    assert relay.asked() == [0, 10, 20, 30]


def test_a_chunk_on_its_way_is_waited_for_and_not_asked_for_twice(relay: Relay) -> None:
    relay.ask(0, sha256='')
    relay.answer(0)
    future = relay.ask(10)
    assert relay.asked() == [0, 10, 20]
    assert not future.done()
    relay.answer(10)
    assert bytes(relay.response(future).chunk) == PAYLOAD[10:20]


def test_a_whole_payload_is_each_chunk_once(relay: Relay) -> None:
    got, answered = b'', {20}
    while len(got) < len(PAYLOAD):
        future = relay.ask(len(got), sha256=SHA256 if got else '')
        if len(got) not in answered:
            relay.answer(len(got))
        if not got:
            relay.answer(20)
        got += bytes(relay.response(future).chunk)
    assert got == PAYLOAD
    assert relay.asked() == [0, 10, 20, 30, 40]
    assert relay.relay._ahead == {}
    assert relay.counters.snapshot()['bytes_down_background'] > len(PAYLOAD)


def test_what_belongs_to_a_download_given_up_is_forgotten(relay: Relay) -> None:
    relay.ask(0, sha256='')
    relay.answer(0)
    future = relay.ask(30)
    relay.answer(30)
    assert bytes(relay.response(future).chunk) == PAYLOAD[30:40]
    assert relay.asked() == [0, 10, 20, 30, 40]
    assert len(relay.relay._ahead) == 1
    relay.answer(10)
    assert len(relay.relay._ahead) == 1


def test_one_that_waits_is_answered_though_its_download_was_given_up(relay: Relay) -> None:
    relay.ask(0, sha256='')
    relay.answer(0)
    waiting = relay.ask(10)
    relay.ask(30)
    relay.answer(30)
    relay.answer(10)
    assert bytes(relay.response(waiting).chunk) == PAYLOAD[10:20]


def test_a_failure_is_told(relay: Relay) -> None:
    future = relay.ask(0)
    relay.script.asked[0].fail('the link was lost')
    response = relay.response(future)
    assert (response.status, response.error) == (Status.FAILED, 'the link was lost')
    assert relay.asked() == [0]


def test_a_chunk_ahead_that_failed_is_asked_for_again(relay: Relay) -> None:
    relay.ask(0, sha256='')
    relay.answer(0)
    relay.of(10).fail('the link was lost')
    relay.script.asked.clear()
    future = relay.ask(10)
    relay.answer(10)
    assert bytes(relay.response(future).chunk) == PAYLOAD[10:20]


def test_one_that_waits_for_a_chunk_that_fails_is_told(relay: Relay) -> None:
    relay.ask(0, sha256='')
    relay.answer(0)
    future = relay.ask(10)
    relay.of(10).fail('the link was lost')
    assert relay.response(future).error == 'the link was lost'


def test_an_answer_that_is_none_is_a_failure(relay: Relay) -> None:
    future = relay.ask(0)
    relay.script.asked[0].answer(Trigger.Response())
    assert relay.response(future).status == Status.FAILED
    assert relay.counters.snapshot()['errors.bad_payload'] == 1


def test_what_the_server_refuses_is_passed_on_and_nothing_is_asked_ahead(relay: Relay) -> None:
    future = relay.ask(0)
    relay.script.asked[0].answer(Status(status=Status.UNKNOWN_VERSION, error='gone'))
    response = relay.response(future)
    assert (response.status, response.error) == (Status.UNKNOWN_VERSION, 'gone')
    assert relay.asked() == [0]


def test_a_chunk_is_at_most_64_kib(relay: Relay) -> None:
    relay.ask(0, max_bytes=1_000_000)
    assert relay.request_of(relay.script.asked[0]).max_bytes == 65_536


def test_a_request_that_cannot_be_sent_is_refused(relay: Relay) -> None:
    response = relay.response(relay.ask(0, sha256='x' * 20_000))
    assert response.status == Status.REFUSED
    assert 'sha256' in response.error
    assert relay.counters.snapshot() == {'errors.bad_payload': 1}


def test_a_training_round_is_asked_for(relay: Relay) -> None:
    future = relay.train()
    (asked,) = relay.script.asked
    assert (asked.key, asked.urgency) == ('laecips/spot/train_now', Urgency.BACKGROUND)
    asked.answer(Trigger.Response(success=True, message='started'))
    response = relay.response(future)
    assert (response.success, response.message) == (True, 'started')


def test_a_training_round_that_cannot_be_asked_for_is_told(relay: Relay) -> None:
    future = relay.train()
    relay.script.asked[0].fail('there is no link')
    response = relay.response(future)
    assert (response.success, response.message) == (False, 'there is no link')
