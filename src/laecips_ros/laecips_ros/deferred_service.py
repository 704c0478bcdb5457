"""A ROS service whose answers may come later, and from any thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node

Answer = Callable[[Any], None]
"""Sends the response that it is given to who asked; called once."""


class DeferredService:
    """
    Takes requests on the executor and lets it go on; answers follow.

    rclpy sends what a callback returns, at once; a callback that awaits spins its executor at full
    load until it is done (rclpy 7.1). So what rclpy is given to send is held back here.
    """

    def __init__(
        self, node: Node, kind: Any, name: str, on_request: Callable[[Any, Answer], None]
    ) -> None:
        """
        Offer the service.

        :param node: the node.
        :param kind: service type.
        :param name: of the service.
        :param on_request: called on the executor with a request and the way to answer it; must
            not wait.
        """
        self._kind, self._on_request = kind, on_request
        self._service = node.create_service(
            kind,
            name,
            lambda request, _: request,
            callback_group=ReentrantCallbackGroup(),
        )
        self._send = self._service.send_response
        setattr(self._service, 'send_response', self._take)  # noqa: B010

    def _take(self, request: Any, header: Any) -> None:
        # A service that was closed since it took the request gives its empty answer.
        if isinstance(request, self._kind.Request):
            self._on_request(request, lambda response: self._send(response, header))
