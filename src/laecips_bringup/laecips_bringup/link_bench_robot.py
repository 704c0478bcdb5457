"""The robot's side of ``laecips bench link``: sends frames, pulls weights, takes the times."""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import dataclass
import json
import random
import sys
from threading import Event
from threading import Thread
import time
from typing import Any

import rclpy
from rclpy.client import Client
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from laecips_msgs.msg import LinkState
from laecips_msgs.srv import GetModelUpdate
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros import qos

ROBOT = 'bench'
_READY_S = 30.0
ANSWER_S = 3.0
"""A frame without an answer is given up after this, and counts with this time."""
_PAUSE_S = 0.08
_CHUNK_BYTES = 65_536
_POLL_S = 0.02
_STOP_S = 5.0


@dataclass(frozen=True)
class BenchPlan:
    """
    What to measure.

    :param frames: hard frames of each part.
    :param frame_bytes: size of one.
    :param bridge_pids: processes whose own processor time is measured for each frame.
    :param download: whether weights are pulled meanwhile.
    """

    frames: int
    frame_bytes: int
    bridge_pids: tuple[int, ...]
    download: bool


@dataclass(frozen=True)
class BenchTimes:
    """
    What was measured.

    :param frame_s: seconds from sending a hard frame to its answer, one for each; ANSWER_S where
        none came.
    :param compute_s: what the cloud said that it computed, for each.
    :param answer_bytes: size of each answer; 0 where none came.
    :param cpu_s: processor seconds of the bridges meanwhile, for each.
    :param failed: frames without an answer, and why.
    :param weights_bytes: pulled while frames were measured.
    :param elapsed_s: time from the first frame to the last answer.
    """

    frame_s: list[float]
    compute_s: list[float]
    answer_bytes: list[int]
    cpu_s: list[float]
    failed: list[str]
    weights_bytes: int
    elapsed_s: float


class Asker(Node):
    """Calls what the cloud, or a bridge in its place, offers."""

    def __init__(self, plan: BenchPlan) -> None:
        """Open the clients."""
        super().__init__('bench_robot')
        self._plan = plan
        self._segment = self.create_client(SegmentHardFrame, 'cloud/segment_hard_frame')
        self._update = self.create_client(GetModelUpdate, 'cloud/get_model_update')
        self._link_state: int | None = None  # where no bridge is, nobody tells
        self._link = self.create_subscription(
            LinkState, 'cloud/link_state', self._take_state, qos.latched()
        )
        self._weights_bytes = 0
        self._pulling = False
        self._noise = random.Random(1).randbytes(plan.frame_bytes)

    def run(self) -> BenchTimes:
        """Wait for the way to the cloud, then measure."""
        self._wait_until_it_works()
        if self._plan.download:
            self._pulling = True
            self._pull(0)
        times = BenchTimes([], [], [], [], [], 0, 0.0)
        begin_s, begin_bytes = time.perf_counter(), self._weights_bytes
        for _ in range(self._plan.frames):
            time.sleep(_PAUSE_S)
            self._measure(times)
        elapsed_s = time.perf_counter() - begin_s
        self._pulling = False
        weights_bytes = self._weights_bytes - begin_bytes
        return BenchTimes(
            **{**asdict(times), 'weights_bytes': weights_bytes, 'elapsed_s': elapsed_s}
        )

    def _wait_until_it_works(self) -> None:
        deadline_s = time.monotonic() + _READY_S
        while time.monotonic() < deadline_s:
            if self._segment.service_is_ready() and self._update.service_is_ready():
                # Not with a hard frame: one without a link would be kept, and sent again later.
                response = self._answer(self._update, GetModelUpdate.Request(max_bytes=1))
                answered = response is not None and response.status == GetModelUpdate.Response.OK
                if answered and self._link_state in (None, LinkState.UP):
                    return
            time.sleep(_POLL_S)
        raise TimeoutError(f'no answer from the cloud within {_READY_S:.0f} s')

    def _take_state(self, msg: LinkState) -> None:
        self._link_state = msg.state

    def _measure(self, times: BenchTimes) -> None:
        cpu_s, begin_s = self._cpu_s(), time.perf_counter()
        response = self._ask()
        spent_s = time.perf_counter() - begin_s
        good = response is not None and response.status == SegmentHardFrame.Response.OK
        if not good:
            times.failed.append('no answer' if response is None else response.error)
        times.frame_s.append(spent_s if good else ANSWER_S)
        times.compute_s.append(response.edge_s if good else 0.0)
        times.answer_bytes.append(len(response.label_png) if good else 0)
        times.cpu_s.append(self._cpu_s() - cpu_s)

    def _ask(self) -> Any:
        request = SegmentHardFrame.Request(
            frame_uid=f'{ROBOT}/{time.time_ns()}',
            robot=ROBOT,
            image_data=self._noise,
            deadline_s=ANSWER_S,
        )
        return self._answer(self._segment, request)

    def _answer(self, client: Client, request: Any) -> Any:
        answered = Event()
        future = client.call_async(request)
        future.add_done_callback(lambda _: answered.set())
        if not answered.wait(ANSWER_S):
            client.remove_pending_request(future)
            return None
        return future.result()

    def _pull(self, offset: int) -> None:
        request = GetModelUpdate.Request(offset=offset, max_bytes=_CHUNK_BYTES, sha256='0' * 64)
        self._update.call_async(request).add_done_callback(self._pulled)

    def _pulled(self, future: Future) -> None:
        response = future.result()
        if response is None or response.status != GetModelUpdate.Response.OK:
            return
        self._weights_bytes += len(response.chunk)
        if self._pulling:
            self._pull(response.offset + len(response.chunk))

    def _cpu_s(self) -> float:
        return sum(cpu_s(pid) for pid in self._plan.bridge_pids)


def cpu_s(pid: int) -> float:
    """
    Read the processor time of a process, all its threads, to the nanosecond.

    :param pid: of a process that runs.
    :returns: seconds.
    """
    # The clock of a process by its id, as clock_getcpuclockid(3) makes it on Linux.
    return time.clock_gettime((~pid << 3) | 2)


def main() -> int:
    """Measure what the plan in the first argument says; print the times as one JSON line."""
    entry = json.loads(sys.argv[1])
    plan = BenchPlan(**{**entry, 'bridge_pids': tuple(entry['bridge_pids'])})
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    asker = Asker(plan)
    executor = SingleThreadedExecutor()
    executor.add_node(asker)
    spinning = Thread(target=executor.spin, daemon=True)
    spinning.start()
    try:
        print(json.dumps(asdict(asker.run())), flush=True)
    finally:
        executor.shutdown()
        spinning.join(_STOP_S)
        asker.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
