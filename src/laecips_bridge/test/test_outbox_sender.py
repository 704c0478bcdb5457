"""Kept frames on their way up: one at a time, when nothing speaks against it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from laecips_bridge import outbox_sender
from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.byte_budget import ByteBudget
from laecips_bridge.message_codec import pack
from laecips_bridge.message_codec import unpack
from laecips_bridge.outbox import Outbox
from laecips_bridge.outbox_sender import OutboxSender
from laecips_bridge.questions import Urgency
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros.counters import Counters

Status = SegmentHardFrame.Response
ROOM_BYTES = 131_072


class Sender:
    """The sender under test, with an outbox in memory, on a clock of the test."""

    def __init__(self, config: BridgeConfig, script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.script = script
        self.now_s = 100.0
        self.link_is_down = False
        self.in_flight: set[str] = set()
        self.counters = Counters()
        self.budget = ByteBudget(0, 1)
        self.outbox = Outbox(None, 1_000_000, self.counters)
        monkeypatch.setattr(outbox_sender, 'monotonic', lambda: self.now_s)
        self.sender = OutboxSender(
            config,
            script,
            self.budget,
            self.outbox,
            lambda: self.link_is_down,
            lambda: self.in_flight,
            self.counters,
        )

    def keep(self, uid: str, size_bytes: int = 10) -> bytes:
        request = SegmentHardFrame.Request(
            robot='spot', frame_uid=uid, image_data=bytes(size_bytes)
        )
        payload = pack(request)
        assert self.outbox.keep(uid, payload, 'no_link')
        return payload

    def sent(self) -> list[str]:
        self.sender.check()
        kind = SegmentHardFrame.Request
        return [unpack(kind, one.payload, 1_000_000).frame_uid for one in self.script.asked]

    def answer(self, status: int) -> None:
        self.script.asked[-1].answer(Status(status=status))

    def count(self, name: str) -> int:
        return self.counters.snapshot().get(name, 0)


@pytest.fixture
def sender(
    config: Callable[..., BridgeConfig], script: Any, monkeypatch: pytest.MonkeyPatch
) -> Sender:
    settings = config(outbox__retry_s=2.0, outbox__timeout_s=30.0, limits__max_frame_bytes=500_000)
    return Sender(settings, script, monkeypatch)


def test_an_empty_outbox_sends_nothing(sender: Sender) -> None:
    assert sender.sent() == []


def test_a_kept_frame_goes_up_in_the_background_as_training_data(sender: Sender) -> None:
    payload = sender.keep('spot/1')
    sender.sender.check()
    (asked,) = sender.script.asked
    assert asked.key == 'laecips/spot/segment_hard_frame'
    assert (asked.urgency, asked.timeout_s) == (Urgency.BACKGROUND, 30.0)
    request = unpack(SegmentHardFrame.Request, asked.payload, 1000)
    # The server need not wait longer than the robot does.
    assert (request.training_only, request.deadline_s) == (True, 30.0)
    request.training_only, request.deadline_s = False, 0.0
    assert pack(request) == payload
    assert sender.count('bytes_up_later') == len(payload)


def test_the_next_goes_when_the_server_has_the_last(sender: Sender) -> None:
    sender.keep('spot/1')
    sender.keep('spot/2')
    assert sender.sent() == ['spot/1']
    assert sender.sent() == ['spot/1']
    sender.answer(Status.OK)
    assert sender.outbox.frames == 1
    assert sender.sent() == ['spot/1', 'spot/2']
    sender.answer(Status.OK)
    assert sender.outbox.frames == 0
    assert sender.count('outbox.sent') == 2


def test_a_link_that_is_down_lets_nothing_go(sender: Sender) -> None:
    sender.keep('spot/1')
    sender.link_is_down = True
    assert sender.sent() == []
    sender.link_is_down = False
    assert sender.sent() == ['spot/1']


def test_frames_on_their_way_are_left_out(sender: Sender) -> None:
    sender.keep('spot/1')
    sender.keep('spot/2')
    sender.in_flight = {'spot/1'}
    assert sender.sent() == ['spot/2']
    sender.answer(Status.OK)
    assert sender.sent() == ['spot/2']
    sender.in_flight = set()
    assert sender.sent() == ['spot/2', 'spot/1']


def test_room_in_the_budget_is_left_for_hard_frames(sender: Sender) -> None:
    size_bytes = len(sender.keep('spot/1', 1000))
    sender.budget.configure(1000, ROOM_BYTES + 10_000)
    sender.budget.take(10_000 - size_bytes + 1, sender.now_s)
    assert sender.sent() == []
    assert sender.count('outbox.waits_for_budget') == 1
    sender.now_s += 0.001
    assert sender.sent() == ['spot/1']
    assert sender.budget.left_bytes(sender.now_s) == pytest.approx(ROOM_BYTES, abs=0.01)


def test_what_the_server_refuses_is_given_up(sender: Sender) -> None:
    sender.keep('spot/1')
    sender.keep('spot/2')
    sender.sender.check()
    sender.answer(Status.REFUSED)
    assert sender.count('outbox.refused.refused') == 1
    assert sender.sent() == ['spot/1', 'spot/2']


@pytest.mark.parametrize(
    'status', [Status.FAILED, Status.UNKNOWN_VERSION, Status.NO_ANSWER, Status.BUSY]
)
def test_what_failed_goes_behind_the_others_after_a_pause(sender: Sender, status: int) -> None:
    sender.keep('spot/1')
    sender.keep('spot/2')
    sender.sender.check()
    sender.answer(status)
    assert sender.outbox.frames == 2
    sender.now_s = 101.9
    assert sender.sent() == ['spot/1']
    sender.now_s = 102.0
    assert sender.sent() == ['spot/1', 'spot/2']
    sender.answer(Status.OK)
    assert sender.sent() == ['spot/1', 'spot/2', 'spot/1']


def test_no_answer_postpones_it(sender: Sender) -> None:
    sender.keep('spot/1')
    sender.sender.check()
    sender.script.asked[0].fail()
    assert sender.count('outbox.postponed') == 1
    assert sender.sent() == ['spot/1']
    sender.now_s += 2.0
    assert sender.sent() == ['spot/1', 'spot/1']


def test_an_answer_that_is_none_postpones_it(sender: Sender) -> None:
    sender.keep('spot/1')
    sender.sender.check()
    sender.script.asked[0].answer(SegmentHardFrame.Request())
    assert sender.count('errors.bad_payload') == 1
    assert sender.count('outbox.postponed') == 1


@pytest.mark.parametrize(
    ('payload', 'code'),
    [(b'\xc1', 'bad_payload'), (bytes(500_001), 'payload_too_large')],
)
def test_a_damaged_frame_is_given_up(sender: Sender, payload: bytes, code: str) -> None:
    sender.outbox.keep('spot/1', payload, 'no_link')
    sender.keep('spot/2')
    assert sender.sent() == []
    assert sender.count(f'errors.{code}') == 1
    assert sender.count('outbox.refused.damaged') == 1
    assert sender.sent() == ['spot/2']
