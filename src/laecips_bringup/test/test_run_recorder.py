from __future__ import annotations

from pathlib import Path

import numpy as np
from rclpy.serialization import deserialize_message
from std_msgs.msg import Bool
from std_msgs.msg import Header

from laecips_bringup.bag_reader import BagReader
from laecips_bringup.bag_types import bag_types
from laecips_bringup.bag_writer import BagWriter
from laecips_bringup.run_recorder import FrameNote
from laecips_bringup.run_recorder import FRAMES_TOPIC
from laecips_bringup.run_recorder import note_of
from laecips_bringup.run_recorder import RunRecorder
from laecips_bringup.stream import StreamFrame
from laecips_bringup.stream import UnreadableFrame
from laecips_core.errors import ImageError
from laecips_msgs.msg import Report
from laecips_ros.conversions import ns_to_stamp

PIXELS = np.zeros((2, 3, 3), np.uint8)
LABELS = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
REPORT = Report(
    header=Header(stamp=ns_to_stamp(1_000_000_007), frame_id='front'),
    frame_uid='robot/1000000007',
    source=Report.FUSED,
    refined=True,
    fallback_reason='none',
    hard=True,
    confidence=0.25,
    threshold=0.5,
    miner='spp',
    weights_version='a1b2',
    mask_confidence=0.75,
    edge_s=0.125,
    cloud_s=0.5,
    cloud_compute_s=0.375,
    total_s=0.625,
    bytes_up=2000,
    bytes_down=300,
    training_round=3,
)


def test_reports_are_recorded_whole(tmp_path: Path) -> None:
    with BagWriter(tmp_path / 'bag') as bag:
        recorder = RunRecorder(bag)
        recorder.frame(StreamFrame(7, PIXELS, None))
        recorder.message('/edge/report', REPORT)
    (message,) = BagReader(tmp_path / 'bag').messages('/edge/report')
    kind = 'laecips_msgs/msg/Report'
    data = bytes(bag_types().serialize_cdr(message.content, kind))
    assert deserialize_message(data, Report) == REPORT
    assert message.content.frame_uid == 'robot/1000000007'
    assert (message.content.miner, message.content.cloud_compute_s) == ('spp', 0.375)


def test_every_frame_has_a_note_and_its_labels(tmp_path: Path) -> None:
    with BagWriter(tmp_path / 'bag') as bag:
        recorder = RunRecorder(bag)
        recorder.frame(StreamFrame(5, PIXELS, LABELS, task=2))
        recorder.frame(UnreadableFrame(6, ImageError('step', '9', 8), task=3))
        recorder.frame(StreamFrame(7, PIXELS, None))
        recorder.failure(7, 'bad_image')
    reader = BagReader(tmp_path / 'bag')
    notes = [(m.stamp_ns, note_of(m.content)) for m in reader.messages(FRAMES_TOPIC)]
    assert notes == [
        (5, FrameNote('fed', 2)),
        (6, FrameNote('unreadable', 3, 'bad_image', 'image step: expected 9, got 8')),
        (7, FrameNote('fed')),
        (7, FrameNote('failed', 0, 'bad_image')),
    ]
    (labels,) = reader.messages('/labels')
    assert labels.stamp_ns == 5
    assert labels.content.data.reshape(2, 3).tolist() == LABELS.tolist()


def test_times_are_those_of_the_stream(tmp_path: Path) -> None:
    with BagWriter(tmp_path / 'bag') as bag:
        recorder = RunRecorder(bag)
        recorder.message('/edge/cloud_ready', Bool(data=False))
        recorder.frame(StreamFrame(5, PIXELS, None))
        recorder.message('/edge/cloud_ready', Bool(data=True))
        recorder.frame(StreamFrame(9, PIXELS, None))
        recorder.message('/edge/cloud_ready', Bool(data=True))
    messages = list(BagReader(tmp_path / 'bag').messages('/edge/cloud_ready'))
    assert [(m.recorded_ns, m.content.data) for m in messages] == [
        (5, False),
        (5, True),
        (9, True),
    ]
