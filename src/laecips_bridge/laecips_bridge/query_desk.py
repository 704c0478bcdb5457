"""The server's counter: takes the robots' questions, has the cloud answer, sends it back."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from time import monotonic
from typing import Any

import zenoh

from laecips_bridge.bounded_thread import BoundedThread
from laecips_bridge.cloud_calls import CloudCalls
from laecips_bridge.errors import RobotRefusedError
from laecips_bridge.keys import check_robot
from laecips_bridge.keys import robot_of
from laecips_bridge.message_codec import pack
from laecips_bridge.message_codec import unpack
from laecips_bridge.seldom import Seldom
from laecips_core.errors import LaecipsError
from laecips_ros.counters import Counters

_WAITING = 64
_STOP_TIMEOUT_S = 1.0
_REASON_CHARACTERS = 1000


class QueryDesk:
    """
    Answers one kind of question.

    Zenoh's thread only reads the question; the answer may wait for the link, on a thread of its
    own for each kind, so that weights never stand before a mask.
    """

    def __init__(
        self,
        what: str,
        kind: Any,
        calls: CloudCalls,
        robots: Collection[str],
        max_bytes: int,
        counters: Counters,
        seldom: Seldom,
    ) -> None:
        """
        Take no question yet; :meth:`take` does.

        :param what: name of the question, for counters.
        :param kind: service type of question and answer.
        :param calls: the cloud's service.
        :param robots: who may ask.
        :param max_bytes: largest question that is decoded.
        :param counters: where everything is counted.
        :param seldom: where refusals are logged.
        """
        self._what, self._kind, self._calls = what, kind, calls
        self._robots, self._max_bytes = robots, max_bytes
        self._counters, self._seldom = counters, seldom
        self._answers = BoundedThread(f'answers {what}', _WAITING)

    def take(self, query: zenoh.Query) -> None:
        """
        Take a question from Zenoh; never waits.

        :param query: as it came; untrusted.
        """
        arrived_s = monotonic()
        try:
            robot = robot_of(str(query.key_expr))
            request = self._open(robot, query)
        except LaecipsError as error:
            self._counters.add_error(error)
            self._seldom.warn(f'{query.key_expr}: {error}', f'{query.key_expr} {error.code}')
            self._answer_refused(query, str(error))
            return
        self._counters.add(f'{self._what}.{robot}')
        self._calls.call(
            request,
            lambda response, reason: self._answer(query, response, reason, arrived_s),
        )

    def close(self) -> None:
        """End the thread."""
        self._answers.stop(_STOP_TIMEOUT_S)

    def _open(self, robot: str, query: zenoh.Query) -> Any:
        if robot not in self._robots:
            raise RobotRefusedError('robot', 'one of link.robots', robot)
        payload = query.payload
        data = b'' if payload is None else bytes(payload)
        request = unpack(self._kind.Request, data, self._max_bytes)
        check_robot(request, robot)
        return request

    def _answer(self, query: zenoh.Query, response: Any, reason: str, arrived_s: float) -> None:
        if response is None:
            self._counters.add(f'{self._what}.unanswered')
            self._refuse(query, reason)
            return
        try:
            packed = pack(response)
        except LaecipsError as error:
            self._counters.add_error(error)
            self._seldom.warn(f'answer of the cloud: {error}', f'{self._what} {error.code}')
            self._refuse(query, str(error))
            return
        self._later(query, lambda: query.reply(query.key_expr, packed))
        self._counters.add(f'{self._what}.ms', round(1000 * (monotonic() - arrived_s)))

    def _answer_refused(self, query: zenoh.Query, reason: str) -> None:
        """Tell that the question itself is at fault, so that it is not asked again."""
        refused = getattr(self._kind.Response, 'REFUSED', None)
        if refused is None:
            self._refuse(query, reason)
            return
        packed = pack(self._kind.Response(status=refused, error=reason[:_REASON_CHARACTERS]))
        self._later(query, lambda: query.reply(query.key_expr, packed))

    def _refuse(self, query: zenoh.Query, reason: str) -> None:
        self._later(query, lambda: query.reply_err(reason.encode()[:1000]))

    def _later(self, query: zenoh.Query, reply: Callable[[], object]) -> None:
        def send() -> None:
            try:
                reply()
            finally:
                query.drop()

        if not self._answers.run(send):
            self._counters.add_drop(f'{self._what}_answers_full')
            query.drop()
