"""The thread in which the node of the live page listens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import rclpy
from rclpy.context import Context
from rclpy.exceptions import InvalidNamespaceException
from rclpy.exceptions import InvalidTopicNameException
from rclpy.executors import ExternalShutdownException
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from laecips_bringup.view_node import NODE_NAME
from laecips_bringup.view_node import ViewNode
from laecips_bringup.view_node import ViewTopics
from laecips_bringup.view_state import Book
from laecips_core.errors import ConfigError


@contextmanager
def listening(book: Book, topics: ViewTopics) -> Iterator[None]:
    """
    Keep a book up to date while the block runs.

    :param book: is told.
    :param topics: where to listen, in the ROS domain that the environment names at the start.
    :raises ConfigError: when a name is none that ROS allows.
    """
    # A context of its own: each run of a demo is in another domain, and Ctrl-C stays Python's.
    context = Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = _node(book, topics, context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        thread = Thread(target=_spin, args=(executor,), name=NODE_NAME, daemon=True)
        thread.start()
        try:
            yield
        finally:
            executor.shutdown()
            thread.join()
            node.destroy_node()
    finally:
        context.try_shutdown()


def _node(book: Book, topics: ViewTopics, context: Context) -> ViewNode:
    try:
        return ViewNode(book, topics, context)
    except (InvalidNamespaceException, InvalidTopicNameException) as error:
        text = ' '.join(str(error).split())
        raise ConfigError('topics of the view', topics, f'names of ROS ({text})') from error


def _spin(executor: SingleThreadedExecutor) -> None:
    try:
        executor.spin()
    except ExternalShutdownException:
        return
