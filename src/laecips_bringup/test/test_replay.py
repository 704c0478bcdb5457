"""Through real DDS, with small nodes in the place of edge and cloud."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import replace
import os
from pathlib import Path
import threading

from diagnostic_msgs.msg import DiagnosticArray
from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_msgs.msg import KeyValue
import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from std_msgs.msg import Bool

from laecips_bringup.frame_account import account_of
from laecips_bringup.records import FrameRecord
from laecips_bringup.replay import NoAnswerError
from laecips_bringup.replay import NoMaskError
from laecips_bringup.replay import replay
from laecips_bringup.replay import ReplayOptions
from laecips_bringup.ros_domain import private_domain
from laecips_bringup.run_metrics import one_mask_each
from laecips_bringup.stream import StreamFrame
from laecips_bringup.stream import UnreadableFrame
from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import ConfigError
from laecips_core.errors import DataSetError
from laecips_core.errors import ImageError
from laecips_core.values import Source
from laecips_msgs.msg import ModelVersion
from laecips_msgs.msg import Report
from laecips_msgs.msg import TrainingRound
from laecips_ros import qos
from laecips_ros.conversions import frame_from_image
from laecips_ros.conversions import image_from_map

LOCKSTEP = ReplayOptions('TEST', ready_deadline_s=30.0, mask_deadline_s=30.0)

Behaviour = Callable[['Nodes', Image], None]


class ShortStream:
    name = 'short'
    catalogue: ClassCatalogue | None = None

    def __init__(self, frames: int) -> None:
        self.frames = frames

    def __len__(self) -> int:
        return self.frames

    def __iter__(self) -> Iterator[StreamFrame]:
        for i in range(self.frames):
            yield StreamFrame(10**9 + i, np.full((4, 6, 3), i, np.uint8), None)


class BrokenStream(ShortStream):
    """The second frame cannot be read."""

    def __iter__(self) -> Iterator[StreamFrame | UnreadableFrame]:
        for i, frame in enumerate(super().__iter__()):
            error = ImageError('step', 'at least 18 bytes', 3)
            yield UnreadableFrame(frame.stamp_ns, error) if i == 1 else frame


class Nodes(Node):
    """Edge and cloud in one; what it does with a frame is passed in."""

    def __init__(self, behaviour: Behaviour, context: Context) -> None:
        super().__init__('stand_in', context=context)
        self.masks = self.create_publisher(Image, 'edge/mask', qos.masks())
        self.reports = self.create_publisher(Report, 'edge/report', qos.masks())
        latched = qos.latched()
        self.edge_version = self.create_publisher(ModelVersion, 'edge/model_version', latched)
        self.rounds = self.create_publisher(TrainingRound, 'cloud/training_round', latched)
        cloud_version = self.create_publisher(ModelVersion, 'cloud/model_version', latched)
        for publisher in (self.edge_version, cloud_version):
            publisher.publish(ModelVersion(version='v1', size_bytes=500))
        self.ready = self.create_publisher(Bool, 'edge/cloud_ready', latched)
        self.ready.publish(Bool(data=True))
        self.counts: dict[str, int] = {'offered': 40, 'failed.bad_image': 4}
        self.diagnostics = self.create_publisher(
            DiagnosticArray, '/diagnostics', qos.diagnostics()
        )
        self.create_timer(0.1, self.publish_counts)
        self.create_subscription(Image, 'image', lambda msg: behaviour(self, msg), 10)

    def publish_mask(self, msg: Image) -> None:
        value = frame_from_image(msg, '').image[0, 0, 0]
        self.masks.publish(image_from_map(np.full((4, 6), value, np.uint8), msg.header))

    def publish_report(self, msg: Image, training_round: int = 0) -> None:
        report = Report(header=msg.header, source=Report.FUSED, training_round=training_round)
        self.reports.publish(report)

    def publish_counts(self) -> None:
        pairs = [KeyValue(key=key, value=str(count)) for key, count in self.counts.items()]
        status = DiagnosticStatus(name='edge', message='running', values=pairs)
        self.diagnostics.publish(DiagnosticArray(status=[status]))


def answer(nodes: Nodes, msg: Image) -> None:
    nodes.publish_report(msg)
    nodes.publish_mask(msg)


def answer_twice(nodes: Nodes, msg: Image) -> None:
    answer(nodes, msg)
    nodes.publish_mask(msg)


def say_nothing(nodes: Nodes, msg: Image) -> None:
    pass


def answer_every_other(nodes: Nodes, msg: Image) -> None:
    if msg.header.stamp.nanosec % 2 == 0:
        answer(nodes, msg)


def fail_the_second(nodes: Nodes, msg: Image) -> None:
    nodes.counts['offered'] += 1
    if msg.header.stamp.nanosec == 1:
        nodes.counts['failed.bad_image'] += 1
    else:
        answer(nodes, msg)


def supersede_the_second(nodes: Nodes, msg: Image) -> None:
    nodes.counts['offered'] += 1
    if msg.header.stamp.nanosec == 1:
        nodes.counts['drops.superseded'] = 1
    else:
        answer(nodes, msg)


def train_on_the_second(nodes: Nodes, msg: Image) -> None:
    number = int(msg.header.stamp.nanosec >= 1)
    nodes.publish_report(msg, training_round=number)
    nodes.publish_mask(msg)
    if msg.header.stamp.nanosec == 1:
        news = TrainingRound(training_round=1, state=TrainingRound.STARTED)
        nodes.rounds.publish(news)
        news = TrainingRound(training_round=1, state=TrainingRound.RELEASED, version='v2')
        nodes.rounds.publish(news)
        nodes.edge_version.publish(ModelVersion(version='v2', size_bytes=300))


@pytest.fixture(autouse=True)
def domain() -> Iterator[int]:
    with private_domain(os.getpid()) as domain_id:
        yield domain_id


@pytest.fixture
def start(domain: int) -> Iterator[Callable[[Behaviour], None]]:
    context = Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    executor = SingleThreadedExecutor(context=context)
    thread = threading.Thread(target=executor.spin)

    nodes: list[Nodes] = []

    def begin(behaviour: Behaviour) -> None:
        nodes.append(Nodes(behaviour, context))
        executor.add_node(nodes[0])
        thread.start()

    yield begin
    executor.shutdown()
    thread.join()
    nodes[0].destroy_node()
    context.try_shutdown()


def test_lockstep_gets_one_mask_for_each_frame(start: Callable[[Behaviour], None]) -> None:
    start(answer)
    told: list[FrameRecord] = []
    run = replay(ShortStream(5), LOCKSTEP, on_answer=told.append)
    assert one_mask_each(run)
    assert [record.index for record in told] == [0, 1, 2, 3, 4]
    for i, record in enumerate(run.frames):
        assert record.stamp_ns == 10**9 + i
        assert record.source is Source.FUSED
        assert record.mask is not None
        assert (record.mask == i).all()


def test_second_mask_of_a_frame_is_noticed(start: Callable[[Behaviour], None]) -> None:
    start(answer_twice)
    run = replay(ShortStream(2), LOCKSTEP)
    assert (run.frames_fed, run.masks_received) == (2, 4)
    assert not one_mask_each(run)


def test_missing_mask_is_an_error_that_names_the_frame(
    start: Callable[[Behaviour], None],
) -> None:
    start(say_nothing)
    text = 'frame 0 of 3, stamp 1000000000 ns: expected mask and report within 0.2 s'
    with pytest.raises(NoMaskError, match=text):
        replay(ShortStream(3), replace(LOCKSTEP, mask_deadline_s=0.2))


def test_round_and_swap_are_recorded(start: Callable[[Behaviour], None]) -> None:
    start(train_on_the_second)
    run = replay(ShortStream(4), LOCKSTEP)
    (record,) = run.rounds
    assert (record.number, record.state, record.version) == (1, 'RELEASED', 'v2')
    assert record.after_frame == 1
    assert run.update_bytes == 300


def test_frames_dropped_at_a_rate_are_in_the_record(
    start: Callable[[Behaviour], None],
) -> None:
    start(answer_every_other)
    options = replace(LOCKSTEP, rate_hz=200.0, drain_s=2.0)
    run = replay(ShortStream(6), options)
    assert run.frames_fed == 6
    assert [frame.mask is not None for frame in run.frames] == [True, False] * 3


def test_frame_that_cannot_be_read_is_counted_and_not_fed_in(
    start: Callable[[Behaviour], None],
) -> None:
    start(answer)
    told: list[FrameRecord] = []
    run = replay(BrokenStream(3), LOCKSTEP, on_answer=told.append)
    assert (run.frames_fed, run.masks_received) == (2, 2)
    assert [record.index for record in told] == [0, 1, 2]
    assert told[1].failed == 'bad_image'
    assert told[1].failure == 'image step: expected at least 18 bytes, got 3'
    assert one_mask_each(run)
    assert account_of(run).failed == {'bad_image': 1}


def test_frame_that_the_edge_refuses_does_not_end_a_lockstep(
    start: Callable[[Behaviour], None],
) -> None:
    start(fail_the_second)
    run = replay(ShortStream(4), LOCKSTEP)
    assert [frame.failed for frame in run.frames] == ['', 'bad_image', '', '']
    account = account_of(run)
    assert (account.failed, account.dropped) == ({'bad_image': 1}, {})
    assert one_mask_each(run)


def test_drops_at_a_rate_have_the_reason_that_the_edge_counted(
    start: Callable[[Behaviour], None],
) -> None:
    start(supersede_the_second)
    # The edge's count ends the wait for stragglers long before the deadline.
    run = replay(ShortStream(4), replace(LOCKSTEP, rate_hz=50.0, drain_s=60.0))
    assert account_of(run).dropped == {'superseded': 1}


def test_missing_nodes_are_named() -> None:
    with pytest.raises(NoAnswerError, match='a subscriber of image, edge/model_version, cloud/'):
        replay(ShortStream(1), replace(LOCKSTEP, ready_deadline_s=0.2))


def test_rate_must_not_be_negative() -> None:
    with pytest.raises(ConfigError, match=r'--rate: expected float in \[0, 1e\+06\], got -1'):
        replay(ShortStream(1), replace(LOCKSTEP, rate_hz=-1.0))


def test_empty_stream_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match='short: expected at least one frame, got none'):
        replay(ShortStream(0), LOCKSTEP)
