"""The life of a node's process, from start to exit status."""

from __future__ import annotations

from collections.abc import Callable

from laecips_core.errors import LaecipsError
import rclpy
from rclpy.executors import Executor
from rclpy.executors import MultiThreadedExecutor
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node

EXIT_OK = 0
EXIT_BAD_START = 2


def run_node(factory: Callable[[], Node], threads: int = 1) -> int:
    """
    Run one node until SIGINT, SIGTERM or the end of its context.

    A node with a ``close()`` is closed before it is destroyed; by then the context is shut down,
    so ``close()`` cannot publish.

    :param factory: builds the node; a LaecipsError it raises is logged as one line.
    :param threads: that run callbacks; 1 for a node with one callback group.
    :returns: exit status: 0 after a clean end, 2 when the node could not start.
    """
    try:
        rclpy.init()
    except RuntimeError as error:
        return _refuse(error)
    try:
        return _run(factory, threads)
    except KeyboardInterrupt:
        return EXIT_OK
    finally:
        rclpy.try_shutdown()


def _run(factory: Callable[[], Node], threads: int) -> int:
    try:
        node = factory()
    except LaecipsError as error:
        return _refuse(error)
    except Exception:
        _raise_unless_ended()
        return EXIT_OK
    try:
        _spin(node, threads)
    finally:
        _destroy(node)
    return EXIT_OK


def _spin(node: Node, threads: int) -> None:
    executor: Executor = (
        SingleThreadedExecutor() if threads == 1 else MultiThreadedExecutor(num_threads=threads)
    )
    executor.add_node(node)
    try:
        executor.spin()
    except Exception:
        _raise_unless_ended()
    finally:
        if isinstance(executor, MultiThreadedExecutor):
            # rclpy's own shutdown() returns while callbacks still run.
            executor._executor.shutdown(wait=True, cancel_futures=True)
        executor.shutdown()


def _raise_unless_ended() -> None:
    # SIGTERM ends the context between any two steps of rclpy, which then raises one of several
    # errors: that is no fault.
    if rclpy.ok():
        raise


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
