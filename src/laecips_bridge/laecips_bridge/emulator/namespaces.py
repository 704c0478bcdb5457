"""
Robot and server in a network namespace each, joined by nothing but an emulated link.

The kernels' own TCP and UDP run over it, so different middlewares can be compared. Multicast
goes across, for the discovery of DDS.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
import json
import os
import shutil
from types import TracebackType

from laecips_bridge.emulator.errors import EmulatorError
from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.link_profile import MTU_BYTES
from laecips_bridge.emulator.network_namespace import ip
from laecips_bridge.emulator.network_namespace import make_namespace
from laecips_bridge.emulator.network_namespace import remove_leftovers
from laecips_bridge.emulator.network_namespace import remove_namespace
from laecips_bridge.emulator.packet_flow import PacketCounters
from laecips_bridge.emulator.relay_process import RelayProcess
from laecips_bridge.emulator.tun_device import open_tun
from laecips_bridge.emulator.tun_device import TUN_PATH

DEVICE = 'link0'
"""Name of the link's device in both namespaces."""

# No IPv6 address, so that the kernel sends nothing of its own that would shift the random draws.
# The device's own queue is long, so that packets wait in the relay, where they are counted.
_SET_UP = f"""\
link set lo up
link set {DEVICE} mtu {MTU_BYTES} txqueuelen 10000 addrgenmode none multicast on
address add {{address}}/30 dev {DEVICE}
link set {DEVICE} up
route add 224.0.0.0/4 dev {DEVICE}
"""


@dataclass(frozen=True)
class PacketLinkCounters:
    """
    What the link has carried.

    :param robot_to_server: the uplink.
    :param server_to_robot: the downlink.
    :param cpu_s: processor time that the relay has used.
    """

    robot_to_server: PacketCounters
    server_to_robot: PacketCounters
    cpu_s: float


def available() -> str:
    """
    Say why there can be no linked namespaces here.

    :returns: the reason; empty: there can be.
    """
    if os.geteuid() != 0:
        return 'network namespaces need root'
    if shutil.which('ip') is None:
        return 'the command ip (iproute2) is not installed'
    try:
        device, _ = open_tun()
    except OSError as error:
        return f'no TUN device: {TUN_PATH}: {error.strerror}'
    os.close(device)
    try:
        remove_namespace(make_namespace('probe'))
    except EmulatorError as error:
        return f'no network namespace: {error}'
    return ''


class LinkedNamespaces:
    """
    Two namespaces and the link, while a ``with`` block runs.

    Nothing of it is left afterwards: processes that still run inside are killed. The addresses
    are the same in every pair, since no two pairs see each other.
    """

    robot_address = '10.77.0.1'
    server_address = '10.77.0.2'

    def __init__(self, profile: LinkProfile) -> None:
        """
        Make nothing yet.

        :param profile: of the link.
        """
        self.robot = ''
        self.server = ''
        self._profile = profile
        self._relay: RelayProcess | None = None
        self._undo = ExitStack()

    def __enter__(self) -> LinkedNamespaces:
        """
        Make both and the link, or nothing.

        :raises EmulatorError: when that fails; :func:`available` says why beforehand.
        """
        with ExitStack() as undo:
            remove_leftovers()
            self.robot = self._namespace('robot', undo)
            self.server = self._namespace('server', undo)
            with ExitStack() as devices:
                robot = self._device(self.robot, self.robot_address, devices)
                server = self._device(self.server, self.server_address, devices)
                self._relay = RelayProcess(self._profile, robot, server)
            undo.callback(self._relay.stop)
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove them."""
        self._relay = None
        self._undo.close()

    def cut(self) -> None:
        """
        Drop every packet, those on the way included, until :meth:`mend`.

        :raises EmulatorError: when the relay does not answer.
        """
        self._ask('cut')

    def mend(self) -> None:
        """
        Carry packets again.

        :raises EmulatorError: when the relay does not answer.
        """
        self._ask('mend')

    def counters(self) -> PacketLinkCounters:
        """
        Say what the link has carried since the start.

        Drops by ``device`` hold what the sender's kernel dropped before the link took it, too.

        :raises EmulatorError: when the relay does not answer.
        """
        answer = self._ask('counters')
        uplink = PacketCounters(**answer['robot_to_server'])
        downlink = PacketCounters(**answer['server_to_robot'])
        uplink.dropped_packets['device'] += _dropped_by_device(self.robot)
        downlink.dropped_packets['device'] += _dropped_by_device(self.server)
        return PacketLinkCounters(uplink, downlink, answer['cpu_s'])

    def _ask(self, command: str) -> dict:
        if self._relay is None:
            raise EmulatorError('linked namespaces', 'a with block', command, 'enter it first')
        return self._relay.ask(command)

    @staticmethod
    def _namespace(role: str, undo: ExitStack) -> str:
        name = make_namespace(role)
        undo.callback(remove_namespace, name)
        return name

    @staticmethod
    def _device(namespace: str, address: str, devices: ExitStack) -> int:
        try:
            device, name = open_tun()
        except OSError as error:
            do = 'run as root where there is TUN'
            raise EmulatorError(str(TUN_PATH), 'a device', error, do) from error
        devices.callback(os.close, device)
        ip('link', 'set', name, 'netns', namespace, 'name', DEVICE)
        ip('-n', namespace, '-batch', '-', lines=_SET_UP.format(address=address))
        return device


def _dropped_by_device(namespace: str) -> int:
    found = json.loads(ip('-n', namespace, '-s', '-j', 'link', 'show', DEVICE))
    return int(found[0]['stats64']['tx']['dropped'])
