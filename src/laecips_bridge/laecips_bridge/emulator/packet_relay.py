"""
The process that carries packets between two TUN devices.

Run as ``python -m laecips_bridge.emulator.packet_relay ROBOT_FD SERVER_FD PROFILE``: two inherited
file descriptors of TUN devices, and the link profile as JSON. Each line on stdin is a command,
``"cut"``, ``"mend"`` or ``"counters"``, and is answered by one line of JSON. It ends at the end of
stdin.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
import json
import os
import select
import sys
import time
from typing import Any

from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.link_profile import MTU_BYTES
from laecips_bridge.emulator.packet_flow import PacketFlow

DIRECTIONS = ('robot_to_server', 'server_to_robot')

_BATCH_PACKETS = 64
_PARENT_CHECK_S = 1.0
_COMMAND_BYTES = 4096


class PacketRelay:
    """Packets from each of two devices go to the other, through a :class:`PacketFlow`."""

    def __init__(
        self, profile: LinkProfile, robot: int, server: int, clock_s: Callable[[], float]
    ) -> None:
        """
        Hold two devices.

        :param profile: of the link.
        :param robot: non-blocking file descriptor of the robot's device.
        :param server: the same of the server's.
        :param clock_s: the time, never going back.
        """
        self._flows = {name: PacketFlow(profile, name) for name in DIRECTIONS}
        to_server, to_robot = self._flows.values()
        self._routes = ((robot, to_server, server), (server, to_robot, robot))
        self._clock_s = clock_s

    def serve(self, commands: int, answers: int) -> None:
        """
        Carry packets until the commands end, or the parent does.

        :param commands: file descriptor to read commands from.
        :param answers: file descriptor to write answers to.
        """
        parent = os.getppid()
        inputs = [commands, *(device for device, _, _ in self._routes)]
        text = b''
        while os.getppid() == parent:
            self._deliver()
            readable, _, _ = select.select(inputs, [], [], self._idle_s())
            self._collect(readable)
            if commands in readable:
                read = os.read(commands, _COMMAND_BYTES)
                if not read:
                    return
                *lines, text = (text + read).split(b'\n')
                for line in lines:
                    os.write(answers, json.dumps(self._obey(json.loads(line))).encode() + b'\n')

    def _idle_s(self) -> float:
        due_s = [flow.next_due_s for flow in self._flows.values() if flow.next_due_s is not None]
        left_s = min(due_s, default=self._clock_s() + _PARENT_CHECK_S) - self._clock_s()
        return min(max(left_s, 0.0), _PARENT_CHECK_S)

    def _collect(self, readable: list[int]) -> None:
        for device, flow, _ in self._routes:
            if device in readable:
                with suppress(BlockingIOError):
                    for _ in range(_BATCH_PACKETS):
                        flow.take(os.read(device, MTU_BYTES), self._clock_s())

    def _deliver(self) -> None:
        for _, flow, device in self._routes:
            for packet in flow.arrived(self._clock_s()):
                try:
                    os.write(device, packet)
                except OSError:
                    flow.refused()
                else:
                    flow.delivered(packet)

    def _obey(self, command: str) -> dict[str, Any]:
        if command == 'counters':
            counters = {name: asdict(flow.counters) for name, flow in self._flows.items()}
            return {**counters, 'cpu_s': time.process_time()}
        if command not in ('cut', 'mend'):
            return {'error': f'expected cut, mend or counters, got {command!r}'}
        for flow in self._flows.values():
            flow.cut() if command == 'cut' else flow.mend()
        return {}


def main() -> None:
    """Run as the process that the module's docstring describes."""
    robot, server = int(sys.argv[1]), int(sys.argv[2])
    profile = LinkProfile(**json.loads(sys.argv[3]))
    # A real modem never waits for a busy processor.
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    PacketRelay(profile, robot, server, time.monotonic).serve(0, 1)


if __name__ == '__main__':
    main()
