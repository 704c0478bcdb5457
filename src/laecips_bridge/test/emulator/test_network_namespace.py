from __future__ import annotations

from collections.abc import Callable
import os
import signal
import subprocess

import pytest

from laecips_bridge.emulator.errors import EmulatorError
from laecips_bridge.emulator.network_namespace import command_in
from laecips_bridge.emulator.network_namespace import ip
from laecips_bridge.emulator.network_namespace import make_namespace
from laecips_bridge.emulator.network_namespace import remove_leftovers
from laecips_bridge.emulator.network_namespace import remove_namespace

Eventually = Callable[[Callable[[], bool], str], None]
StartHere = Callable[..., 'subprocess.Popen[str]']

ABANDONED = """
import subprocess, sys, time
from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.namespaces import LinkedNamespaces
from laecips_bridge.emulator.network_namespace import command_in
with LinkedNamespaces(LinkProfile()) as link:
    sleeper = [sys.executable, '-c', 'import time; time.sleep(1000)']
    inside = subprocess.Popen(command_in(link.robot, sleeper), stdout=subprocess.DEVNULL)
    print(link.robot, link.server, inside.pid, flush=True)
    time.sleep(1000)
"""

pytestmark = pytest.mark.usefixtures('needs_namespaces')


def runs(pid: int) -> bool:
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8') as stat:
            return stat.read().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


def namespaces() -> set[str]:
    return set(ip('netns', 'list').split())


def test_command_in_leaves_the_command_as_it_is() -> None:
    expected = ['ip', 'netns', 'exec', 'robot', 'echo', '-n', 'a b']
    assert command_in('robot', ['echo', '-n', 'a b']) == expected


def test_the_command_keeps_its_process_id(start_in: StartHere) -> None:
    name = make_namespace('test')
    try:
        process = start_in(name, 'import os; print(os.getpid())')
        assert int(process.communicate(timeout=20)[0]) == process.pid
    finally:
        remove_namespace(name)


def test_removing_twice_is_removing_once() -> None:
    name = make_namespace('test')
    assert name in namespaces()
    remove_namespace(name)
    assert name not in namespaces()
    remove_namespace(name)


def test_what_a_killed_process_left_is_removed(
    start_in: StartHere, eventually: Eventually
) -> None:
    process = start_in('', ABANDONED)
    assert process.stdout is not None
    robot, server, inside = process.stdout.readline().split()
    remove_leftovers()
    assert {robot, server} <= namespaces()
    process.send_signal(signal.SIGKILL)
    process.wait()
    remove_leftovers()
    assert {robot, server}.isdisjoint(namespaces())
    eventually(lambda: not runs(int(inside)), 'the end of the process inside')


def test_namespaces_of_others_are_left_alone() -> None:
    pid = os.getpid()
    names = [f'laecips{pid}', f'laecips-test-0-x{pid}-1', f'other-test-0-{pid}-1']
    # This process's, had it started in tick 1.
    stale = f'laecips-test-0-{pid}-1'
    for name in (*names, stale):
        ip('netns', 'add', name)
    try:
        remove_leftovers()
        assert set(names) <= namespaces()
        assert stale not in namespaces()
    finally:
        for name in names:
            remove_namespace(name)


def test_a_failing_command_is_said() -> None:
    with pytest.raises(EmulatorError, match='ip netns delete laecips-none: expected success, got'):
        ip('netns', 'delete', 'laecips-none')
