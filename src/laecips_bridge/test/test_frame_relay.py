"""The robot's way up for hard frames: real client and outbox, and a link that the test is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Protocol

import pytest
from rclpy.node import Node

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.byte_budget import ByteBudget
from laecips_bridge.frame_relay import FrameRelay
from laecips_bridge.message_codec import pack
from laecips_bridge.message_codec import unpack
from laecips_bridge.outbox import Outbox
from laecips_bridge.questions import Urgency
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros.counters import Counters

Status = SegmentHardFrame.Response
MAX_FRAME_BYTES = 2000


class Ros(Protocol):
    def node(self, name: str) -> Node: ...
    def until(self, done: Callable[[], bool]) -> None: ...


def frame(uid: str = 'spot/1', **fields: Any) -> SegmentHardFrame.Request:
    return SegmentHardFrame.Request(robot='spot', frame_uid=uid, **fields)


class Relay:
    """The relay under test, the edge's client, and what is around them."""

    def __init__(self, ros: Ros, config: BridgeConfig, script: Any) -> None:
        self.ros, self.config, self.script = ros, config, script
        self.link_is_down = False
        self.counters = Counters()
        self.budget = ByteBudget(0, 1)
        self.outbox = Outbox(None, config.outbox.max_bytes, self.counters)
        node = ros.node('bridge')
        self.relay = FrameRelay(
            node,
            config,
            script,
            self.budget,
            self.outbox,
            lambda: self.link_is_down,
            self.counters,
        )
        self._client = node.create_client(SegmentHardFrame, 'cloud/segment_hard_frame')
        ros.until(self._client.service_is_ready)

    def send(self, request: SegmentHardFrame.Request) -> Any:
        """Let the edge ask; give its future once the frame is on the link or answered."""
        asked = len(self.script.asked)
        future = self._client.call_async(request)
        self.ros.until(lambda: future.done() or len(self.script.asked) > asked)
        return future

    def answer_of(self, future: Any) -> SegmentHardFrame.Response:
        self.ros.until(future.done)
        return future.result()

    def count(self, name: str) -> int:
        return self.counters.snapshot().get(name, 0)


@pytest.fixture
def relay(ros: Ros, config: Callable[..., BridgeConfig], script: Any) -> Relay:
    return Relay(ros, config(limits__max_frame_bytes=MAX_FRAME_BYTES), script)


def test_a_frame_goes_up_as_it_came_and_its_mask_comes_back(relay: Relay) -> None:
    request = frame(image_data=b'jpeg', weights_version='v1', deadline_s=1.5)
    future = relay.send(request)
    (asked,) = relay.script.asked
    assert asked.key == 'laecips/spot/segment_hard_frame'
    assert asked.urgency is Urgency.FRAME
    assert unpack(SegmentHardFrame.Request, asked.payload, 10_000) == request
    asked.answer(Status(status=Status.OK, label_png=b'mask', training_round=4))
    response = relay.answer_of(future)
    assert (response.status, bytes(response.label_png), response.training_round) == (
        Status.OK,
        b'mask',
        4,
    )


def test_it_is_in_the_outbox_before_it_goes_and_out_of_it_after_its_answer(relay: Relay) -> None:
    future = relay.send(frame())
    kept = relay.outbox.oldest()
    assert kept is not None
    assert (kept.frame_uid, kept.payload) == ('spot/1', relay.script.asked[0].payload)
    assert relay.relay.in_flight == {'spot/1'}
    relay.script.asked[0].answer(Status(status=Status.OK))
    relay.answer_of(future)
    assert relay.outbox.frames == 0
    assert relay.relay.in_flight == frozenset()
    assert not relay.outbox.keep('spot/1', b'again', 'test')


def test_what_went_up_and_down_is_counted(relay: Relay) -> None:
    future = relay.send(frame())
    answer = Status(status=Status.OK, label_png=b'mask')
    relay.script.asked[0].answer(answer)
    relay.answer_of(future)
    assert relay.counters.snapshot() == {
        'bytes_down': len(pack(answer)),
        'bytes_up': len(pack(frame())),
        'frames': 1,
        'frames.answered': 1,
        'outbox.kept.in_flight': 1,
        'outbox.sent': 1,
    }


def test_without_budget_it_waits_in_the_outbox(relay: Relay) -> None:
    relay.budget.configure(1, 1)
    relay.send(frame('spot/1'))
    relay.script.asked.clear()
    response = relay.answer_of(relay.send(frame('spot/2')))
    assert response.status == Status.OVER_BUDGET
    assert response.error == 'kept on the robot for later'
    assert relay.script.asked == []
    assert relay.count('outbox.kept.over_budget') == 1
    assert relay.count('frames.later.over_budget') == 1


def test_without_a_link_it_waits_in_the_outbox(relay: Relay) -> None:
    relay.link_is_down = True
    response = relay.answer_of(relay.send(frame()))
    assert response.status == Status.NO_LINK
    assert relay.script.asked == []
    assert relay.outbox.frames == 1
    assert relay.relay.in_flight == frozenset()
    assert relay.count('outbox.kept.no_link') == 1


