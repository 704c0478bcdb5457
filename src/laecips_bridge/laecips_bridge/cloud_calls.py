"""The server's calls to the cloud node: bounded, each with a deadline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any

from rclpy.node import Node
from rclpy.task import Future

Done = Callable[[Any, str], None]
"""Called once with the response and an empty text, or with None and why there is none."""


@dataclass(frozen=True)
class _Call:
    done: Done
    future: Future
    deadline_s: float
    timeout_s: float


class CloudCalls:
    """
    One service of the cloud node, as the bridge uses it; any thread may call.

    A call is settled once: by its response, or by its deadline.
    """

    def __init__(self, node: Node, kind: Any, name: str, most: int, timeout_s: float) -> None:
        """
        Open the client.

        :param node: the bridge's node.
        :param kind: service type.
        :param name: of the service.
        :param most: calls under way at once.
        :param timeout_s: longest wait for a response, in seconds.
        """
        self._name, self._most, self._timeout_s = name, most, timeout_s
        self._client = node.create_client(kind, name)
        self._lock = Lock()
        self._calls: dict[int, _Call] = {}

    def configure(self, timeout_s: float) -> None:
        """
        Wait another time from the next call on.

        :param timeout_s: longest wait for a response, in seconds.
        """
        self._timeout_s = timeout_s

    def call(self, request: Any, done: Done) -> None:
        """
        Call; never waits.

        :param request: of the service's type; where it says how long its caller waits, no one
            waits longer, so that calls that a killed cloud node took with it make room soon.
        :param done: called once, on any thread, perhaps before this returns.
        """
        if not self._client.service_is_ready():
            done(None, f'{self._name} is not there: the cloud node does not run')
            return
        with self._lock:
            full = len(self._calls) >= self._most
            if not full:
                future = self._client.call_async(request)
                timeout_s = self._patience_s(request)
                call = _Call(done, future, monotonic() + timeout_s, timeout_s)
                self._calls[id(future)] = call
        if full:
            done(None, f'{self._most} calls of {self._name} are under way')
            return
        future.add_done_callback(self._answered)

    def expire(self) -> None:
        """Settle the calls whose deadline has come."""
        now_s = monotonic()
        with self._lock:
            due = [key for key, call in self._calls.items() if call.deadline_s <= now_s]
            late = [self._calls.pop(key) for key in due]
        for call in late:
            self._client.remove_pending_request(call.future)
            call.done(None, f'{self._name} gave no answer in {call.timeout_s:g} s')

    def _patience_s(self, request: Any) -> float:
        told_s = float(getattr(request, 'deadline_s', 0.0))
        return told_s if 0.0 < told_s < self._timeout_s else self._timeout_s

    def _answered(self, future: Future) -> None:
        with self._lock:
            call = self._calls.pop(id(future), None)
        if call is not None:
            call.done(future.result(), '')
