"""The robot's way to the server's weights: chunks in the background, the next one ahead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from functools import partial
from threading import Lock
from time import monotonic
from typing import Any

from rclpy.node import Node
from std_srvs.srv import Trigger

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.keys import key_of
from laecips_bridge.keys import TRAIN
from laecips_bridge.keys import UPDATE
from laecips_bridge.message_codec import pack
from laecips_bridge.message_codec import unpack
from laecips_bridge.questions import Questions
from laecips_bridge.questions import Reply
from laecips_bridge.questions import Urgency
from laecips_core.errors import LaecipsError
from laecips_msgs.srv import GetModelUpdate
from laecips_ros.counters import Counters
from laecips_ros.deferred_service import Answer
from laecips_ros.deferred_service import DeferredService

_MAX_CHUNK_BYTES = 65_536
_AHEAD = 2
_ENVELOPE_BYTES = 8192
_MAX_TEXT_BYTES = 65_536


@dataclass
class _Ahead:
    """A chunk that was asked for before the edge did."""

    reply: Reply | None = None
    waiting: list[Callable[[Reply], None]] = field(default_factory=list)


class UpdateRelay:
    """
    Offers ``cloud/get_model_update`` and ``cloud/train_now`` on the robot.

    A chunk of the size asked for comes in one message, over the connection of low priorities.
    While the edge takes one chunk the next two are on their way, so that a busy uplink, on which
    a request waits, does not empty the downlink.
    """

    def __init__(
        self, node: Node, config: BridgeConfig, questions: Questions, counters: Counters
    ) -> None:
        """
        Offer the services.

        :param node: the bridge's node.
        :param config: checked settings.
        :param questions: the way to the server.
        :param counters: where everything is counted.
        """
        self._config, self._questions, self._counters = config, questions, counters
        self._lock = Lock()
        self._ahead: dict[bytes, _Ahead] = {}
        self._services = [
            DeferredService(node, GetModelUpdate, 'cloud/get_model_update', self._update),
            DeferredService(node, Trigger, 'cloud/train_now', self._train),
        ]

    def configure(self, config: BridgeConfig) -> None:
        """
        Use other deadlines from the next question on.

        :param config: checked settings.
        """
        self._config = config

    def _update(self, request: GetModelUpdate.Request, answer: Answer) -> None:
        request.max_bytes = min(request.max_bytes, _MAX_CHUNK_BYTES)
        try:
            question = pack(request)
        except LaecipsError as error:
            self._counters.add_error(error)
            refused = GetModelUpdate.Response.REFUSED
            answer(GetModelUpdate.Response(status=refused, error=str(error)))
            return

        def done(reply: Reply) -> None:
            response = self._response(GetModelUpdate, reply)
            self._ask_ahead(request, response)
            answer(response)

        with self._lock:
            ahead = self._ahead.pop(question, None)
            if ahead is not None and ahead.reply is None:
                ahead.waiting.append(done)
                return
        if ahead is not None and ahead.reply is not None:
            done(ahead.reply)
            return
        self._ask(UPDATE, question, done)

    def _ask_ahead(
        self, request: GetModelUpdate.Request, response: GetModelUpdate.Response
    ) -> None:
        if response.status != GetModelUpdate.Response.OK or not response.chunk:
            return
        size_bytes, step = response.manifest.size_bytes, len(response.chunk)
        offsets = [request.offset + step * number for number in range(1, _AHEAD + 1)]
        wanted = {
            pack(
                GetModelUpdate.Request(
                    version=request.version,
                    have_version=request.have_version,
                    sha256=response.manifest.sha256,
                    offset=offset,
                    max_bytes=request.max_bytes,
                )
            )
            for offset in offsets
            if offset < size_bytes
        }
        with self._lock:
            # What nobody asked for belongs to a download given up.
            kept = {question: self._ahead[question] for question in wanted & self._ahead.keys()}
            new = {question: _Ahead() for question in wanted - kept.keys()}
            self._ahead = kept | new
        for question, ahead in new.items():
            self._ask(UPDATE, question, partial(self._came_ahead, question, ahead))

    def _came_ahead(self, question: bytes, ahead: _Ahead, reply: Reply) -> None:
        with self._lock:
            ahead.reply, waiting = reply, ahead.waiting
            # A failure is not kept: when the edge asks, the link may be there again.
            if reply.payload is None and self._ahead.get(question) is ahead:
                del self._ahead[question]
        for done in waiting:
            done(reply)

    def _train(self, request: Trigger.Request, answer: Answer) -> None:
        self._ask(TRAIN, pack(request), lambda reply: answer(self._response(Trigger, reply)))

    def _ask(self, what: str, question: bytes, done: Callable[[Reply], None]) -> None:
        self._questions.ask(
            key_of(self._config.robot, what),
            question,
            Urgency.BACKGROUND,
            monotonic(),
            self._config.link.update_timeout_s,
            done,
        )

    def _response(self, kind: Any, reply: Reply) -> Any:
        most = _MAX_CHUNK_BYTES + _ENVELOPE_BYTES + _MAX_TEXT_BYTES
        reason = reply.reason
        if reply.payload is not None:
            self._counters.add('bytes_down_background', len(reply.payload))
            try:
                return unpack(kind.Response, reply.payload, most)
            except LaecipsError as error:
                self._counters.add_error(error)
                reason = str(error)
        if kind is Trigger:
            return Trigger.Response(success=False, message=reason)
        return GetModelUpdate.Response(status=GetModelUpdate.Response.FAILED, error=reason)
