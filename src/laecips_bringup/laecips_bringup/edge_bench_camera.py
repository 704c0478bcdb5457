"""The camera of ``laecips bench edge``, and who waits for the masks."""

from __future__ import annotations

from collections.abc import Sequence
import struct
import time

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
from rclpy.node import Node
from rclpy.serialization import serialize_message
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from laecips_bringup.bench_error import BenchError
from laecips_bringup.edge_bench_figures import Flood
from laecips_bringup.edge_bench_figures import Walk
from laecips_core.values import Image as Pixels
from laecips_ros import qos
from laecips_ros.program import event_executor

READY_S = 60.0
_LOST_S = 1.0
_SETTLE_S = 0.5
_POLL_S = 0.05
_DROPS = 'drops.superseded'
# A message with a header begins with its stamp, behind the bytes that name the wire's encoding.
_STAMP = struct.Struct('<iI')
_STAMP_AT = 4
_PREPARED = 32


class BenchCamera(Node):
    """
    Publishes messages that were serialised beforehand, and reads no more of a mask than its stamp.

    What it costs beside that is what any camera driver and any consumer cost. Every so many frames
    a stamp comes again, long after its answer.
    """

    def __init__(self, images: Sequence[Pixels]) -> None:
        """
        Open the topics.

        :param images: (H, W, 3) uint8 RGB; published as bgr8, over and over.
        """
        super().__init__('bench_camera', start_parameter_services=False, enable_rosout=False)
        self._wires = [_wire(images[n % len(images)], n) for n in range(_PREPARED)]
        self._camera = self.create_publisher(Image, 'image', qos.sensor_input())
        self._listen('edge/mask')
        self.create_subscription(
            DiagnosticArray, '/diagnostics', self._take_counts, qos.diagnostics()
        )
        self._executor = event_executor(1)
        self._executor.add_node(self)
        self._sent, self._told, self._dropped = 0, 0, 0
        self._open: dict[int, tuple[float, int]] = {}
        self._answered_s: list[float] = []

    def wait_until_ready(self) -> None:
        """
        Publish now and then until a mask comes.

        :raises BenchError: when none does.
        """
        ends_s = time.monotonic() + READY_S
        while time.monotonic() < ends_s:
            if self._camera.get_subscription_count() and not self.walk(1, 1).lost:
                return
            self._executor.spin_once(timeout_sec=_POLL_S)
        raise BenchError('the edge node', f'no mask within {READY_S:.0f} s')

    def walk(self, frames: int, in_flight: int, answers: int = 1) -> Walk:
        """
        Publish frames as fast as they are answered.

        :param frames: how many.
        :param in_flight: published and not answered, at most.
        :param answers: messages that a frame is to cause, its mask among them.
        """
        self._answered_s, self._open = [], {}
        published = 0
        started_s = time.perf_counter()
        while published < frames or self._open:
            while published < frames and len(self._open) < in_flight:
                self._publish(answers)
                published += 1
            self._executor.spin_once(timeout_sec=_POLL_S)
            self._give_up()
        spent_s = time.perf_counter() - started_s
        return Walk(self._answered_s, spent_s, frames - len(self._answered_s))

    def flood(self, frames: int, frame_s: float, period_s: float) -> Flood:
        """
        Publish frames whether they are answered or not.

        :param frames: how many.
        :param frame_s: seconds that one takes the node.
        :param period_s: seconds between two.
        """
        self._answered_s, self._open = [], {}
        before = self._counted_drops()
        due_s = time.perf_counter()
        for _ in range(frames):
            self._spin_until(due_s)
            self._publish(1)
            due_s += period_s
        self._spin_until(time.perf_counter() + _SETTLE_S)
        return Flood(frame_s, self._answered_s, frames, self._counted_drops() - before)

    def listen_to_overlay(self) -> Subscription:
        """Subscribe to the overlay too, and wait until it comes."""
        subscription = self._listen('edge/overlay')
        ends_s = time.monotonic() + READY_S
        while self.walk(1, 1, answers=2).lost:
            if time.monotonic() > ends_s:
                raise BenchError('the edge node', f'no overlay within {READY_S:.0f} s')
        return subscription

    def close(self) -> None:
        """Leave the topics."""
        self._executor.shutdown()
        self.destroy_node()

    def _listen(self, topic: str) -> Subscription:
        return self.create_subscription(Image, topic, self._take_answer, qos.masks(), raw=True)

    def _publish(self, answers: int) -> None:
        self._sent = (self._sent + 1) % _PREPARED
        self._open[self._sent] = time.perf_counter(), answers
        self._camera.publish(self._wires[self._sent])

    def _take_answer(self, wire: bytes) -> None:
        now_s = time.perf_counter()
        _, number = _STAMP.unpack_from(wire, _STAMP_AT)
        sent_s, answers = self._open.pop(number, (0.0, 0))
        if answers == 1:
            self._answered_s.append(now_s - sent_s)
            # Answers come in the order of the frames: what was sent before gets none any more.
            self._open = {n: one for n, one in self._open.items() if one[0] > sent_s}
        elif answers:
            self._open[number] = sent_s, answers - 1

    def _give_up(self) -> None:
        since_s = time.perf_counter() - _LOST_S
        self._open = {n: one for n, one in self._open.items() if one[0] > since_s}

    def _spin_until(self, end_s: float) -> None:
        while (left_s := end_s - time.perf_counter()) > 0:
            self._executor.spin_once(timeout_sec=left_s)

    def _take_counts(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            if status.name.startswith('edge'):
                counts = {value.key: value.value for value in status.values}
                self._dropped, self._told = int(counts.get(_DROPS, 0)), self._told + 1

    def _counted_drops(self) -> int:
        """Wait for the node's next word on its drops."""
        told, ends_s = self._told, time.monotonic() + READY_S
        while self._told == told:
            if time.monotonic() > ends_s:
                raise BenchError('the edge node', f'no diagnostics within {READY_S:.0f} s')
            self._executor.spin_once(timeout_sec=_POLL_S)
        return self._dropped


def _wire(image: Pixels, number: int) -> bytes:
    height, width = image.shape[:2]
    msg = Image(
        header=Header(stamp=Time(nanosec=number), frame_id='camera'),
        height=height,
        width=width,
        encoding='bgr8',
        step=3 * width,
        data=np.ascontiguousarray(image[..., ::-1]).tobytes(),
    )
    wire: bytes = serialize_message(msg)
    return wire
