"""Asks the cloud for the chunks of an update, one call at a time."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from rclpy.node import Node
from rclpy.task import Future

from laecips_core.config import UplinkConfig
from laecips_core.weights.received import IncomingUpdate
from laecips_msgs.srv import GetModelUpdate
from laecips_ros.counters import Counters


class ChunkCalls:
    """
    At most one call under way; everything here runs on the executor.

    A call without an answer is given up after its deadline, and made again at the same offset.
    """

    def __init__(
        self,
        node: Node,
        config: UplinkConfig,
        answered: Callable[[GetModelUpdate.Response], None],
        counters: Counters,
    ) -> None:
        """
        Open the client; nothing is asked yet.

        :param node: the edge node.
        :param config: chunk size and deadline.
        :param answered: called with the answer to the call under way, and no other.
        :param counters: where calls without an answer are counted.
        """
        self._config, self._answered, self._counters = config, answered, counters
        self._client = node.create_client(GetModelUpdate, 'cloud/get_model_update')
        self._call: Future | None = None
        self._deadline_s = 0.0

    def configure(self, config: UplinkConfig) -> None:
        """
        Change chunk size and deadline from the next call on.

        :param config: checked settings.
        """
        self._config = config

    def ask(self, incoming: IncomingUpdate) -> None:
        """
        Ask for the next chunk, where somebody serves it.

        :param incoming: not complete.
        """
        if not self._client.service_is_ready():
            return
        request = GetModelUpdate.Request(
            version=incoming.announced.version,
            have_version=incoming.have_version,
            sha256=incoming.sha256,
            offset=incoming.offset,
            max_bytes=self._config.chunk_bytes,
        )
        self._deadline_s = perf_counter() + self._config.update_deadline_s
        call: Future = self._client.call_async(request)
        self._call = call
        call.add_done_callback(self._done)

    def abandon(self) -> None:
        """Give the call under way up; its answer is not looked at."""
        if self._call is not None:
            self._client.remove_pending_request(self._call)
            self._call = None

    def check(self, incoming: IncomingUpdate) -> None:
        """
        Ask where nothing was asked, or again where no answer came in time.

        :param incoming: not complete.
        """
        if self._call is not None:
            if perf_counter() <= self._deadline_s:
                return
            self._counters.add('update_calls_timed_out')
            self.abandon()
        self.ask(incoming)

    def _done(self, call: Future) -> None:
        response = call.result()
        if self._call is call:
            self._call = None
            self._answered(response)
