from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import subprocess
import sys
import time

import pytest

from laecips_bridge.emulator.namespaces import available
from laecips_bridge.emulator.network_namespace import command_in

PATIENCE_S = 20.0

StartHere = Callable[..., 'subprocess.Popen[str]']


@pytest.fixture(scope='session')
def namespaces_reason() -> str:
    return available()


@pytest.fixture
def needs_namespaces(namespaces_reason: str) -> None:
    if namespaces_reason:
        pytest.skip(namespaces_reason)


@pytest.fixture
def start_in(needs_namespaces: None) -> Iterator[StartHere]:
    """Start Python source inside a namespace; a server's first line of output is awaited."""
    started: list[subprocess.Popen[str]] = []

    def start(namespace: str, source: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, '-c', source, *map(str, arguments)]
        process = subprocess.Popen(
            command_in(namespace, command) if namespace else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool], str], None]:
    def wait(holds: Callable[[], bool], what: str) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline_s, f'never came: {what}'
            time.sleep(0.01)

    return wait
