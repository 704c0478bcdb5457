"""What a node opens in the graph while it is active, and closes as a whole."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from functools import partial
from functools import wraps
from threading import Condition
from typing import Any

from rclpy.client import Client
from rclpy.exceptions import InvalidHandle
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.service import Service
from rclpy.subscription import Subscription
from rclpy.timer import Timer

from laecips_ros.qos import overridable


class Entities:
    """
    Stands for the node where parts of it open topics, services and timers; the rest is the node's.

    Every topic takes ``qos_overrides``. Once quiet, no callback of a topic or timer begins; once
    closed, what a late thread or request still publishes or answers is dropped.
    """

    def __init__(self, node: Node) -> None:
        """
        Open nothing yet.

        :param node: the node.
        """
        self._node = node
        self._changed = Condition()
        self._quiet = False
        self._under_way = 0
        self._undo: list[Callable[[], object]] = []
        self._cut: list[Callable[[], object]] = []

    def __getattr__(self, name: str) -> Any:
        """Give what is the node's own, such as its clock and its log."""
        return getattr(self._node, name)

    def create_publisher(self, *args: Any, **options: Any) -> Publisher:
        """Open a publisher, as the node does."""
        options.setdefault('qos_overriding_options', overridable())
        publisher = self._node.create_publisher(*args, **options)
        self._undo.append(partial(self._node.destroy_publisher, publisher))
        setattr(publisher, 'publish', _while_open(publisher.publish))  # noqa: B010
        return publisher

    def create_subscription(
        self, kind: Any, topic: str, callback: Callable[[Any], None], *args: Any, **options: Any
    ) -> Subscription:
        """Open a subscription, as the node does."""
        options.setdefault('qos_overriding_options', overridable())
        subscription = self._node.create_subscription(
            kind, topic, self._guarded(callback), *args, **options
        )
        self._undo.append(partial(self._node.destroy_subscription, subscription))
        self._cut.append(partial(setattr, subscription, 'callback', _ignore_message))
        return subscription

    def create_client(self, *args: Any, **options: Any) -> Client:
        """Open a client, as the node does."""
        client = self._node.create_client(*args, **options)
        self._undo.append(partial(self._node.destroy_client, client))
        return client

    def create_service(
        self, kind: Any, name: str, callback: Callable[[Any, Any], Any], **options: Any
    ) -> Service:
        """Offer a service, as the node does."""
        service = self._node.create_service(kind, name, self._answering(callback), **options)
        self._undo.append(partial(self._node.destroy_service, service))
        self._cut.append(partial(setattr, service, 'callback', _answer_nothing))
        send = partial(setattr, service, 'send_response', _while_open(service.send_response))
        send()
        self._cut.append(send)  # who takes requests in another way has put his own there
        return service

    def create_timer(self, period_s: float, callback: Callable[[], None], **options: Any) -> Timer:
        """Start a timer, as the node does."""
        timer = self._node.create_timer(period_s, self._guarded(callback), **options)
        self._undo.append(partial(self._node.destroy_timer, timer))
        self._cut.append(partial(setattr, timer, 'callback', _ignore))
        return timer

    def quieten(self, timeout_s: float) -> bool:
        """
        Begin no callback any more, and wait for those under way on other threads.

        :param timeout_s: longest wait, in seconds.
        :returns: whether all have ended.
        """
        with self._changed:
            self._quiet = True
            return self._changed.wait_for(lambda: self._under_way == 0, timeout_s)

    def close(self) -> None:
        """Close everything, the newest first, and let go of all callbacks."""
        self.quieten(0.0)
        # An executor holds what it waited for until it waits again: no model may hang on that.
        for undo in (self._undo, self._cut):
            while undo:
                undo.pop()()

    def _guarded(self, callback: Callable[..., None]) -> Callable[..., None]:
        # rclpy looks at the signature to see what the callback takes.
        @wraps(callback)
        def call(*args: Any) -> None:
            with self._counted() as quiet:
                if not quiet:
                    callback(*args)

        return call

    def _answering(self, callback: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        # A request taken by the executor before must be answered; the answer may find no way out.
        @wraps(callback)
        def call(request: Any, response: Any) -> Any:
            with self._counted():
                return callback(request, response)

        return call

    @contextmanager
    def _counted(self) -> Iterator[bool]:
        with self._changed:
            quiet = self._quiet
            self._under_way += not quiet  # who waits must not wait for what begins later
        try:
            yield quiet
        finally:
            with self._changed:
                self._under_way -= not quiet
                self._changed.notify_all()


def _ignore() -> None:
    """Do nothing when a closed timer is due."""


def _ignore_message(_: object) -> None:
    """Do nothing with a message that was taken before its topic was closed."""


def _answer_nothing(_: object, response: Any) -> Any:
    """Give an empty answer, which finds no way out, to a closed service."""
    return response


def _while_open(send: Callable[..., None]) -> Callable[..., None]:
    def sent(*args: Any) -> None:
        with suppress(InvalidHandle):
            send(*args)

    return sent
