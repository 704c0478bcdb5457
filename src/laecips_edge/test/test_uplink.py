"""Hard frames against a real service of our own, with a bridge's word on the link."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import os
import time

import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import Header

from laecips_core.config import EdgeConfig
from laecips_core.image_codec import encode_map
from laecips_core.pipeline.edge import EdgePass
from laecips_core.setting import replace_settings
from laecips_core.values import Frame
from laecips_core.values import Prediction
from laecips_core.values import Segmentation
from laecips_core.values import Source
from laecips_core.values import Verdict
from laecips_edge import cloud_presence
from laecips_edge import hand_over
from laecips_edge import link_watch
from laecips_edge.call import CloudAnswer
from laecips_edge.call import JudgedFrame
from laecips_edge.link_watch import LinkWatch
from laecips_edge.uplink import Uplink
from laecips_msgs.msg import LinkState
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros import qos
from laecips_ros.counters import Counters

_WAIT_S = 20.0
_CONFIG = replace_settings(
    EdgeConfig(), {'uplink.deadline_s': 0.5, 'uplink.image_format': 'png', 'uplink.robot': 'r'}
)
_Status = SegmentHardFrame.Response


def _frame(uid: str = 'a', provisional: bool = False) -> JudgedFrame:
    image = np.zeros((4, 6, 3), np.uint8)
    softmax = np.full((3, 4, 6), 1 / 3, np.float32)
    mask = Segmentation(image[..., 0], image[..., 0], Source.EDGE, 'v')
    prediction = Prediction(softmax, (4, 6), 'v')
    edge = EdgePass(Frame(image, 1, uid), prediction, Verdict(0.1, 0.5, 'test'), mask, 0.1)
    return JudgedFrame(edge, Header(), time.perf_counter(), provisional)


class _Cloud:
    """Answers with a status, as cloud or bridge, unless it is told to keep silent."""

    def __init__(self, node: Node) -> None:
        self.status = _Status.OK
        self.asked: list[SegmentHardFrame.Request] = []
        self._node = node
        self._state = node.create_publisher(LinkState, 'cloud/link_state', qos.latched())
        self._service = node.create_service(
            SegmentHardFrame, 'cloud/segment_hard_frame', self._serve
        )

    def say(self, state: int, reason: str = '') -> None:
        self._state.publish(LinkState(state=state, reason=reason, rtt_s=0.5, outbox_frames=3))

    def close(self) -> None:
        self._node.destroy_service(self._service)

    def _serve(
        self, request: SegmentHardFrame.Request, response: SegmentHardFrame.Response
    ) -> SegmentHardFrame.Response:
        self.asked.append(request)
        response.status = self.status
        if self.status == _Status.OK and not request.training_only:
            response.label_png = encode_map(np.ones((4, 6), np.uint8))
            response.confidence_png = encode_map(np.full((1, 2), 200, np.uint8))
        return response


class _Edge:
    """An uplink under test, and what it tells of its frames."""

    def __init__(self, context: Context) -> None:
        self.node = Node('uplink', context=context)
        self.cloud_node = Node('cloud_of_the_test', context=context)
        self.cloud = _Cloud(self.cloud_node)
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)
        self.cloud_executor = SingleThreadedExecutor(context=context)
        self.cloud_executor.add_node(self.cloud_node)
        self.serving = True
        self.counters = Counters()
        self.told: list[tuple[str, str, int]] = []
        self.link = LinkWatch(self.node)
        self.uplink = Uplink(self.node, 'c' * 64, _CONFIG, self.link, self, self.counters)
        self.until(lambda: self.uplink._presence.ready)

    def on_answer(self, frame: JudgedFrame, answer: CloudAnswer) -> None:
        self.told.append((frame.frame_uid, 'answer', answer.bytes_up))

    def on_late_answer(self, frame: JudgedFrame, answer: CloudAnswer) -> None:
        self.told.append((frame.frame_uid, 'late', answer.bytes_up))

    def on_fallback(self, frame: JudgedFrame, reason: str, bytes_up: int) -> None:
        self.told.append((frame.frame_uid, reason, bytes_up))

    def until(self, done: Callable[[], bool]) -> None:
        ends_s = time.monotonic() + _WAIT_S
        while not done():
            assert time.monotonic() < ends_s
            self.executor.spin_once(timeout_sec=0.02)
            if self.serving:
                self.cloud_executor.spin_once(timeout_sec=0.0)

    def count(self, name: str) -> int:
        return self.counters.snapshot().get(name, 0)

    def hear(self, state: int) -> None:
        self.cloud.say(state)
        name = {0: 'down', 1: 'degraded', 2: 'up'}[state]
        self.until(lambda: self.link.facts()['link'] == name)


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Edge]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    # Both halves are on one thread here: who finds whom first is no matter of time.
    monkeypatch.setattr(cloud_presence, 'SETTLE_S', 0.0)
    context = Context()
    rclpy.init(context=context, domain_id=1 + os.getpid() % 100)
    made = _Edge(context)
    yield made
    made.executor.shutdown()
    made.cloud_executor.shutdown()
    made.node.destroy_node()
    made.cloud_node.destroy_node()
    context.try_shutdown()


def test_a_frame_is_sent_with_its_deadline_and_answered(edge: _Edge) -> None:
    assert edge.uplink.send(_frame()) == ''
    edge.until(lambda: len(edge.told) == 1)
    request = edge.cloud.asked[0]
    assert (request.frame_uid, request.robot, request.weights_version) == ('a', 'r', 'v')
    assert (request.deadline_s, request.training_only) == (0.5, False)
    assert edge.told == [('a', 'answer', len(request.image_data))]


def test_a_frame_whose_own_mask_went_out_is_worth_an_answer_at_any_time(edge: _Edge) -> None:
    assert edge.uplink.send(_frame(provisional=True)) == ''
    edge.until(lambda: len(edge.told) == 1)
    assert edge.cloud.asked[0].deadline_s == 0.0


@pytest.mark.parametrize(
    ('status', 'reason', 'sent'),
    [
        (_Status.OVER_BUDGET, 'over_budget', False),
        (_Status.NO_LINK, 'no_link', False),
        (_Status.NO_ANSWER, 'no_answer', True),
        (_Status.REFUSED, 'refused', True),
        (_Status.UNKNOWN_VERSION, 'unknown_version', True),
        (_Status.FAILED, 'cloud_failed', True),
        (_Status.BUSY, 'cloud_busy', True),
        (200, 'bad_answer', True),
    ],
)
def test_a_status_is_the_reason_of_a_fallback(
    edge: _Edge, status: int, reason: str, sent: bool
) -> None:
    edge.cloud.status = status
    assert edge.uplink.send(_frame()) == ''
    edge.until(lambda: len(edge.told) == 1)
    size = len(edge.cloud.asked[0].image_data)
    assert edge.told == [('a', reason, size if sent else 0)]


@pytest.mark.parametrize('status', [_Status.NO_LINK, _Status.OK])
def test_while_the_link_is_down_frames_are_handed_over(edge: _Edge, status: int) -> None:
    edge.cloud.status = status
    edge.hear(LinkState.DOWN)
    assert edge.uplink.send(_frame('a')) == 'link_down'
    assert edge.uplink.send(_frame('b')) == 'link_down'
    edge.until(lambda: edge.count('handed_over') == 2)
    assert [(r.frame_uid, r.training_only) for r in edge.cloud.asked] == [('a', True), ('b', True)]
    assert all(len(r.image_data) > 0 and r.deadline_s == 0.0 for r in edge.cloud.asked)
    assert edge.told == []


def test_frames_too_many_are_handed_over_where_a_bridge_is(edge: _Edge) -> None:
    edge.hear(LinkState.UP)
    edge.serving = False
    for number in range(_CONFIG.uplink.max_in_flight):
        assert edge.uplink.send(_frame(f'{number}')) == ''
    assert edge.uplink.send(_frame('more')) == 'too_many_in_flight'
    edge.serving = True
    edge.until(lambda: edge.count('handed_over') == 1)
    assert [r.frame_uid for r in edge.cloud.asked if r.training_only] == ['more']


def test_without_a_bridge_frames_too_many_are_not_sent(edge: _Edge) -> None:
    edge.serving = False
    for number in range(_CONFIG.uplink.max_in_flight):
        assert edge.uplink.send(_frame(f'{number}')) == ''
    assert edge.uplink.send(_frame('more')) == 'too_many_in_flight'
    edge.serving = True
    edge.until(lambda: len(edge.told) == _CONFIG.uplink.max_in_flight)
    assert [r.frame_uid for r in edge.cloud.asked if r.training_only] == []


def test_a_hand_over_that_is_refused_is_counted(edge: _Edge) -> None:
    edge.cloud.status = _Status.REFUSED
    edge.hear(LinkState.DOWN)
    edge.uplink.send(_frame())
    edge.until(lambda: edge.count('drops.hand_over_refused') == 1)
    assert edge.count('handed_over') == 0


def test_hand_overs_are_bounded_and_given_up(edge: _Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand_over, '_DEADLINE_S', 1.0)
    edge.hear(LinkState.DOWN)
    edge.serving = False
    for uid in 'abcdeff':
        assert edge.uplink.send(_frame(uid)) == 'link_down'
    assert edge.count('drops.hand_over_busy') == 3
    edge.until(lambda: edge.count('drops.hand_over_unanswered') == 4)
    edge.serving = True
    edge.uplink.send(_frame('g'))
    edge.until(lambda: edge.count('handed_over') == 1)
    assert edge.count('drops.hand_over_unanswered') == 4


def test_a_frame_is_handed_over_once_at_a_time(edge: _Edge) -> None:
    edge.hear(LinkState.DOWN)
    edge.uplink.send(_frame('a'))
    edge.uplink.send(_frame('a'))
    edge.until(lambda: edge.count('handed_over') == 1)
    assert edge.count('drops.hand_over_busy') == 1


@pytest.mark.parametrize('state', [LinkState.DEGRADED, LinkState.UP])
def test_frames_go_out_again_once_the_link_is_back(edge: _Edge, state: int) -> None:
    edge.hear(LinkState.DOWN)
    edge.hear(state)
    assert edge.uplink.send(_frame()) == ''
    edge.until(lambda: len(edge.told) == 1)
    assert edge.told[0][1] == 'answer'


def test_a_state_that_is_not_repeated_is_no_longer_believed(
    edge: _Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge.hear(LinkState.DOWN)
    monkeypatch.setattr(link_watch, '_BELIEVED_S', 0.0)
    assert edge.link.facts() == {'link': 'not told'}
    assert edge.uplink.send(_frame()) == ''
    edge.until(lambda: len(edge.told) == 1)


def test_without_a_service_the_state_does_not_matter(edge: _Edge) -> None:
    edge.hear(LinkState.DOWN)
    edge.cloud.close()
    edge.until(lambda: not edge.uplink._presence.ready)
    assert edge.uplink.send(_frame()) == 'no_cloud'
    assert edge.count('drops.hand_over_busy') == 0


def test_the_link_is_told_in_words(edge: _Edge) -> None:
    assert edge.link.facts() == {'link': 'not told'}
    assert not edge.link.down
    edge.cloud.say(LinkState.DOWN, 'no heartbeat for 3 s')
    edge.until(lambda: edge.link.down)
    assert edge.link.facts() == {
        'link': 'down',
        'link_reason': 'no heartbeat for 3 s',
        'link_rtt_s': 0.5,
        'outbox_frames': 3,
    }


def test_a_late_word_that_there_is_no_answer_is_no_late_answer(edge: _Edge) -> None:
    for status, late in ((_Status.NO_ANSWER, 0), (_Status.BUSY, 0), (_Status.REFUSED, 1)):
        edge.cloud.status = status
        edge.serving = False
        edge.uplink.send(_frame('a'))
        done = len(edge.told) + 1
        edge.until(lambda done=done: len(edge.told) == done)
        assert edge.told[-1][:2] == ('a', 'deadline')
        edge.serving = True
        edge.until(lambda: not edge.uplink._late)
        assert edge.count('late_answers') == late


def test_at_the_end_frames_on_their_way_fall_back_and_no_answer_is_heard(edge: _Edge) -> None:
    edge.serving = False
    assert edge.uplink.send(_frame()) == ''
    edge.uplink.close()
    ((uid, reason, bytes_up),) = edge.told
    assert (uid, reason, bytes_up > 0) == ('a', 'stopped', True)
    edge.serving = True
    edge.until(lambda: len(edge.cloud.asked) == 1)
    edge.uplink.close()
    assert len(edge.told) == 1
    assert edge.count('late_answers') == 0
