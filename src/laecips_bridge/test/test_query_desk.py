"""The server's counter: real queries in, a cloud that the test is, real answers out."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import logging
from typing import Any
from typing import Protocol

import pytest
import zenoh

from laecips_bridge.keys import every_robots
from laecips_bridge.message_codec import pack
from laecips_bridge.message_codec import unpack
from laecips_bridge.query_desk import QueryDesk
from laecips_bridge.seldom import Seldom
from laecips_msgs.srv import GetModelUpdate
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros.counters import Counters

WHAT = 'segment_hard_frame'
MAX_BYTES = 1000
Status = SegmentHardFrame.Response
Until = Callable[[Callable[[], bool]], None]


class Link(Protocol):
    server: zenoh.Session
    robot: zenoh.Session


class Cloud:
    """Stands where CloudCalls stand: calls wait here for the test."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, Callable[[Any, str], None]]] = []

    def call(self, request: Any, done: Callable[[Any, str], None]) -> None:
        self.calls.append((request, done))


class Desk:
    """The desk under test on the server's session, and a robot that asks."""

    def __init__(self, link: Link, until: Until) -> None:
        self._link, self._until = link, until
        self.now_s = 100.0
        self.cloud, self.counters = Cloud(), Counters()
        seldom = Seldom(logging.getLogger('test_desk'), 60.0, lambda: self.now_s)
        self.desk = QueryDesk(
            WHAT,
            SegmentHardFrame,
            self.cloud,  # type: ignore[arg-type]
            ('rex', 'spot'),
            MAX_BYTES,
            self.counters,
            seldom,
        )
        self._queryable = link.server.declare_queryable(every_robots(WHAT), self.desk.take)
        self._querier = link.robot.declare_querier(f'laecips/spot/{WHAT}')
        until(lambda: bool(self._querier.matching_status.matching))

    def ask(self, payload: bytes | None, robot: str = 'spot') -> list[zenoh.Reply]:
        """Ask; give the list that the replies come to."""
        replies: list[zenoh.Reply] = []
        self.ended = False

        def end() -> None:
            self.ended = True

        handler = zenoh.handlers.Callback(replies.append, end)
        self._link.robot.get(f'laecips/{robot}/{WHAT}', handler, payload=payload, timeout=20.0)
        return replies

    def refusal(self, payload: bytes | None, robot: str = 'spot') -> str:
        replies = self.ask(payload, robot)
        self._until(lambda: self.ended)
        (reply,) = replies
        assert reply.ok is not None
        response = unpack(SegmentHardFrame.Response, bytes(reply.ok.payload), MAX_BYTES)
        assert response.status == SegmentHardFrame.Response.REFUSED
        return str(response.error)

    def asked(self, count: int = 1) -> None:
        self._until(lambda: len(self.cloud.calls) == count)

    def close(self) -> None:
        self._querier.undeclare()
        self._queryable.undeclare()
        self.desk.close()


@pytest.fixture
def desk(link: Link, until: Until) -> Iterator[Desk]:
    made = Desk(link, until)
    yield made
    made.close()


def frame(uid: str = 'spot/1', robot: str = 'spot', size_bytes: int = 4) -> bytes:
    return pack(SegmentHardFrame.Request(robot=robot, frame_uid=uid, image_data=bytes(size_bytes)))


def test_a_question_is_answered_by_the_cloud(desk: Desk, until: Until) -> None:
    replies = desk.ask(frame())
    desk.asked()
    request, done = desk.cloud.calls[0]
    assert pack(request) == frame()
    answer = Status(status=Status.OK, label_png=b'mask')
    done(answer, '')
    until(lambda: desk.ended)
    (reply,) = replies
    assert reply.ok is not None
    assert unpack(Status, bytes(reply.ok.payload), 1000) == answer
    counts = desk.counters.snapshot()
    assert counts.pop(f'{WHAT}.ms') >= 0
    assert counts == {f'{WHAT}.spot': 1}


def test_robots_are_answered_as_the_cloud_is_ready(desk: Desk, until: Until) -> None:
    first = desk.ask(frame())
    desk.asked(1)
    second = desk.ask(frame('rex/1', 'rex'), 'rex')
    desk.asked(2)
    desk.cloud.calls[1][1](Status(training_round=2), '')
    until(lambda: len(second) == 1)
    assert first == []
    desk.cloud.calls[0][1](Status(training_round=1), '')
    until(lambda: len(first) == 1)
    assert desk.counters.snapshot()[f'{WHAT}.rex'] == 1


def test_a_cloud_that_is_not_there_is_told(desk: Desk, until: Until) -> None:
    replies = desk.ask(frame())
    desk.asked()
    desk.cloud.calls[0][1](None, 'the cloud node does not run')
    until(lambda: desk.ended)
    assert replies[0].err is not None
    assert bytes(replies[0].err.payload) == b'the cloud node does not run'
    assert desk.counters.snapshot()[f'{WHAT}.unanswered'] == 1


def test_an_answer_that_cannot_be_sent_is_told(
    desk: Desk, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    replies = desk.ask(frame())
    desk.asked()
    desk.cloud.calls[0][1](Status(masks_s=float('nan')), '')
    until(lambda: desk.ended)
    assert replies[0].err is not None
    assert b'finite float32' in bytes(replies[0].err.payload)
    assert desk.counters.snapshot()['errors.bad_payload'] == 1
    assert len(caplog.messages) == 1


@pytest.mark.parametrize(
    ('robot', 'payload', 'code', 'words'),
    [
        ('other', frame('other/1', 'other'), 'wrong_robot', 'one of link.robots'),
        ('*', frame(), 'bad_payload', 'laecips/ROBOT/NAME'),
        ('spot', frame('spot/1', 'rex'), 'wrong_robot', 'expected spot, got rex'),
        ('spot', frame('rex/1', 'spot'), 'wrong_robot', 'expected spot, got spot rex/1'),
        ('spot', frame(size_bytes=MAX_BYTES), 'payload_too_large', 'at most 1000 bytes'),
        ('spot', b'\xc1', 'bad_payload', 'msgpack'),
        ('spot', None, 'bad_payload', 'msgpack'),
        ('spot', pack(GetModelUpdate.Request()), 'bad_payload', 'a map of frame_uid'),
    ],
)
def test_a_question_at_fault_is_refused_counted_and_logged_once_a_minute(
    desk: Desk,
    caplog: pytest.LogCaptureFixture,
    robot: str,
    payload: bytes | None,
    code: str,
    words: str,
) -> None:
    for now_s in (100.0, 159.0, 160.0):
        desk.now_s = now_s
        assert words in desk.refusal(payload, robot)
    assert desk.cloud.calls == []
    assert desk.counters.snapshot() == {f'errors.{code}': 3}
    assert len(caplog.messages) == 2
    assert all(f'laecips/{robot}/{WHAT}' in line for line in caplog.messages)


def test_answers_that_wait_for_the_link_are_bounded(desk: Desk, until: Until) -> None:
    desk.desk._answers.run(lambda: until(lambda: desk.now_s > 100.0))
    until(lambda: desk.desk._answers._calls.empty())
    asked = []
    for number in range(65):
        asked.append(desk.ask(frame()))
        desk.asked(number + 1)
    for _, done in desk.cloud.calls:
        done(Status(), '')
    until(lambda: desk.ended)
    assert asked[64] == []
    assert desk.counters.snapshot()[f'drops.{WHAT}_answers_full'] == 1
    desk.now_s = 101.0
    until(lambda: all(asked[:64]))