def test_a_frame_that_nobody_waits_for_is_only_kept(relay: Relay) -> None:
    response = relay.answer_of(relay.send(frame(training_only=True)))
    assert response.status == Status.NO_LINK
    assert relay.script.asked == []
    assert relay.count('outbox.kept.handed_over') == 1
    assert relay.count('frames.later.handed_over') == 1


def test_one_that_is_not_kept_is_told_so(relay: Relay) -> None:
    relay.link_is_down = True
    relay.answer_of(relay.send(frame()))
    response = relay.answer_of(relay.send(frame()))
    assert response.error == 'not kept: it was there before, or is full'
    assert relay.outbox.frames == 1


def test_without_an_answer_it_stays_in_the_outbox(relay: Relay) -> None:
    future = relay.send(frame())
    relay.script.asked[0].fail('no answer before the deadline')
    response = relay.answer_of(future)
    assert (response.status, response.error) == (
        Status.NO_ANSWER,
        'no answer before the deadline',
    )
    assert relay.outbox.frames == 1
    assert relay.relay.in_flight == frozenset()
    assert relay.count('frames.later.no_answer') == 1


def test_an_answer_that_is_none_counts_as_no_answer(relay: Relay) -> None:
    future = relay.send(frame())
    relay.script.asked[0].answer(SegmentHardFrame.Request())
    assert relay.answer_of(future).status == Status.NO_ANSWER
    assert relay.outbox.frames == 1
    assert relay.count('errors.bad_payload') == 1


@pytest.mark.parametrize(
    ('status', 'counter'),
    [
        (Status.UNKNOWN_VERSION, 'unknown_version'),
        (Status.FAILED, 'cloud_failed'),
        (Status.BUSY, 'cloud_busy'),
    ],
)
def test_what_the_server_may_take_later_stays(relay: Relay, status: int, counter: str) -> None:
    future = relay.send(frame())
    relay.script.asked[0].answer(Status(status=status, error='why'))
    response = relay.answer_of(future)
    assert (response.status, response.error) == (status, 'why')
    assert relay.outbox.frames == 1
    assert relay.count(f'frames.later.{counter}') == 1


def test_what_the_server_refuses_is_not_sent_again(relay: Relay) -> None:
    future = relay.send(frame())
    relay.script.asked[0].answer(Status(status=Status.REFUSED, error='why'))
    assert relay.answer_of(future).error == 'why'
    assert relay.outbox.frames == 0
    assert relay.count('frames.refused') == 1
    assert relay.count('outbox.refused.refused') == 1


@pytest.mark.parametrize(
    ('request_', 'code', 'words'),
    [
        (SegmentHardFrame.Request(robot='rex', frame_uid='rex/1'), 'wrong_robot', 'expected spot'),
        (frame('rex/1'), 'wrong_robot', 'got spot rex/1'),
        (frame(image_data=bytes(MAX_FRAME_BYTES)), 'payload_too_large', 'at most 2000 bytes'),
        (frame(deadline_s=float('nan')), 'bad_payload', 'finite float32'),
        (frame(deadline_s=float('inf')), 'bad_payload', 'finite float32'),
        (frame('spot/' + 'x' * 20_000), 'bad_payload', 'frame_uid'),
    ],
)
def test_a_request_at_fault_is_refused_and_not_kept(
    relay: Relay, request_: SegmentHardFrame.Request, code: str, words: str
) -> None:
    response = relay.answer_of(relay.send(request_))
    assert response.status == Status.REFUSED
    assert words in response.error
    assert relay.outbox.frames == 0
    assert relay.script.asked == []
    assert relay.count('frames.refused') == 1
    assert relay.count(f'errors.{code}') == 1


def test_the_largest_frame_goes_up(relay: Relay) -> None:
    room = MAX_FRAME_BYTES - len(pack(frame(image_data=bytes(1000)))) + 1000
    relay.send(frame(image_data=bytes(room)))
    assert len(relay.script.asked[0].payload) == MAX_FRAME_BYTES


@pytest.mark.parametrize(
    ('deadline_s', 'wait_s'), [(0.0, 1.97), (0.5, 0.47), (0.01, 0.03), (-1.0, 0.03), (1e30, 59.97)]
)
def test_the_wait_ends_before_the_edge_gives_up(
    relay: Relay, deadline_s: float, wait_s: float
) -> None:
    relay.send(frame(deadline_s=deadline_s))
    assert relay.script.asked[0].timeout_s == pytest.approx(wait_s, abs=1e-6)


def test_it_is_settled_even_if_the_edge_is_gone(relay: Relay) -> None:
    relay.send(frame())
    relay.relay._service._send = refuse
    with pytest.raises(RuntimeError, match='of the test'):
        relay.script.asked[0].answer(Status(status=Status.OK))
    assert relay.outbox.frames == 0
    assert relay.relay.in_flight == frozenset()


def refuse(response: Any, header: Any) -> None:
    raise RuntimeError('of the test')
