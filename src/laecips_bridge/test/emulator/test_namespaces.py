"""What is there inside linked namespaces, and that nothing is left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import subprocess

import pytest

from laecips_bridge.emulator.errors import EmulatorError
from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.namespaces import available
from laecips_bridge.emulator.namespaces import LinkedNamespaces
from laecips_bridge.emulator.network_namespace import ip

Eventually = Callable[[Callable[[], bool], str], None]
StartHere = Callable[..., 'subprocess.Popen[str]']

SLEEPER = """
import time
print('ready', flush=True)
time.sleep(1000)
"""

pytestmark = pytest.mark.usefixtures('needs_namespaces')


def device_names() -> set[str]:
    return {path.name for path in Path('/sys/class/net').iterdir()}


def test_nothing_is_left_after_an_error(start_in: StartHere, eventually: Eventually) -> None:
    devices = device_names()
    link = LinkedNamespaces(LinkProfile())
    inside: list[subprocess.Popen[str]] = []

    def fail_inside() -> None:
        with link:
            inside.append(start_in(link.robot, SLEEPER))
            assert inside[0].stdout is not None
            assert inside[0].stdout.readline() == 'ready\n'
            raise KeyError('oops')

    with pytest.raises(KeyError, match='oops'):
        fail_inside()
    assert {link.robot, link.server}.isdisjoint(ip('netns', 'list').split())
    assert inside[0].wait(10) == -9
    eventually(lambda: device_names() <= devices, 'the end of the devices')


def test_nothing_is_left_when_the_set_up_fails(
    monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    devices = device_names()
    monkeypatch.setattr('laecips_bridge.emulator.namespaces._SET_UP', 'link set nothing up\n')
    link = LinkedNamespaces(LinkProfile())
    with pytest.raises(EmulatorError, match='Cannot find device'), link:
        pass
    assert {link.robot, link.server}.isdisjoint(ip('netns', 'list').split())
    eventually(lambda: device_names() <= devices, 'the end of the devices')


def test_outside_its_block_it_refuses() -> None:
    link = LinkedNamespaces(LinkProfile())
    with pytest.raises(EmulatorError, match='expected a with block, got cut'):
        link.cut()
    with link:
        link.cut()
    with pytest.raises(EmulatorError, match='expected a with block, got counters'):
        link.counters()


@pytest.mark.parametrize(
    ('name', 'value', 'reason'),
    [
        ('os.geteuid', lambda: 1000, 'network namespaces need root'),
        ('shutil.which', lambda _: None, 'the command ip (iproute2) is not installed'),
        (
            'laecips_bridge.emulator.tun_device.TUN_PATH',
            Path('/dev/net/nothing'),
            'no TUN device: /dev/net/tun: No such file or directory',
        ),
    ],
)
def test_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object, reason: str
) -> None:
    assert available() == ''
    monkeypatch.setattr(name, value)
    assert available() == reason
