"""The packet relay, seen from the process that started it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
import json
import os
import select
import subprocess
import sys
import threading
import time
from typing import Any

from laecips_bridge.emulator.errors import EmulatorError
from laecips_bridge.emulator.link_profile import LinkProfile

_MODULE = 'laecips_bridge.emulator.packet_relay'
_ANSWER_S = 10.0
_STOP_S = 5.0
_READ_BYTES = 65_536


class RelayProcess:
    """A running :mod:`laecips_bridge.emulator.packet_relay`."""

    def __init__(self, profile: LinkProfile, robot: int, server: int) -> None:
        """
        Start it, and wait until it carries packets.

        :param profile: of the link.
        :param robot: non-blocking file descriptor of the robot's TUN device; may be closed after.
        :param server: the same of the server's.
        :raises EmulatorError: when it does not start.
        """
        self._one_at_a_time = threading.Lock()
        # A session of its own: Ctrl-C ends the caller, and the end of stdin then ends the relay.
        self._process = subprocess.Popen(
            [sys.executable, '-m', _MODULE, str(robot), str(server), json.dumps(asdict(profile))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(robot, server),
            start_new_session=True,
        )
        try:
            self.ask('counters')
        except BaseException:
            self.stop()
            raise

    def ask(self, command: str) -> dict[str, Any]:
        """
        Give it a command and read its answer; from any thread.

        :param command: ``cut``, ``mend`` or ``counters``.
        :raises EmulatorError: when it has ended, refuses, or does not answer in time.
        """
        assert self._process.stdin is not None
        with self._one_at_a_time:
            with suppress(BrokenPipeError):
                os.write(self._process.stdin.fileno(), json.dumps(command).encode() + b'\n')
            answer: dict[str, Any] = json.loads(self._line(command))
        if 'error' in answer:
            raise EmulatorError('packet relay', 'a command', answer['error'], 'correct the call')
        return answer

    def stop(self) -> None:
        """End it; the packets on their way are lost."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _line(self, command: str) -> bytes:
        assert self._process.stdout is not None
        answers = self._process.stdout.fileno()
        deadline_s = time.monotonic() + _ANSWER_S
        text = b''
        while not text.endswith(b'\n'):
            left_s = max(deadline_s - time.monotonic(), 0.0)
            if not select.select([answers], [], [], left_s)[0]:
                # A late answer would be taken for that to the next command.
                self._process.kill()
                got = f'nothing for {_ANSWER_S:g} s'
                raise EmulatorError('packet relay', f'an answer to {command}', got, 'start again')
            read = os.read(answers, _READ_BYTES)
            if not read:
                raise EmulatorError('packet relay', 'it to run', 'its end', 'see its output')
            text += read
        return text
