"""Feeds a stream to running nodes, in lockstep or at a rate."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
import time

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from laecips_bringup.process_runner import NodeProcesses
from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RunRecord
from laecips_bringup.replay_node import ReplayNode
from laecips_bringup.replay_state import ReplayState
from laecips_bringup.run_recorder import RunRecorder
from laecips_bringup.stream import Stream
from laecips_bringup.stream import UnreadableFrame
from laecips_core.errors import ConfigError
from laecips_core.errors import DataSetError
from laecips_core.errors import LaecipsError

OnAnswer = Callable[[FrameRecord], None]
Missing = Callable[[], str]

_CHECK_NODES_S = 0.5
_SETTLE_S = 0.5
_COUNTERS_S = 2.0


class NoAnswerError(LaecipsError):
    """Something that the nodes owe did not come in time."""

    code = 'no_answer'

    def __init__(self, missing: str, when: str, waited_s: float, logs: tuple[Path, ...]) -> None:
        """
        Name what did not come.

        :param missing: what is missing.
        :param when: what had been done before.
        :param waited_s: how long it was waited for, in seconds.
        :param logs: of the nodes; empty when someone else started them.
        """
        self.missing = missing
        look = ', '.join(map(str, logs)) or 'the output of the nodes edge and cloud'
        super().__init__(
            f'{when}: expected {missing} within {waited_s:g} s, got nothing; look into {look}'
        )


class NoMaskError(NoAnswerError):
    """A frame got no mask, or no report."""

    code = 'no_mask'


@dataclass(frozen=True)
class ReplayOptions:
    """
    How to replay.

    :param method: row of the table.
    :param rate_hz: frames a second; 0: lockstep, the next frame follows when all that the one
        before set off has happened.
    :param ready_deadline_s: for the nodes to be found.
    :param mask_deadline_s: lockstep: for mask and report.
    :param round_deadline_s: lockstep: for a training round, and for the edge to use its result.
    :param drain_s: rate: after the last frame; masks that come later are lost.
    """

    method: str
    rate_hz: float = 0.0
    ready_deadline_s: float = 180.0
    mask_deadline_s: float = 60.0
    round_deadline_s: float = 600.0
    drain_s: float = 5.0


def replay(
    stream: Stream,
    options: ReplayOptions,
    processes: NodeProcesses | None = None,
    on_answer: OnAnswer = lambda record: None,
    recorder: RunRecorder | None = None,
) -> RunRecord:
    """
    Feed a stream to the nodes and record what comes back.

    :param stream: frames.
    :param options: how.
    :param processes: the nodes, to notice when one dies; None: someone else runs them.
    :param on_answer: called for each frame when its mask and report are there, or it has failed.
    :param recorder: records what comes; None: nobody does.
    :returns: the record; at a rate, frames without a mask in it were dropped or lost.
    :raises NoMaskError: when, in lockstep, a mask or report did not come in time.
    :raises NoAnswerError: when something else did not.
    :raises NodeDiedError: when a node ended.
    :raises ConfigError: when the rate is negative.
    :raises DataSetError: when the stream is empty or cannot be read.
    """
    if not 0.0 <= options.rate_hz <= 1e6:
        raise ConfigError('--rate', options.rate_hz, 'float in [0, 1e+06]')
    if len(stream) == 0:
        raise DataSetError(stream.name, 'at least one frame', 'none')
    state = ReplayState(options.method, on_answer)
    with _ros(state, recorder) as (node, executor):
        link = _Link(node, state, executor, processes)
        link.wait(node.absent, options.ready_deadline_s, 'looking for the nodes')
        # Whether the edge has found our subscriptions, too, cannot be seen from here.
        link.spin_until(time.monotonic() + _SETTLE_S)
        link.spin_until(time.monotonic() + _COUNTERS_S, lambda: state.counters.known)
        if options.rate_hz == 0.0:
            _in_lockstep(stream, link, options)
        else:
            _at_rate(stream, link, options)
    return state.run_record()


class _Link:
    """The node, its executor and the watch over the processes behind it."""

    def __init__(
        self,
        node: ReplayNode,
        state: ReplayState,
        executor: SingleThreadedExecutor,
        processes: NodeProcesses | None,
    ) -> None:
        self.node = node
        self.state = state
        self._executor = executor
        self._processes = processes

    def wait(
        self,
        missing: Missing,
        deadline_s: float,
        when: str,
        error: type[NoAnswerError] = NoAnswerError,
    ) -> None:
        """Handle messages until nothing is missing."""
        ends_s = time.monotonic() + deadline_s
        while what := missing():
            left_s = ends_s - time.monotonic()
            if left_s <= 0.0:
                logs = self._processes.logs if self._processes else ()
                raise error(what, when, deadline_s, logs)
            self._spin_once(left_s)

    def spin_until(self, ends_s: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Handle messages until a time on the monotonic clock, or until it is enough."""
        while not enough():
            left_s = ends_s - time.monotonic()
            self._spin_once(max(left_s, 0.0))
            if left_s <= 0.0:
                break

    def _spin_once(self, at_most_s: float) -> None:
        self._executor.spin_once(timeout_sec=min(at_most_s, _CHECK_NODES_S))
        if self._processes is not None:
            self._processes.check()


def _in_lockstep(stream: Stream, link: _Link, options: ReplayOptions) -> None:
    state = link.state
    for frame in stream:
        stamp_ns = frame.stamp_ns
        link.node.feed(frame)
        if isinstance(frame, UnreadableFrame):
            continue
        when = f'frame {state.frames - 1} of {len(stream)}, stamp {stamp_ns} ns'
        unanswered = partial(link.node.unanswered, stamp_ns)
        link.wait(unanswered, options.mask_deadline_s, when, NoMaskError)
        link.wait(partial(state.unsettled, stamp_ns), options.round_deadline_s, when)
    # A second mask of the last frame would come right after the first.
    link.spin_until(time.monotonic() + _SETTLE_S)


def _at_rate(stream: Stream, link: _Link, options: ReplayOptions) -> None:
    started_s = time.monotonic()
    for frame in stream:
        link.spin_until(started_s + link.state.frames / options.rate_hz)
        link.node.feed(frame)
    link.spin_until(time.monotonic() + options.drain_s, lambda: link.state.all_explained)


@contextmanager
def _ros(
    state: ReplayState, recorder: RunRecorder | None
) -> Iterator[tuple[ReplayNode, SingleThreadedExecutor]]:
    # A context of its own: each run may be in another domain, and Ctrl-C stays Python's.
    context = Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = ReplayNode(state, context, recorder)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        try:
            yield node, executor
        finally:
            executor.shutdown()
            node.destroy_node()
    finally:
        context.try_shutdown()
