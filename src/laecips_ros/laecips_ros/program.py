"""The life of a node's process, from start to exit status."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import os
import signal
from threading import Event
from threading import Thread

import rclpy
from rclpy.executors import Executor
from rclpy.executors import ExternalShutdownException
from rclpy.executors import MultiThreadedExecutor
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from laecips_core.errors import LaecipsError

EXIT_OK = 0
EXIT_BAD_START = 2
_WAIT_S = 0.2
_PATIENCE_S = 5.0


def run_node(
    factory: Callable[[], Node],
    threads: int = 1,
    make_executor: Callable[[int], Executor] | None = None,
) -> int:
    """
    Run one node until SIGINT or SIGTERM; call it from the main thread.

    At the end, callbacks in progress are finished, then the node is closed, if it has a
    ``close()``, and destroyed; until then it may publish. A callback that takes longer than some
    seconds, such as the loading of a large model, is cut off with the process.

    :param factory: builds the node; a LaecipsError it raises is logged as one line.
    :param threads: that run callbacks; 1 for a node with one callback group.
    :param make_executor: makes what runs the callbacks, from the number of threads; None: rclpy's
        usual ones.
    :returns: exit status: 0 after a clean end, 2 when the node could not start.
    """
    try:
        # rclpy's own handlers end the context while callbacks still use it.
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        return _refuse(error)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(factory, threads, make_executor or usual_executor)
    except (KeyboardInterrupt, ExternalShutdownException):
        return EXIT_OK
    finally:
        rclpy.try_shutdown()


def _run(
    factory: Callable[[], Node], threads: int, make_executor: Callable[[int], Executor]
) -> int:
    try:
        node = factory()
    except LaecipsError as error:
        return _refuse(error)
    try:
        _spin(node, make_executor(threads))
    finally:
        _destroy(node)
    return EXIT_OK


def _spin(node: Node, executor: Executor) -> None:
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: signals.append(number))
    ended = Event()
    Thread(target=_cut_off, args=(signals, ended), name='patience', daemon=True).start()
    executor.add_node(node)
    try:
        # Python runs signal handlers only between two waits, so each is short.
        while not signals and rclpy.ok():
            executor.spin_once(timeout_sec=_WAIT_S)
    finally:
        if isinstance(executor, MultiThreadedExecutor):
            # rclpy's shutdown() returns while callbacks still run.
            executor._executor.shutdown(wait=True)
        ended.set()
        executor.shutdown()


def _cut_off(signals: list[int], ended: Event) -> None:
    """End the process when callbacks have not ended some time after a signal."""
    while not signals:
        if ended.wait(_WAIT_S):
            return
    if not ended.wait(_PATIENCE_S):
        get_logger('laecips').warning('a callback does not end: the process ends without it')
        os._exit(EXIT_OK)


def usual_executor(threads: int) -> Executor:
    """
    Make rclpy's own executor.

    :param threads: that run callbacks.
    """
    if threads == 1:
        return SingleThreadedExecutor()
    return MultiThreadedExecutor(num_threads=threads)


def event_executor(threads: int) -> Executor:
    """
    Make an executor that looks only at what has happened, for a node that wakes up often.

    rclpy's own builds a list of everything that might happen each time it wakes up, which costs
    such a node most of its processor time. Where rclpy has no other (before Jazzy), it is used.

    :param threads: that run callbacks; more than one only rclpy's own has.
    """
    try:
        experimental = import_module('rclpy.experimental')
    except ImportError:
        return usual_executor(threads)
    executor: Executor = experimental.EventsExecutor()
    return executor


def _destroy(node: Node) -> None:
    close = getattr(node, 'close', None)
    try:
        if close is not None:
            close()
    finally:
        node.destroy_node()


def _refuse(error: Exception) -> int:
    get_logger('laecips').fatal(' '.join(str(error).split()))
    return EXIT_BAD_START
