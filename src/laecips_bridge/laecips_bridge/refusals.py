"""Who is not let in: counted, and logged once a minute at most."""

from __future__ import annotations

from collections.abc import Callable
import os
import re
import sys
from threading import Thread
from time import monotonic

import zenoh

from laecips_bridge.seldom import Seldom
from laecips_bridge.zenoh_settings import BACKGROUND
from laecips_ros.counters import Counters

_LOG_LEVEL = 'warn'
_COLOURS = re.compile(r'\x1b\[[0-9;]*m')
_CAUSES = (
    ('no_certificate', re.compile('peer sent no certificates|CertificateRequired')),
    ('expired_certificate', re.compile('certificate expired|CertificateExpired')),
    ('unknown_ca', re.compile('UnknownIssuer|UnknownCA|BadSignature')),
    ('bad_certificate', re.compile('invalid peer certificate|BadCertificate')),
    ('no_tls', re.compile('InvalidContentType|corrupt message|received corrupt')),
)
_MODULE = 'zenoh_link_tls'


def cause_of(line: str) -> str:
    """
    Read from a line of Zenoh's log why somebody was refused.

    :param line: the line, with or without colours.
    :returns: one word for counters; empty when it tells of no refusal.
    """
    if _MODULE not in line:
        return ''
    return next((name for name, pattern in _CAUSES if pattern.search(line)), '')


class ZenohLog:
    """
    Reads Zenoh's log, the only place where it tells of handshakes that failed.

    Zenoh writes to standard output, to which nothing else of a node's process does: ROS 2 logs to
    standard error, and so does this from then on.
    """

    def __init__(self, on_line: Callable[[str], None]) -> None:
        """
        Take over standard output of this process, for good.

        :param on_line: called with every line, without colours, on a thread of its own.
        """
        self._on_line = on_line
        reader, writer = os.pipe()
        sys.stdout.flush()
        os.dup2(writer, 1)
        os.close(writer)
        zenoh.init_log_from_env_or(_LOG_LEVEL)
        Thread(target=self._read, args=(reader,), name='zenoh log', daemon=True).start()

    def _read(self, reader: int) -> None:
        with os.fdopen(reader, encoding='utf-8', errors='replace') as lines:
            for line in lines:
                self._on_line(_COLOURS.sub('', line.rstrip('\n')))


class Refusals:
    """
    Counts who was not let in, by cause.

    Handshakes that fail are read from Zenoh's log. A certificate of a name that is not on the list
    gets a connection, but no message through; neither does a robot that asks by another's name.
    """

    def __init__(
        self,
        robots: tuple[str, ...],
        silent_s: Callable[[str], float],
        patience_s: float,
        counters: Counters,
        seldom: Seldom,
    ) -> None:
        """
        Count from now on.

        :param robots: names that are let in.
        :param silent_s: gives the seconds since a robot's last heartbeat.
        :param patience_s: time after which a connection without a heartbeat is wrong.
        :param counters: where refusals are counted.
        :param seldom: where they are logged.
        """
        self._robots, self._silent_s, self._patience_s = robots, silent_s, patience_s
        self._counters, self._seldom = counters, seldom
        self._connected_s: dict[str, tuple[str, float]] = {}

    def take_line(self, line: str) -> None:
        """
        Read a line of Zenoh's log.

        :param line: the line; one that tells of no refusal is logged as it is, once a minute.
        """
        cause = cause_of(line)
        if cause:
            self._refuse(cause, line.partition(': ')[2] or line)
        elif line:
            self._seldom.warn(f'zenoh: {line}', f'zenoh {line[-80:]}')

    def take_link(self, event: zenoh.LinkEvent) -> None:
        """
        Learn of a connection that opened or closed.

        :param event: as Zenoh gives it.
        """
        link = event.link
        if event.kind == zenoh.SampleKind.DELETE:
            self._connected_s.pop(link.dst, None)
            return
        name = link.auth_identifier
        # Plain TCP has no certificate, and each robot a second connection of the same name.
        if name is None or link.priorities == BACKGROUND:
            return
        if name not in self._robots:
            self._refuse('unknown_robot', f'{name!r} from {link.dst} is not in link.robots')
            return
        self._connected_s[link.dst] = (name, monotonic())

    def check(self) -> None:
        """Look for connections that never send a heartbeat under the name of their certificate."""
        now_s = monotonic()
        for address, (name, since_s) in list(self._connected_s.items()):
            if now_s - since_s < self._patience_s:
                continue
            self._connected_s.pop(address, None)
            if self._silent_s(name) > now_s - since_s:
                text = f'{address} has the certificate of {name!r} and asks by another name'
                self._refuse('wrong_name', text)

    def _refuse(self, cause: str, text: str) -> None:
        self._counters.add(f'refused.{cause}')
        self._seldom.warn(f'refused ({cause}): {text}', cause)
