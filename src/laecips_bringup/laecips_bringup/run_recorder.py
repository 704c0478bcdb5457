"""Writes all that comes of a replay into a bag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_msgs.msg import KeyValue
from rclpy.serialization import serialize_message
from std_msgs.msg import Header

from laecips_bringup.bag_writer import BagWriter
from laecips_bringup.bag_writer import FRAME_ID
from laecips_bringup.stream import LABEL_TOPIC
from laecips_bringup.stream import StreamFrame
from laecips_bringup.stream import UnreadableFrame
from laecips_ros.conversions import ns_to_stamp

FRAMES_TOPIC = '/laecips_replay/frames'
"""One note for each frame of the stream, and one more for each that failed on the edge."""

FED = 'fed'
UNREADABLE = 'unreadable'
FAILED = 'failed'

_TASK = 'task'
_TEXT = 'error'


@dataclass(frozen=True)
class FrameNote:
    """
    What the recorder noted of a frame.

    :param what: FED, UNREADABLE (and never fed in) or FAILED (on the edge).
    :param task: task it belongs to, from 0; of FAILED nothing is known.
    :param code: of the error; empty for FED.
    :param text: of the error, where it is known.
    """

    what: str
    task: int = 0
    code: str = ''
    text: str = ''


class RunRecorder:
    """
    Records whole messages; their times are those of the stream, not of the machine.

    :param bag: an open bag.
    """

    def __init__(self, bag: BagWriter) -> None:
        """Record nothing yet."""
        self._bag = bag
        self._now_ns: int | None = None
        self._early: list[tuple[str, Any]] = []

    def frame(self, frame: StreamFrame | UnreadableFrame) -> None:
        """
        Record that a frame comes next, with its labels where it has some.

        :param frame: the frame; its image is not recorded.
        """
        self._begin(frame.stamp_ns)
        if isinstance(frame, UnreadableFrame):
            error = frame.error
            note = FrameNote(UNREADABLE, frame.task, error.code, str(error))
            self._note(frame.stamp_ns, note)
            return
        self._note(frame.stamp_ns, FrameNote(FED, frame.task))
        if frame.labels is not None:
            self._bag.write_map(LABEL_TOPIC, frame.stamp_ns, frame.labels)

    def failure(self, stamp_ns: int, code: str) -> None:
        """
        Record that the edge node could not use a frame.

        :param stamp_ns: of the frame.
        :param code: of the error.
        """
        self._note(stamp_ns, FrameNote(FAILED, code=code))

    def message(self, topic: str, message: Any) -> None:
        """
        Record a message that came.

        :param topic: full name.
        :param message: of rclpy. Its time is that of the newest frame; what comes before the first
            frame is recorded right before that.
        """
        if self._now_ns is None:
            self._early.append((topic, message))
        else:
            self._write(topic, self._now_ns, message)

    def _begin(self, stamp_ns: int) -> None:
        self._now_ns = stamp_ns
        for topic, message in self._early:
            self._write(topic, stamp_ns, message)
        self._early = []

    def _note(self, stamp_ns: int, note: FrameNote) -> None:
        facts = {_TASK: str(note.task), _TEXT: note.text}
        status = DiagnosticStatus(
            level=DiagnosticStatus.ERROR if note.code else DiagnosticStatus.OK,
            name=note.what,
            message=note.code,
            values=[KeyValue(key=key, value=value) for key, value in facts.items()],
        )
        header = Header(stamp=ns_to_stamp(stamp_ns), frame_id=FRAME_ID)
        self._write(FRAMES_TOPIC, stamp_ns, DiagnosticArray(header=header, status=[status]))

    def _write(self, topic: str, recorded_ns: int, message: Any) -> None:
        package = type(message).__module__.partition('.')[0]
        kind = f'{package}/msg/{type(message).__name__}'
        self._bag.write_serialized(topic, kind, recorded_ns, serialize_message(message))


def note_of(message: Any) -> FrameNote:
    """
    Read a note.

    :param message: ``diagnostic_msgs/DiagnosticArray`` on FRAMES_TOPIC, of rclpy or of rosbags.
    """
    (status,) = message.status
    facts = {pair.key: pair.value for pair in status.values}
    return FrameNote(status.name, int(facts[_TASK]), status.message, facts[_TEXT])
